// A client's address as the kernel or a PROXY header gives it.

internal import Syscalls

extension ClientAddress {
    init(_ host: RawSocketAddress.Host) {
        switch host {
        case .ipv4(let word): self.init(ipv4: word)
        case .ipv6(let high, let low): self.init(high: high, low: low)
        }
    }

    /// What one client has of addresses: an IPv4 address, or an IPv6 network of 64 bits (RFC 6177),
    /// which is handed out whole.
    var site: UInt64 { UInt64(truncatingIfNeeded: isIPv6 ? value >> 64 : value) }
}
