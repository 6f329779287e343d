// Where a TCP connection comes from. Pure value, any thread.

import Model
import NIOCore

/// The other end of a TCP connection.
struct PeerAddress: Sendable, Hashable {
    let host: Model.SocketAddress.Host
    let port: Int

    /// Nil where there is none, as on a unix socket.
    init?(_ address: NIOCore.SocketAddress?) {
        guard let address, let text = address.ipAddress,
            let host = Model.SocketAddress.Host(text)
        else { return nil }
        self.init(host: host.unmapped, port: address.port ?? 0)
    }

    init(host: Model.SocketAddress.Host, port: Int) {
        self.host = host
        self.port = port
    }

    var text: String {
        switch host {
        case .ipv4: "\(host):\(port)"
        case .ipv6: "[\(host)]:\(port)"
        }
    }

    /// What counts as one client: an IPv4 address, or the network of an IPv6 one, of which a host
    /// has as many as it likes (RFC 4291 §2.5.1).
    var client: ClientKey {
        switch host {
        case .ipv4(let word): .ipv4(word)
        case .ipv6(let high, _): .ipv6Network(high)
        }
    }
}

/// One client as far as addresses tell them apart.
enum ClientKey: Sendable, Hashable {
    case ipv4(UInt32)
    /// The first 64 bits.
    case ipv6Network(UInt64)
    /// All of them together.
    case everybody
}

extension Model.SocketAddress.Host {
    /// An IPv4 address as that, and not as IPv6 spells it (RFC 4291 §2.5.5.2).
    var unmapped: Model.SocketAddress.Host {
        if case .ipv6(0, let low) = self, low >> 32 == 0xFFFF {
            return .ipv4(UInt32(truncatingIfNeeded: low))
        }
        return self
    }
}
