/// An entry of a frontend's `bind` — an address, and how the kernel treats connections to it.
public struct Bind: Codable, Sendable, Equatable, CustomStringConvertible {
    public var address: SocketAddress
    /// Connections that wait to be accepted, 1…65535; net.core.somaxconn cuts it.
    public var backlog = 65_535
    /// Not nil: a connection is accepted with its first byte, or without one when the kernel has
    /// waited about so long for it, in whole seconds (TCP_DEFER_ACCEPT, tcp(7)).
    public var deferAccept: Duration?
    /// How long bytes sent to a client may stay unacknowledged before the connection is given up
    /// (TCP_USER_TIMEOUT, tcp(7)); nil leaves it to the kernel.
    public var userTimeout: Duration?

    public init(_ address: SocketAddress) {
        self.address = address
    }

    /// The address.
    public var description: String { address.description }
}
