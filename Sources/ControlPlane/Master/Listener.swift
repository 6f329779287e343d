// One listening socket of the master and who has to do with it. Confined to the loop.

internal import Glibc
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
    let configured: ListenPlace
    /// As the kernel has it.
    let address: ListenAddress
    /// The same with what else belongs to the place.
    let text: String
    /// The number of the interface that it is bound to.
    private let interfaceIndex: Int32?
    /// Of a unix socket that we have bound to a path.
    private let file: SocketFile?
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
    private var appliedOwner = SocketOwner()
    /// Something of it may hold that `applied` does not say.
    private var isHalfChanged = false
    var isListening: Bool { applied != nil }
    private(set) var isAdvertised = true
    private var socket: FileDescriptor?

    /// Binds the place, or adopts a socket that has it.
    init(
        id: Int, configured: ListenPlace, as bind: Bind, frontend: String,
        adopting inherited: InheritedSocket?
    ) throws(SystemError) {
        let socket: FileDescriptor
        var file: SocketFile?
        switch (inherited, configured.address) {
        case (.some(let inherited), _):
            socket = try inherited.adopt(for: configured)
        case (nil, .internet(let address)):
            var binding = TCPSocket.Binding()
            binding.interface = configured.interface
            binding.takesIPv4 = configured.takesIPv4
            binding.isTransparent = bind.isTransparent
            socket = try TCPSocket.bind(RawSocketAddress(address), binding)
        case (nil, .unix(let address)):
            socket = try UnixSocket.bind(address.name)
            if !address.isAbstract { file = try SocketFile(path: address.name) }
        case (nil, .passed(let socket)):
            throw SystemError(call: "take \(socket), which was not passed to us", errno: EBADF)
        }
        self.file = file
        self.id = id
        isInherited = inherited != nil
        self.configured = configured
        self.frontend = frontend
        let address = try ListenAddress(boundTo: socket.rawValue)
        var place = configured
        place.address = address
        self.address = address
        text = place.description
        interfaceIndex = try NetworkInterface.index(of: socket.rawValue)
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

    /// The interface was taken away, and perhaps made again, or the file was: nobody reaches the
    /// socket any more.
    var isDeaf: Bool {
        if let file { return !file.isThere }
        guard let name = configured.interface else { return false }
        return NetworkInterface.index(named: name) != interfaceIndex
    }

    /// Throws where `listen` would for want of a privilege, while nothing has happened yet.
    func checkMayListen(as bind: Bind) throws(SystemError) {
        guard case .internet(let address) = address, bind.isTransparent,
            applied?.isTransparent != true, !isInherited
        else { return }
        try ListenerSocket.checkMayBeTransparent(like: RawSocketAddress(address))
    }

    /// Opens the socket to connections, or changes how the kernel treats new ones; once more is
    /// harmless. Connections inherit the options of the socket that they come from.
    func listen(as bind: Bind, of owner: SocketOwner) throws(SystemError) {
        guard let rawValue else { return }
        if !isAdvertised {
            // A file that was removed does not come back.
            if file != nil { return }
            try ListenerSocket.resumeAdvertising(rawValue)
            isAdvertised = true
        }
        // Of one that was passed another listener may have changed the options: under another name.
        if applied == bind, appliedOwner == owner, !isHalfChanged, !isInherited { return }
        // Whatever fails now, all of it is told again.
        let wasHalfChanged = isHalfChanged
        isHalfChanged = true
        switch address {
        case .internet(let address):
            try ListenerSocket.setOptions(
                rawValue, deferAccept: bind.deferAccept ?? .zero,
                userTimeout: bind.userTimeout ?? .zero)
            // What a socket unit says is not taken away: it could not be had again.
            if bind.isTransparent || !isInherited {
                try ListenerSocket.setTransparent(
                    rawValue, bind.isTransparent, like: RawSocketAddress(address))
            }
        case .unix: try setAccess(bind.access.mode, owner, wasHalfChanged: wasHalfChanged)
        case .passed: preconditionFailure("a listener has the address that its socket has")
        }
        try TCPSocket.listen(rawValue, backlog: Int32(clamping: bind.backlog))
        applied = bind
        appliedOwner = owner
        isHalfChanged = false
    }

    private func setAccess(
        _ mode: UInt32, _ owner: SocketOwner, wasHalfChanged: Bool
    ) throws(SystemError) {
        guard let file else { return }
        guard file.isThere else {
            if isListening { return }
            throw SystemError(
                call: "listen at \(file.path), whose file somebody has taken away", errno: ENOENT)
        }
        // Told again where it is not known what came of the last time.
        let isGiven = appliedOwner.user != nil || wasHalfChanged
        if applied?.access.mode != mode || wasHalfChanged {
            // Ours first: the mode of what was given away is not ours to change.
            if isGiven { try file.setOwner(SocketOwner(user: geteuid(), group: getegid())) }
            try file.setMode(mode)
        }
        var wanted = owner
        if isGiven { wanted.user = owner.user ?? geteuid() }
        if appliedOwner.group != nil || wasHalfChanged { wanted.group = owner.group ?? getegid() }
        try file.setOwner(wanted)
    }

    /// New connections are not answered from now on, those that wait can still be accepted. Where
    /// the kernel refuses the filter, the queue is drained all the same, while it may yet grow.
    func stopAdvertising() {
        guard let rawValue, isListening, isAdvertised, !isInherited else { return }
        if case .unix = address {
            // Nobody finds it any more; an abstract name is there to the end.
            file?.remove()
            isAdvertised = file == nil
            return
        }
        if (try? ListenerSocket.stopAdvertising(rawValue)) != nil { isAdvertised = false }
    }

    func close() {
        file?.remove()
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

extension ListenAddress {
    /// What the socket is bound to.
    init(boundTo fd: Int32) throws(SystemError) {
        do throws(SystemError) {
            self = .internet(SocketAddress(try TCPSocket.localAddress(fd)))
        } catch {
            guard error.errno == EAFNOSUPPORT else { throw error }
            self = .unix(UnixAddress(name: try UnixSocket.localName(fd)))
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
