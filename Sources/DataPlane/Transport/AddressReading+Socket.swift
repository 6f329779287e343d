// Text → addresses of sockets.

internal import Syscalls

extension AddressReading {
    /// An address of that family, as a PROXY header names it first.
    static func host(_ text: Bytes, isIPv4: Bool) -> RawSocketAddress.Host? {
        isIPv4
            ? ipv4(text).map { .ipv4($0) } : ipv6(text).map { .ipv6(high: $0.high, low: $0.low) }
    }
}
