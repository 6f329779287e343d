public import Model

/// The manifest that comes with listening sockets. The worker checks it against the descriptors
/// before it uses either: as many as entries, each a listening socket with that inode and address.
public struct ListenerHandoff: Codable, Sendable, Equatable {
    public struct Entry: Codable, Sendable, Equatable {
        /// The master's number for the socket, stable over generations.
        public var listener: Int
        public var frontend: String
        /// The place of its entry in the frontend's `bind`, from 0.
        public var bind: Int
        /// As the kernel has it (`getsockname`): the port is never 0.
        public var address: ListenAddress
        /// Of the socket, as in `/proc/PID/fd`: two descriptors with one inode are one socket.
        public var inode: UInt64

        public init(
            listener: Int, frontend: String, bind: Int, address: ListenAddress, inode: UInt64
        ) {
            self.listener = listener
            self.frontend = frontend
            self.bind = bind
            self.address = address
            self.inode = inode
        }
    }
    /// At most `ControlPacket.descriptorCountMax`.
    public var entries: [Entry]
    /// False while further packets of the same handoff follow; only then is anything accepted.
    public var isLast: Bool

    public init(entries: [Entry], isLast: Bool) {
        self.entries = entries
        self.isLast = isLast
    }
}
