// One packet of the control channel: a fixed header, then JSON.
//
// The channel is a SOCK_SEQPACKET socket pair, so a packet is whole or it is not there. Both ends
// treat the other as hostile: every length and number is checked before use, and a packet that
// does not parse ends the worker that sent it (the master) or is refused (the worker).

public import JSON

/// The header of every packet, 16 bytes, little endian:
/// magic `u32`, protocol `u16`, kind `u16`, generation `u64`.
public struct ControlPacket: Sendable, Equatable {
    public static let magic: UInt32 = 0x5355_5041  // "APUS"
    /// Changes when an old worker could misread a new master.
    public static let protocolVersion: UInt16 = 1
    public static let headerBytes = 16
    public static let bytesMax = 65_536
    /// Below SCM_MAX_FD (253, unix(7)).
    public static let descriptorCountMax = 64

    public var kind: UInt16
    public var generation: UInt64
    /// UTF-8 JSON.
    public var payload: [UInt8]

    public init(kind: UInt16, generation: UInt64, payload: [UInt8]) {
        self.kind = kind
        self.generation = generation
        self.payload = payload
    }

    public func encoded() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.headerBytes + payload.count)
        appendLittleEndian(Self.magic, to: &bytes)
        appendLittleEndian(Self.protocolVersion, to: &bytes)
        appendLittleEndian(kind, to: &bytes)
        appendLittleEndian(generation, to: &bytes)
        bytes.append(contentsOf: payload)
        return bytes
    }

    public static func decode(_ bytes: [UInt8]) throws(WireError) -> ControlPacket {
        guard bytes.count >= headerBytes else { throw .truncated(bytes.count) }
        guard bytes.count <= bytesMax else { throw .oversized(bytes.count) }
        guard littleEndian(bytes, at: 0, as: UInt32.self) == magic else { throw .notOurs }
        let version = littleEndian(bytes, at: 4, as: UInt16.self)
        guard version == protocolVersion else { throw .protocolVersion(version) }
        return ControlPacket(
            kind: littleEndian(bytes, at: 6, as: UInt16.self),
            generation: littleEndian(bytes, at: 8, as: UInt64.self),
            payload: Array(bytes[headerBytes...]))
    }
}

/// What a packet can be guilty of.
public enum WireError: Error, Equatable, Sendable {
    case truncated(Int)
    case oversized(Int)
    case notOurs
    case protocolVersion(UInt16)
    case unknownKind(UInt16)
    case payload(JSONError)
    /// The manifest and the descriptors, or the descriptors and the truth, disagree.
    case manifest(String)
}

private func appendLittleEndian(_ value: some FixedWidthInteger, to bytes: inout [UInt8]) {
    var rest = value
    for _ in 0..<(value.bitWidth / 8) {
        bytes.append(UInt8(truncatingIfNeeded: rest))
        rest >>= 8
    }
}

private func littleEndian<T: FixedWidthInteger>(
    _ bytes: [UInt8], at offset: Int, as: T.Type
) -> T {
    var value: T = 0
    for index in stride(from: T.bitWidth / 8 - 1, through: 0, by: -1) {
        value = (value << 8) | T(truncatingIfNeeded: bytes[offset + index])
    }
    return value
}
