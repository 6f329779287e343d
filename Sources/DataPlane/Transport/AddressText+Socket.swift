// Addresses of sockets as text.

internal import Syscalls

extension AddressText {
    static func write(_ host: RawSocketAddress.Host, to writer: inout ByteWriter) {
        switch host {
        case .ipv4(let word): write(ipv4: word, to: &writer)
        case .ipv6(let high, let low): write(high: high, low: low, to: &writer)
        }
    }

    /// The same of a client; `unix:` for one that came to a unix socket and has none.
    static func writeClient(_ host: RawSocketAddress.Host, to writer: inout ByteWriter) {
        if case .ipv6(0, 0) = host { writer.append("unix:") } else { write(host, to: &writer) }
    }
}
