// Text with `%{name}` in it, as templates and lines of the log have it: where the names begin and
// end, and nothing of what they mean.

import Model

/// A piece of such a text.
enum MarkedPiece {
    case literal(Substring)
    /// What stands between `%{` and `}`, and which opening of the text it was, from 1.
    case name(String, opening: Int)
}

extension ValueReader {
    /// The pieces of a written text, in order. `%%` is a percent sign, any other `%` itself. Nil: an
    /// opening is never closed, which was reported.
    ///
    /// - Parameter openCount: how many openings there were before, in the whole value.
    func markedPieces(of text: String, _ openCount: inout Int) -> [MarkedPiece]? {
        var pieces: [MarkedPiece] = []
        var rest = text[...]
        while let percent = rest.firstIndex(of: "%") {
            pieces.append(.literal(rest[..<percent]))
            rest = rest[percent...].dropFirst()
            guard rest.first == "{" else {
                if rest.first == "%" { rest = rest.dropFirst() }
                pieces.append(.literal("%"))
                continue
            }
            openCount += 1
            guard let close = rest.firstIndex(of: "}") else {
                report(
                    .invalidValue, "%{ is never closed, a percent sign before { is written %%",
                    at: place(ofOpening: openCount))
                return nil
            }
            pieces.append(.name(String(rest[..<close].dropFirst()), opening: openCount))
            rest = rest[close...].dropFirst()
        }
        pieces.append(.literal(rest))
        return pieces
    }
}
