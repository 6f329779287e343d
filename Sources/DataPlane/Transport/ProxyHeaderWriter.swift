// The PROXY header that a server is sent before the first byte (proxy-protocol.txt). Pure.

internal import Syscalls

enum ProxyHeaderWriter {
    /// Never more than this is written.
    static var limitBytes: Int { ProxyHeaderParser.fixedBytes + 36 + 3 * 2 + 32 + 255 }

    /// A line. Addresses of two families have none, so they are UNKNOWN, as is who has no address.
    static func writeLine(
        _ client: RawSocketAddress, _ destination: RawSocketAddress, to writer: inout ByteWriter
    ) {
        guard !client.isUnspecified else {
            writer.append("PROXY UNKNOWN\r\n")
            return
        }
        switch (client.host.unmapped, destination.host.unmapped) {
        case (.ipv4, .ipv4): writer.append("PROXY TCP4 ")
        case (.ipv6, .ipv6): writer.append("PROXY TCP6 ")
        case (.ipv4, .ipv6), (.ipv6, .ipv4):
            writer.append("PROXY UNKNOWN\r\n")
            return
        }
        AddressText.write(client.host, to: &writer)
        writer.append(ASCII.space)
        AddressText.write(destination.host, to: &writer)
        writer.append(ASCII.space)
        writer.append(decimal: Int64(client.port))
        writer.append(ASCII.space)
        writer.append(decimal: Int64(destination.port))
        writer.append("\r\n")
    }

    /// The binary form, with the exchange's id as its 32 digits and the name that the client asked
    /// for, unless empty. Addresses of two families are written as IPv6; who has none is UNSPEC.
    static func writeBinary(
        _ client: RawSocketAddress, _ destination: RawSocketAddress, id: RequestID,
        authority: Bytes, to writer: inout ByteWriter
    ) {
        let name = authority.prefix(ProxyHeader.authorityLimitBytes)
        var index = 0
        while index < 12 {
            writer.append(ProxyHeaderParser.signatureByte(index))
            index &+= 1
        }
        writer.append(UInt8(0x21))
        let tlvBytes = 3 + 32 + (name.isEmpty ? 0 : 3 + name.count)
        writeAddresses(client, destination, tlvBytes: tlvBytes, to: &writer)
        writer.append(ProxyHeaderParser.TLV.uniqueID)
        writer.append(word16: 32)
        id.write(to: &writer)
        guard !name.isEmpty else { return }
        writer.append(ProxyHeaderParser.TLV.authority)
        writer.append(word16: name.count)
        writer.append(name)
    }

    /// Family, length of all that follows, addresses and ports; UNSPEC has none.
    private static func writeAddresses(
        _ client: RawSocketAddress, _ destination: RawSocketAddress, tlvBytes: Int,
        to writer: inout ByteWriter
    ) {
        guard !client.isUnspecified else {
            writer.append(UInt8(0x00))
            writer.append(word16: tlvBytes)
            return
        }
        if case (.ipv4(let source), .ipv4(let target)) = (
            client.host.unmapped, destination.host.unmapped
        ) {
            writer.append(UInt8(0x11))
            writer.append(word16: 12 + tlvBytes)
            writer.append(word: UInt64(source), bytes: 4)
            writer.append(word: UInt64(target), bytes: 4)
        } else {
            writer.append(UInt8(0x21))
            writer.append(word16: 36 + tlvBytes)
            writer.append(host: client.host)
            writer.append(host: destination.host)
        }
        writer.append(word16: Int(client.port))
        writer.append(word16: Int(destination.port))
    }
}

extension RawSocketAddress {
    /// Of who came to a unix socket.
    var isUnspecified: Bool { self == .unspecified }
}

extension RawSocketAddress.Host {
    /// An IPv4-mapped address as what it is.
    var unmapped: RawSocketAddress.Host {
        if case .ipv6(0, let low) = self, low >> 32 == 0xFFFF {
            return .ipv4(UInt32(truncatingIfNeeded: low))
        }
        return self
    }

    /// 128 bits, IPv4 as IPv4-mapped (RFC 4291 §2.5.5.2).
    @inline(__always)
    var words: (high: UInt64, low: UInt64) {
        switch self {
        case .ipv4(let word): (0, 0xFFFF_0000_0000 | UInt64(word))
        case .ipv6(let high, let low): (high, low)
        }
    }
}

extension ByteWriter {
    /// Two bytes, the higher first.
    fileprivate mutating func append(word16 value: Int) {
        append(word: UInt64(truncatingIfNeeded: value), bytes: 2)
    }

    /// Sixteen bytes.
    fileprivate mutating func append(host: RawSocketAddress.Host) {
        append(word: host.words.high, bytes: 8)
        append(word: host.words.low, bytes: 8)
    }

    /// The lowest `count` bytes, the highest of them first.
    fileprivate mutating func append(word: UInt64, bytes count: UInt64) {
        var rest = count
        while rest > 0 {
            rest &-= 1
            append(UInt8(truncatingIfNeeded: word >> (8 &* rest)))
        }
    }
}
