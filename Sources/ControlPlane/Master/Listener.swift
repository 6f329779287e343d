// One listening socket of the master and who has to do with it. Confined to the loop.

internal import Model
internal import Syscalls

/// DEFINED has no object here: an address that stands in a configuration and was not bound yet.
///
/// ```
/// bound ─▶ leased ─▶ releasing ─▶ leased (next generation), bound (nobody), closed
///   │        └─────▶ drainingBacklog ─▶ closed
///   └─▶ closed
/// ```
/// The phase follows from who holds the socket and who wants it; nobody sets it.
final class Listener {
    enum Phase: String {
        case bound = "BOUND"
        case leased = "LEASED"
        case releasing = "RELEASING"
        case drainingBacklog = "DRAINING_BACKLOG"
        case closed = "CLOSED"
    }

    let id: Int
    /// As in the configuration; port 0 stays 0 here.
    let configured: SocketAddress
    /// As the kernel has it.
    let address: SocketAddress
    let inode: UInt64
    /// Whoever started us keeps the socket open when we have closed it, and passes it to the next
    /// master: its queue is never drained, and its port always advertised.
    let isInherited: Bool
    /// The frontend in the newest configuration that wants it.
    var frontend: String
    /// Generations whose configuration has the address: the committed one, and one that starts.
    var wantedBy: Set<Int> = []
    /// Generations that were handed the socket and have neither released it nor ended.
    var heldBy: Set<Int> = []
    /// Those of them that were told to release.
    var releasedBy: Set<Int> = []
    /// What the kernel was told of its connections; nil: it takes none yet.
    private var applied: Bind?
    var isListening: Bool { applied != nil }
    private(set) var isAdvertised = true
    private var socket: FileDescriptor?

    /// Binds the address, or adopts a socket that has it.
    init(
        id: Int, configured: SocketAddress, frontend: String, adopting inherited: InheritedSocket?
    ) throws(SystemError) {
        let socket =
            if let inherited {
                try inherited.adopt()
            } else {
                try TCPSocket.bind(RawSocketAddress(configured))
            }
        self.id = id
        isInherited = inherited != nil
        self.configured = configured
        self.frontend = frontend
        address = SocketAddress(try TCPSocket.localAddress(socket.rawValue))
        inode = try ListenerSocket.inode(socket.rawValue)
        self.socket = consume socket
    }

    var phase: Phase {
        if rawValue == nil { return .closed }
        if !isAdvertised { return .drainingBacklog }
        if heldBy.isEmpty { return .bound }
        return heldBy.isSubset(of: releasedBy) ? .releasing : .leased
    }

    /// Borrowed; nil when closed.
    var rawValue: Int32? { socket?.rawValue }

    /// Opens the socket to connections, or changes how the kernel treats new ones; once more is
    /// harmless. Connections inherit the options of the socket that they come from.
    func listen(as bind: Bind) throws(SystemError) {
        guard let rawValue else { return }
        if !isAdvertised {
            try ListenerSocket.resumeAdvertising(rawValue)
            isAdvertised = true
        }
        if applied == bind { return }
        try ListenerSocket.setOptions(
            rawValue, deferAccept: bind.deferAccept ?? .zero,
            userTimeout: bind.userTimeout ?? .zero)
        try TCPSocket.listen(rawValue, backlog: Int32(clamping: bind.backlog))
        applied = bind
    }

    /// New connections are not answered from now on, those that wait can still be accepted. Where
    /// the kernel refuses the filter, the queue is drained all the same, while it may yet grow.
    func stopAdvertising() {
        guard let rawValue, isListening, isAdvertised, !isInherited else { return }
        if (try? ListenerSocket.stopAdvertising(rawValue)) != nil { isAdvertised = false }
    }

    func close() {
        socket = nil
    }
}

extension RawSocketAddress {
    init(_ address: SocketAddress) {
        switch address.host {
        case .ipv4(let word): self.init(host: .ipv4(word), port: address.port)
        case .ipv6(let high, let low):
            self.init(host: .ipv6(high: high, low: low), port: address.port)
        }
    }
}

extension SocketAddress {
    init(_ address: RawSocketAddress) {
        switch address.host {
        case .ipv4(let word): self.init(host: .ipv4(word), port: address.port)
        case .ipv6(let high, let low):
            self.init(host: .ipv6(high: high, low: low), port: address.port)
        }
    }
}
