// What a PROXY header says (proxy-protocol.txt, version 2 of the specification), whichever of its
// two forms it came in. Pure.

internal import Syscalls

/// A header that was understood. Ranges count from the header's first byte.
struct ProxyHeader: BitwiseCopyable {
    /// Where the client is, and what it connected to; nil where the sender speaks for itself
    /// (LOCAL, a health check), or the client is no Internet address (UNKNOWN, UNSPEC, UNIX): then
    /// the connection's own addresses hold.
    var source: RawSocketAddress?
    var destination: RawSocketAddress?
    /// PP2_TYPE_AUTHORITY: the name that the client asked for, at most 255 bytes; empty: not said.
    var authority = ByteRange()
    /// PP2_TYPE_SSL with PP2_CLIENT_SSL: the client came to the sender by TLS.
    var isSecure = false

    static var authorityLimitBytes: Int { 255 }
    /// PP2_TYPE_UNIQUE_ID (§2.2.5).
    static var uniqueIDLimitBytes: Int { 128 }
}

/// What became of the bytes so far.
enum ProxyHeaderResult: Equatable {
    /// Whatever comes, more is needed; nothing so far is wrong.
    case incomplete
    /// The header has so many bytes.
    case complete(Int)
    /// It will never be a header.
    case failed(ProxyHeaderError)
}

/// Why bytes are no header.
enum ProxyHeaderError: UInt8, CaseIterable {
    case notAHeader, badLine, badVersion, badCommand, badFamily, badLength, badTLV, badChecksum
    case tooLong

    /// For the log.
    var name: StaticString {
        switch self {
        case .notAHeader: "proxy-header-missing"
        case .badLine: "proxy-header-line"
        case .badVersion: "proxy-header-version"
        case .badCommand: "proxy-header-command"
        case .badFamily: "proxy-header-family"
        case .badLength: "proxy-header-length"
        case .badTLV: "proxy-header-tlv"
        case .badChecksum: "proxy-header-checksum"
        case .tooLong: "proxy-header-too-long"
        }
    }
}
