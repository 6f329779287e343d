// What templates make of values before they are written. Hot where there are some; read-only.

import Model

struct CompiledConversion: BitwiseCopyable {
    private enum Kind: BitwiseCopyable {
        case lower, upper, hash
        case field(Int, separator: UInt8)
        /// Which bits stay, of either family.
        case network(ipv4: UInt32, ipv6: UInt128)
        case json(Run<Bytes>)
    }
    private let kind: Kind

    init(_ conversion: TextConversion, arena: ConfigurationArena) {
        kind =
            switch conversion {
            case .lower: .lower
            case .upper: .upper
            case .hash: .hash
            case .field(let number, let separator): .field(number, separator: separator)
            case .network(let ipv4, let ipv6):
                .network(
                    ipv4: ipv4 == 0 ? 0 : .max << UInt32(32 - ipv4),
                    ipv6: ipv6 == 0 ? 0 : .max << UInt128(128 - ipv6))
            case .json(let names): .json(arena.run(names.map { arena.bytes($0) }))
            }
    }

    /// Whether the outcome can hold any byte, whatever the value held.
    var makesAnything: Bool {
        switch kind {
        case .json: true
        case .lower, .upper, .hash, .field, .network: false
        }
    }

    /// Converts the value that begins at `start` of what was written and goes up to its end.
    func apply(from start: Int, in writer: inout ByteWriter) {
        let old = writer.written.suffix(from: start)
        guard !writer.overflowed, !old.isEmpty else { return }
        // The new one stands behind the old one until it is complete.
        switch kind {
        case .lower: Self.write(old, to: &writer, ASCII.lowercased)
        case .upper: Self.write(old, to: &writer, ASCII.uppercased)
        case .hash: writer.append(hex: Self.hash(old))
        case .field(let number, let separator):
            writer.append(Self.field(number, separator, of: old))
        case .network(let ipv4, let ipv6):
            if var address = AddressReading.address(old) {
                address.value &= address.isIPv6 ? ipv6 : UInt128(ipv4)
                AddressText.write(address, to: &writer)
            }
        case .json(let path): JSONMember.write(path, of: old, to: &writer)
        }
        if !writer.overflowed { writer.remove(old.count, at: start) }
    }

    @inline(__always)
    private static func write(
        _ text: Bytes, to writer: inout ByteWriter, _ convert: (UInt8) -> UInt8
    ) {
        var index = 0
        while index < text.count {
            writer.append(convert(text[index]))
            index &+= 1
        }
    }

    private static func hash(_ text: Bytes) -> UInt64 {
        var hash = StableHash()
        var index = 0
        while index < text.count {
            hash.add(text[index])
            index &+= 1
        }
        return StableHash.mix(hash.value)
    }

    /// From either end; nothing where there are not so many.
    private static func field(_ number: Int, _ separator: UInt8, of text: Bytes) -> Bytes {
        var wanted = number
        if number < 0 {
            var count = 1
            var index = 0
            while index < text.count {
                if text[index] == separator { count &+= 1 }
                index &+= 1
            }
            wanted = count &+ number &+ 1
        }
        guard wanted >= 1 else { return .empty }
        var rest = text
        while wanted > 1 {
            guard let end = rest.firstIndex(of: separator) else { return .empty }
            rest = rest.suffix(from: end &+ 1)
            wanted &-= 1
        }
        return rest.prefix(rest.firstIndex(of: separator) ?? rest.count).trimmed
    }
}
