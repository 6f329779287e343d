// A key of a request, compiled: which bytes of a head tell one client from another. Hot; read-only.

import Model

/// Good for as long as the arena it was compiled into.
struct CompiledRequestKey: BitwiseCopyable {
    private enum Kind: UInt8 { case clientIP, path, uri, host, header, cookie, query }
    private let kind: Kind
    /// Of the field, cookie or parameter.
    private let name: Bytes

    init(_ key: RequestKey, arena: ConfigurationArena) {
        switch key {
        case .clientIP: (kind, name) = (.clientIP, .empty)
        case .path: (kind, name) = (.path, .empty)
        case .uri: (kind, name) = (.uri, .empty)
        case .host: (kind, name) = (.host, .empty)
        case .header(let name): (kind, self.name) = (.header, arena.bytes(name))
        case .cookie(let name): (kind, self.name) = (.cookie, arena.bytes(name))
        case .query(let name): (kind, self.name) = (.query, arena.bytes(name))
        }
    }

    /// The client's address is the key: it is known without a head.
    var isClientAddress: Bool { kind == .clientIP }

    /// The hash of what the request has; nil where it has nothing of the kind.
    /// - Parameter bytes: the head that was parsed.
    func hash(_ head: borrowing RequestHead, _ bytes: Bytes, seed: UInt64) -> UInt64? {
        switch kind {
        case .clientIP: return nil
        case .path: return KeyHash.hash(head.path(in: bytes), seed: seed)
        case .uri:
            let path = KeyHash.hash(head.path(in: bytes), seed: seed)
            return head.hasQuery ? KeyHash.hash(bytes.slice(head.query), seed: path) : path
        case .host:
            let host = bytes.slice(head.host)
            return host.isEmpty ? nil : KeyHash.hashIgnoringCase(host, seed: seed)
        case .header, .cookie, .query:
            return value(head, bytes).map { KeyHash.hash($0, seed: seed) }
        }
    }

    private func value(_ head: borrowing RequestHead, _ bytes: Bytes) -> Bytes? {
        switch kind {
        case .query:
            return PairList.value(
                of: name, in: bytes.slice(head.query), separator: UInt8(ascii: "&"))
        case .cookie, .header:
            var index = 0
            while index < head.fields.count {
                let slot = head.fields[index]
                index &+= 1
                let field = bytes.slice(slot.name)
                guard kind == .header else {
                    guard field.equalsIgnoringCase(Bytes("cookie")),
                        let value = PairList.value(
                            of: name, in: bytes.slice(slot.value),
                            separator: UInt8(ascii: ";"))
                    else { continue }
                    return value
                }
                if field.equalsIgnoringCase(name) { return bytes.slice(slot.value) }
            }
            return nil
        case .clientIP, .path, .uri, .host: return nil
        }
    }
}

/// `name=value` pairs: a query, or the cookies of a field (RFC 6265 §5.4). Pure; linear.
enum PairList {
    /// The value of the first pair of that name; nil where there is none. A name without `=` has an
    /// empty value.
    static func value(of name: Bytes, in list: Bytes, separator: UInt8) -> Bytes? {
        var start = 0
        while start < list.count {
            let rest = list.suffix(from: start)
            let end = rest.firstIndex(of: separator) ?? rest.count
            start &+= end &+ 1
            var pair = rest.prefix(end)
            while !pair.isEmpty, pair[0] == ASCII.space { pair = pair.suffix(from: 1) }
            let equals = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.count
            guard pair.prefix(equals).equals(name) else { continue }
            return pair.suffix(from: min(pair.count, equals &+ 1))
        }
        return nil
    }
}
