// `balance:` of a backend, and keys of requests such as `header:X-User`.

import Model

extension ValueReader {
    /// A policy by name, or `{hash: KEY, bound: 150%}`.
    func balancePolicy(_ mode: ProxyMode) -> BalancePolicy? {
        if case .mapping = node.content { return hashPolicy(mode) }
        let kinds = BalancePolicy.Kind.allCases.filter { $0 != .hash }
        var choices = kinds.map { ($0.rawValue, BalancePolicy($0)) }
        choices.append(("source", BalancePolicy(.hash, key: .clientIP)))
        if mode == .http { choices.append(("uri", BalancePolicy(.hash, key: .uri))) }
        return choice(choices)
    }

    private func hashPolicy(_ mode: ProxyMode) -> BalancePolicy? {
        object { fields -> BalancePolicy? in
            let key = fields.require("hash", "such as client_ip or header:X-User")?
                .requestKey(mode)
            let bound = fields.take("bound")?.percent(in: 100...10_000)
            return key.map { BalancePolicy(.hash, key: $0, boundPercent: bound) }
        }?.flatMap { $0 }
    }

    /// `150%`.
    func percent(in range: ClosedRange<Int>) -> Int? {
        guard let text = line(limit: 16) else { return nil }
        guard text.hasSuffix("%"), Units.isInteger(String(text.dropLast())),
            let value = Int(text.dropLast()), range.contains(value)
        else {
            report(
                .outOfRange,
                "\(quoted(text)) must be a percentage, \(range.lowerBound)% to "
                    + "\(range.upperBound)%")
            return nil
        }
        return value
    }

    /// What of a request is its key; a backend or frontend of mode tcp knows `client_ip` only.
    func requestKey(_ mode: ProxyMode) -> RequestKey? {
        guard !refusesReference(as: "a key"), let text = line(limit: 300) else { return nil }
        let allowed = "client_ip, path, uri, host, header:NAME, cookie:NAME or query:NAME"
        guard let key = Self.requestKey(text) else {
            report(.invalidValue, "\(quoted(text)) is no key, \(allowed) is allowed")
            return nil
        }
        guard mode == .http || key.isOfConnection else {
            report(.wrongMode, "with mode tcp only client_ip is known")
            return nil
        }
        return key
    }

    private static func requestKey(_ text: String) -> RequestKey? {
        if let plain = RequestKey.plain.first(where: { $0.text == text }) { return plain }
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, Names.isToken(String(parts[1])) else { return nil }
        switch parts[0] {
        case "header": return .header(parts[1].lowercased())
        case "cookie": return .cookie(String(parts[1]))
        case "query": return .query(String(parts[1]))
        default: return nil
        }
    }
}
