// Statuses of responses: one, a range, or a list of both.

import Model

extension ValueReader {
    /// `200`, `200-299`, or a list of such.
    ///
    /// - Parameters:
    ///   - allowed: other statuses are reported.
    ///   - whenEmpty: what an empty list does, and what to do instead.
    func statusRanges(
        of allowed: ClosedRange<Int> = 100...599, whenEmpty: String
    ) -> [StatusRange] {
        let items = list()
        if case .sequence = node.content, items.isEmpty {
            report(.invalidValue, "an empty list \(whenEmpty)")
        }
        return items.compactMap { $0.statusRange(of: allowed) }
    }

    private func statusRange(of allowed: ClosedRange<Int>) -> StatusRange? {
        let expected =
            "a status such as 204, or a range such as 200-299, of \(allowed.lowerBound) to "
            + "\(allowed.upperBound)"
        guard let scalar = scalar(expected) else { return nil }
        if scalar.isPlain, Units.isInteger(scalar.text) {
            return integer(in: allowed).map { StatusRange($0...$0) }
        }
        let ends = scalar.text.split(separator: "-", omittingEmptySubsequences: false)
        let statuses = ends.compactMap { end -> Int? in
            guard end.utf8.count == 3, Units.isInteger(String(end)) else { return nil }
            return Int(end).flatMap { allowed.contains($0) ? $0 : nil }
        }
        guard ends.count == 2, statuses.count == 2 else {
            wrongType(expected)
            return nil
        }
        return StatusRange(min(statuses[0], statuses[1])...max(statuses[0], statuses[1]))
    }
}
