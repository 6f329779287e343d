// Addresses that no server should have by accident: who can write a part of the configuration, or
// what a name in it stands for, must not reach, through the proxy, what only this machine is meant to
// reach. Workers connect to nothing but addresses, and nothing that a client sends becomes one. An
// address that is written is refused here; one that is found for a name, or that an operator gives, is
// asked for here before any worker is told of it: so what is refused is never connected to.

public import Model

extension SocketAddress.Host {
    /// What a connection to it reaches: an IPv4-mapped address (RFC 4291 §2.5.5.2) is the IPv4 one.
    private var reached: SocketAddress.Host {
        guard case .ipv6(0, let low) = self, low >> 32 == 0xFFFF else { return self }
        return .ipv4(UInt32(truncatingIfNeeded: low))
    }

    /// Where this machine finds what is for this machine alone: 169.254.0.0/16 (RFC 3927) and
    /// fe80::/10 (RFC 4291 §2.5.6), where clouds keep the credentials of their machines, and the
    /// addresses outside of these where some do; also behind the well-known prefix of NAT64 (RFC
    /// 6052 §2.1).
    public var isLinkLocal: Bool {
        switch reached {
        case .ipv4(let word):
            return word >> 16 == 0xA9FE || Self.metadata.contains(word)
        case .ipv6(0x0064_FF9B_0000_0000, let low) where low >> 32 == 0:
            return SocketAddress.Host.ipv4(UInt32(truncatingIfNeeded: low)).isLinkLocal
        case .ipv6(let high, let low):
            // fd00:ec2::/32 is EC2's, fd20:ce::254 Google Cloud's.
            return high >> 54 == 0x3FA || high >> 32 == 0xFD00_0EC2
                || high == 0xFD20_00CE_0000_0000 && low == 0x254
        }
    }

    /// 100.100.100.200 of Alibaba Cloud, 168.63.129.16 of Azure, 192.0.0.192 of Oracle Cloud.
    private static let metadata: [UInt32] = [0x6464_64C8, 0xA83F_8110, 0xC000_00C0]

    /// Whether a connection to `other` may come to a listener with this address.
    func mayHear(_ other: SocketAddress.Host) -> Bool {
        reached == other.reached || isWildcard && other.reached.isLoopback
    }
}

extension SocketAddress {
    /// Whether a connection to it may come to one of these listeners.
    public func mayReach(_ listeners: some Sequence<SocketAddress>) -> Bool {
        listeners.contains { $0.port == port && $0.host.mayHear(host) }
    }
}

extension AdminSettings {
    /// Where the admin API listens by TCP.
    public var addresses: [SocketAddress] { (tcp?.listen ?? []) + (metrics?.listen ?? []) }
}

extension ValueReader {
    /// Refuses an address of a server that its author has not allowed.
    func checkNotLinkLocal(_ address: SocketAddress, isAllowed: Bool) {
        guard address.host.isLinkLocal, !isAllowed else { return }
        let shown = hasReference ? quoted("") : "\(address)"
        report(
            .protectedAddress,
            "\(shown) is where clouds keep the credentials of a machine; a server that is meant to be "
                + "there says allow_link_local: true")
    }

    /// The same for the socket of the admin API, as far as its path is written here. By whatever name
    /// it is reached: the API answers no worker.
    func checkNotAdmin(_ address: UnixAddress) {
        guard address.name == reading.document.adminSocketPath else { return }
        report(
            .protectedAddress,
            "this is the socket of the admin API, which is not for the proxy's clients")
    }

    /// Refuses a server where this master itself is driven and watched: who reaches the proxy would
    /// reach that, and as a neighbour.
    func checkNotAdmin(_ address: SocketAddress) {
        let listener = reading.document.adminAddresses.first { listener in
            listener.port == address.port && listener.host.mayHear(address.host)
        }
        guard let listener else { return }
        report(
            .protectedAddress,
            "this is where the admin API listens (\(listener)), which is not for the proxy's clients"
        )
    }
}
