// A key of a request, compiled: what tells one client from another, for hashing and limits. Hot;
// read-only.

import Model

/// Good for as long as the arena it was compiled into.
struct CompiledRequestKey: BitwiseCopyable {
    private enum Source: BitwiseCopyable {
        case clientIP, path, uri, host
        case value(CompiledValue)
    }
    private let source: Source

    init(_ key: RequestKey, arena: ConfigurationArena) {
        func value(_ kind: RequestValue.Kind, _ name: String) -> Source {
            .value(
                CompiledValue(
                    RequestValue(kind: kind, name: name), arena: arena, names: RuleNames()))
        }
        source =
            switch key {
            case .clientIP: .clientIP
            case .path: .path
            case .uri: .uri
            case .host: .host
            case .header(let name): value(.header, name)
            case .cookie(let name): value(.cookie, name)
            case .query(let name): value(.query, name)
            }
    }

    /// The client's address is the key: it is known without a head.
    var isClientAddress: Bool {
        if case .clientIP = source { return true }
        return false
    }

    /// The hash of what the request has; nil where it has nothing of the kind. What an application
    /// sees as one value is one: `a=%41` and `a=A` are.
    func hash(_ facts: ExchangeFacts, seed: UInt64) -> UInt64? {
        switch source {
        case .clientIP: return nil
        case .path: return KeyHash.hash(facts.path, seed: seed)
        case .uri:
            let path = KeyHash.hash(facts.path, seed: seed)
            return facts.hasQuery ? KeyHash.hash(facts.query, seed: path) : path
        case .host:
            return facts.host.isEmpty ? nil : KeyHash.hashIgnoringCase(facts.host, seed: seed)
        case .value(let value):
            let text = value.text(facts)
            if text.isEmpty { return nil }
            return value.form == .parameter
                ? KeyHash.hash(DecodedText(text), seed: seed) : KeyHash.hash(text, seed: seed)
        }
    }
}
