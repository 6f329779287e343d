// Addresses that no server should have by accident: who can write a part of the configuration
// must not reach, through the proxy, what only this machine is meant to reach. A server is an
// address, never a name, so what is refused here is never connected to.

import Model

extension SocketAddress.Host {
    /// 169.254.0.0/16 (RFC 3927), where clouds keep the credentials of their machines, and
    /// fe80::/10 (RFC 4291 §2.5.6); also written as IPv4-mapped (RFC 4291 §2.5.5.2) or behind the
    /// well-known prefix of NAT64 (RFC 6052 §2.1).
    var isLinkLocal: Bool {
        switch self {
        case .ipv4(let word):
            return word >> 16 == 0xA9FE
        case .ipv6(let high, let low):
            let isMapped = high == 0 && low >> 32 == 0xFFFF
            let isTranslated = high == 0x0064_FF9B_0000_0000 && low >> 32 == 0
            return high >> 54 == 0x3FA || (isMapped || isTranslated) && low >> 16 & 0xFFFF == 0xA9FE
        }
    }
}

extension ValueReader {
    /// Refuses an address of a server that its author has not allowed.
    func checkNotLinkLocal(_ address: SocketAddress, isAllowed: Bool) {
        guard address.host.isLinkLocal, !isAllowed else { return }
        let shown = hasReference ? quoted("") : "\(address)"
        report(
            .protectedAddress,
            "\(shown) is link-local, where clouds keep the credentials of a machine; a server that "
                + "is meant to be there says allow_link_local: true")
    }

    /// Refuses a server where this master itself is driven and watched: who reaches the proxy would
    /// reach that, and as a neighbour.
    func checkNotAdmin(_ address: SocketAddress) {
        let listener = reading.document.adminAddresses.first { listener in
            listener.port == address.port
                && (listener.host == address.host
                    || listener.host.isWildcard && address.host.isLoopback)
        }
        guard let listener else { return }
        report(
            .protectedAddress,
            "this is where the admin API listens (\(listener)), which is not for the proxy's clients"
        )
    }
}
