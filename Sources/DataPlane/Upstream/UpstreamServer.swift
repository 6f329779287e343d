// What one loop knows of one server. Hot, one thread.

internal import Model
internal import SharedState
internal import Syscalls

/// What one loop has of all servers together.
struct ConnectionTotals: ~Copyable, SlabEntry {
    /// Changed by `ServerConnection`'s transitions only.
    var parked = 0

    init() {}
}

/// One server of a backend.
struct UpstreamServer: ~Copyable, SlabEntry {
    /// Connections by state; changed by `ServerConnection`'s transitions only.
    var connectingCount = 0
    var inUseCount = 0
    var parkedCount = 0
    /// Where the loop's are counted.
    var totals: Ref<ConnectionTotals>?
    /// Parked connections for any client, and those of one client each. The one parked last is used
    /// first: its cache lines and the server's are warm. Linked by `ServerConnection`, looked
    /// through by `ParkedConnections`.
    var parked = ParkedList()
    var reserved = ParkedList()
    /// Where they are shown to other loops; nil: there are none. By place, who stands there.
    var claims: ClaimLine?
    var shown = InlineArray<16, Ref<ServerConnection>?>(repeating: nil)
    var shownCount = 0
    /// How many connections may be parked; more may be had of the server's `IdleAllowance`.
    var idleShare = 0
    /// Most connections in use at once since the last purge, and a moving average of such peaks.
    private var peakUse = 0
    private var usualUse = 0

    /// How often its address has changed: connections to a former one are not kept.
    var addressTurn: UInt32 = 0
    /// Places in the configuration.
    var backend = 0
    var index = 0
    /// Its number among all servers of the configuration.
    var number = 0
    var traffic: Ref<TrafficTally>?
    /// Nil where the shared memory had no room: then nothing is known of it but the configuration.
    var record: ServerRecord?
    var isBackup = false
    /// Milliseconds; 0: at once.
    var slowStart: Int64 = 0
    /// Nil where the policy looks at no load.
    var load: ServerLoad?
    var proxyProtocol: ProxyProtocolVersion?
    /// Exchanges at once; 0: no limit.
    var configuredLimit = 0
    var permits = PermitSource()
    var rules = ServerRules()
    /// Of its unix socket, ending with a zero byte; empty: it has none.
    var unixName = Bytes.empty
    /// It is at that name, and no operator has said another address.
    var isLocal: Bool { !unixName.isEmpty && standing.address == .unspecified }
    /// Set in the loop that checks it.
    var check: Ref<ServerCheck>?
    var standing = ServerStanding(weight: 100)
    /// When it was last seen to go to maintenance, milliseconds since 1970.
    var outSince: Int64 = 0
    /// The policy may pick it: its standing says so, seen together with the others'.
    var isOpen = true
    /// Among the servers that `nextFreeServer` picks from it is not.
    var isFull = false
    /// What was said of its connections in the shared memory.
    var connectionRecord: ServerConnectionRecord?
    var publishedCounts = ServerConnectionCounts()

    init() {}

    private var useCount: Int { connectingCount &+ inUseCount }

    @inline(__always)
    mutating func noteUse() {
        if useCount > peakUse { peakUse = useCount }
    }

    /// How many parked connections to close now: half of those that were not needed since the
    /// last time, nor usually are. Begins another span of time.
    mutating func purgeCount() -> Int {
        usualUse = usualUse &+ (peakUse &- usualUse) / 4
        let unneeded = useCount &+ parkedCount &- max(peakUse, usualUse)
        peakUse = useCount
        return min(parkedCount, max(0, unneeded) / 2)
    }

    var counts: ServerConnectionCounts {
        ServerConnectionCounts(connecting: connectingCount, inUse: inUseCount, idle: parkedCount)
    }
}

extension Ref where Entry == UpstreamServer {
    /// A connection to the server, begun: at an address, from its `source`, or, where that is
    /// `unspecified`, at its unix socket. Of that EAGAIN says that its queue is full.
    func connect(to address: RawSocketAddress) throws(SystemError) -> FileDescriptor {
        if address.isUnspecified {
            // SAFETY: the name ends with a zero byte (`RuntimeConfiguration.unixNames`), and is only
            // read during the call.
            let fd = unsafe self[].unixName.withPointer { unsafe UnixSocket.connectRaw(to: $0) }
            guard fd >= 0 else { throw SystemError(call: "connect", errno: -fd) }
            return FileDescriptor(owning: fd)
        }
        var start = TCPSocket.ConnectStart.inProgress
        let socket = try TCPSocket.connect(to: address, from: self[].rules.source, start: &start)
        try TCPSocket.setNoDelay(socket.rawValue)
        return socket
    }
}
