// A connection of a client, and what it is doing.
//
//   readingProxyHeader ──header──▶ idle, exchanging (TCP)
//   exchanging (TCP) ──handed over──▶ idle
//
//   idle ──first byte──▶ readingHead ──head──▶ exchanging ──response sent──▶ idle
//     │                      │                     │
//     └──────────────────────┴─────────────────────┴──▶ lingering ──▶ closed
//
// Hot, one thread. Without a buffer while idle: that, and this struct, is what a silent keep-alive
// client costs.

internal import Syscalls

/// One socket of one client.
struct ClientConnection: ~Copyable, SlabEntry, TimerEntry {
    enum State: UInt8 {
        /// The entry is free, or its events are stale.
        case closed
        /// It comes through a proxy that says where the client is, before anything else.
        case readingProxyHeader
        /// No byte of a request is there.
        case idle
        /// A head has begun.
        case readingHead
        /// An exchange runs: a request with its response, a tunnel, a TCP connection.
        case exchanging
        /// The last answer is sent; what the client still sends is thrown away, so that no reset
        /// overtakes the answer (RFC 9112 §9.6).
        case lingering
    }
    fileprivate(set) var state = State.closed
    /// In the run queue: there is more to do than one turn allows.
    var isQueued = false
    /// In the poll set.
    var isWatched = false
    /// Bytes in `input` have been received that no parser has seen.
    var hasUnreadInput = false
    var parser = RequestHeadParser()
    var transport = Transport()
    var timer = TimerLinks<ClientConnection>()
    /// What the client sent and was not forwarded yet.
    var input = Buffer()
    /// An answer of our own on its way to the client.
    var output = Buffer()
    var exchange: Ref<Exchange>?
    var frontend: Ref<FrontendState>?
    /// Whose listener it came from: another one than `frontend` once it was handed over.
    var acceptedBy: Ref<FrontendState>?
    /// As `RuntimeConfiguration.limitedBind`.
    var limitedBind = RuntimeConfiguration.unlimited
    /// The connections to servers that this client used last, newest first (`ServerConnection`).
    var firstOwn: Ref<ServerConnection>?
    /// It logged in at a server, for as long as a connection to that lasts (`ServerBinding`).
    var isBound = false
    /// It has had an exchange before the present one.
    var hasExchanged = false
    /// In the order of arrival, for the oldest one and for walking over all.
    var next: Ref<ClientConnection>?
    var previous: Ref<ClientConnection>?
    /// Where the client is: as the kernel says, or as the proxy does that is trusted to know.
    var peer = RawSocketAddress(host: .ipv4(0), port: 0)
    /// What the client connected to, where such a proxy has said it.
    var destination: RawSocketAddress?
    /// Of the listener; 0 at a unix socket.
    var listenerPort: UInt16 = 0
    /// The client speaks TLS with such a proxy.
    var isSecure = false
    /// Nanoseconds of the loop's clock.
    var acceptedAt: Int64 = 0
    /// Nanoseconds of the loop's clock: when the present head began, or idleness.
    var stateSince: Int64 = 0
    /// While lingering: how much more is thrown away.
    var lingerBytes = 0

    init() {}

    /// What the client connected to, as far as it is known; 0 at a unix socket.
    var port: UInt16 { destination?.port ?? listenerPort }

    /// Receives behind what is there already.
    @inline(__always)
    mutating func receive() -> TransferResult { transport.receive(into: &input) }

    /// Sends what there is of `output` and consumes what was taken.
    mutating func sendOutput() -> TransferResult {
        let result = transport.send(output, offset: 0, count: output.count)
        if case .moved(let count) = result { output.consume(count) }
        return result
    }
}

extension Ref where Entry == ClientConnection {
    /// The one transition function; the drawing above says which there are.
    @inline(__always)
    func change(to state: ClientConnection.State) {
        assert(Self.isTransition(from: self[].state, to: state), "a client took a wrong turn")
        self[].state = state
    }

    private static func isTransition(
        from old: ClientConnection.State, to new: ClientConnection.State
    ) -> Bool {
        switch (old, new) {
        case (.closed, .idle), (.idle, .idle), (.idle, .readingHead), (.idle, .exchanging): true
        case (.idle, .readingProxyHeader), (.readingProxyHeader, .idle),
            (.readingProxyHeader, .exchanging), (.readingProxyHeader, .closed):
            true
        case (.readingHead, .exchanging), (.exchanging, .idle), (.exchanging, .lingering): true
        case (.idle, .closed), (.readingHead, .closed), (.exchanging, .closed),
            (.lingering, .closed):
            true
        default: false
        }
    }
}
