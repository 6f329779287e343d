// One request with its response, from the head to the log line; a tunnel that came of one; or one
// TCP connection. Apart from the connections it uses, so that HTTP/2 can have many on one.
//
//              queued
//               │  ▲ every server is full
//               ▼  │
//   request ─▶ connecting ─▶ awaitingResponse ─▶ responding ─▶ (over)
//      │           │  ▲             │  │ 101        ▲
//      │           └──┘ another     │  └─▶ tunnelling ─▶ (over)
//      └────────▶ answering ◀───────┘ server
//
// A permit of a server with a limit is held until the exchange answers itself, goes to another
// server, or is over.
//
// Hot, one thread.

/// Why an exchange is over; for the log.
enum ExchangeEnd: UInt8 {
    case normal, local, refused, clientAbort, clientTimeout, serverAbort, serverTimeout, resource
    case killed
    /// Its server was marked down, or it was a backup whose time is over.
    case serverDown, backupOver

    /// The first of HAProxy's two letters.
    fileprivate var letter: Int {
        switch self {
        case .normal: 0
        case .local: 1
        case .refused: 2
        case .clientAbort: 3
        case .clientTimeout: 4
        case .serverAbort: 5
        case .serverTimeout: 6
        case .resource: 7
        case .killed: 8
        case .serverDown: 9
        case .backupOver: 10
        }
    }

    /// Who ended it, and in which phase: `--` is a clean end, `LR` an answer of our own.
    func termination(in phase: Exchange.Phase) -> Bytes {
        if self == .normal { return Bytes("--") }
        let column =
            switch phase {
            case .request: 0
            case .queued: 1
            case .connecting: 2
            case .awaitingResponse: 3
            case .responding, .tunnelling, .answering: 4
            }
        // Five columns of two letters, a row for each end.
        let table = Bytes(
            """
            ----------\
            LRLRLRLRLR\
            PRPQPCPHPD\
            CRCQCCCHCD\
            cRcQcCcHcD\
            SRSQSCSHSD\
            sRsQsCsHsD\
            RRRQRCRHRD\
            KRKQKCKHKD\
            DRDQDCDHDD\
            URUQUCUHUD
            """)
        return table.slice(letter * 10 + column * 2, 2)
    }
}

/// What two connections have to do with each other.
struct Exchange: ~Copyable, SlabEntry {
    enum Phase: UInt8 {
        /// Not with any server yet.
        case request
        /// A server is looked for, or a connection to it is being made.
        case connecting
        /// Every server that would do is full: the exchange stands in line.
        case queued
        /// The request is being sent; no final response head is there.
        case awaitingResponse
        /// A response passes to the client.
        case responding
        /// Bytes pass both ways, unread.
        case tunnelling
        /// An answer of our own is being sent.
        case answering
    }
    fileprivate(set) var phase = Phase.request
    /// `phase` when the end became known, for the log.
    var endPhase = Phase.request
    var end = ExchangeEnd.normal
    /// `HTTPError.name` or the like.
    var error: StaticString = ""
    var isTCP = false
    var client: Ref<ClientConnection>?
    var server: Ref<ServerConnection>?
    var frontend: Ref<FrontendState>?
    var backend: Ref<UpstreamBackend>?
    /// The server that was tried last.
    var upstream: Ref<UpstreamServer>?
    /// The load that the exchange is counted in.
    fileprivate var load: ServerLoad?
    /// Of the backend's hash key; any number where nothing is hashed.
    var balanceKey: UInt64 = 0
    /// The place of the server that the client belongs to; -1: it belongs to none.
    var ownServer = -1
    /// It is part of a login that is good for the connection (`ServerBinding`).
    var isBound = false
    /// The place of the server where its client has logged in like that; -1: nowhere. For a client
    /// that belongs to no server.
    var boundServer = -1
    /// Of the key by which the client is remembered; 0: it is not.
    var clientHash: UInt64 = 0
    /// Of a server with a limit; goes back when it is replaced.
    var permit: Permit?
    /// While `queued`; left when it is replaced.
    var place: QueuePlace?
    /// Who stood in the line that it joined last, and whether that was one server's.
    var queuedBehind = 0
    var waitedForOne = false
    /// The client has ended its side while `queued`, and was sent something.
    var wasAskedWhetherGone = false
    /// Only a new connection will do, when it comes to that.
    var needsFresh = false
    /// The route that decided, -1: none did.
    var route = -1
    /// Those that took the request before it.
    var filters = FilterSet()

    /// From the client to the server, out of the client connection's `input`.
    var upload = BodyFlow()
    /// From the server to the client, out of the server connection's `input`.
    var download = BodyFlow()
    /// For bulk, while it lasts.
    var uploadPipe: Ref<Pipe>?
    var downloadPipe: Ref<Pipe>?
    var expectation = ResponseExpectation(method: .other, offersUpgrade: false)
    var clientVersion = HTTPVersion.http11
    /// The client's connection goes on behind the response.
    var keepsClient = true
    /// The server's connection may be parked behind the response.
    var keepsServer = true
    /// Bytes of a final response have gone to the client: no other answer is possible.
    var hasResponded = false
    /// The client can tell by itself where the response ends.
    var isSelfFraming = true
    /// The client said that it will send no further request.
    var clientCloses = false
    /// Bytes of the request were thrown away after sending: it cannot be sent again.
    var uploadIsForgotten = false
    /// Sending the request failed: the server may have answered before it went.
    var uploadIsBroken = false
    /// What a tunnel's source ended with has been passed on.
    var uploadEnded = false
    var downloadEnded = false
    /// Attempts after the first one; a dead connection that was replaced is none.
    var retries: UInt8 = 0
    /// A reused connection that was dead was replaced.
    var hasReplaced = false
    /// The server of the last attempt failed: the next one goes elsewhere, or waits before.
    var failedUpstream: Ref<UpstreamServer>?
    /// Waits before the same server is tried again; the client's timer ends it.
    var isPausing = false
    var hasPaused = false
    /// Nanoseconds of the loop's clock: when the first server was looked for. 0: not yet.
    var assignedAt: Int64 = 0
    var interimCount: UInt8 = 0
    /// The client may hold its body back until the server asks for it.
    var expectsContinue = false
    var waitsForClient = false
    var pace = ClientPace()
    var waitsForServer = false
    var status = 0
    /// Of an answer of our own; 0: no word about it.
    var retryAfterSeconds: Int32 = 0
    /// The refusal is given when the client's timer fires.
    var isTarpitted = false
    var login = ExchangeLogin()

    /// TCP: while the route depends on the first bytes.
    var opening = OpeningReader()
    /// Where the search for a route goes on once they are known; in HTTP: where one was cut short by
    /// a password.
    var nextRoute: Int32 = 0
    /// HTTP: a bit for each route, by its place modulo 64, whose limit was asked.
    private var askedLimits: UInt64 = 0

    /// What the log and the response rules want of the request. Of a TCP connection it is the name
    /// that the client asked for, as `host`.
    var captured = CapturedRequest()
    var capture = Buffer()
    var requestID = RequestID()

    /// Nanoseconds of the loop's clock; 0: it did not come to that.
    var beganAt: Int64 = 0
    var headAt: Int64 = 0
    var queuedAt: Int64 = 0
    /// In all lines together.
    var queueNanoseconds: Int64 = 0
    var connectingAt: Int64 = 0
    var connectedAt: Int64 = 0
    var firstSentAt: Int64 = 0
    var sentAt: Int64 = 0
    var respondedAt: Int64 = 0
    var wasReused = false
    /// Received before anything was forwarded: the head, as the client sent it.
    var bytesIn: Int64 = 0
    /// The same head, as the server gets it.
    var forwardedHeadBytes = 0
    var bytesOut: Int64 = 0

    init() {}

    /// What the client has sent of the request, as far as it was forwarded.
    var receivedBytes: Int64 {
        bytesIn &+ max(0, upload.totalSent &- Int64(forwardedHeadBytes))
    }

    /// Whether the limit of that route is to be asked, which it counts as then: nobody is counted twice
    /// where a search begins anew. Of two routes that the search takes in turn and that are 64 places
    /// apart, one would not be asked.
    mutating func asksLimit(of route: Int) -> Bool {
        let bit = UInt64(1) << UInt64(route & 63)
        if route < Int(nextRoute), askedLimits & bit != 0 { return false }
        askedLimits |= bit
        return true
    }

    /// Notes the first reason only: what follows from it is no news.
    mutating func note(_ end: ExchangeEnd, _ error: StaticString) {
        guard self.end == .normal else { return }
        self.end = end
        self.error = error
        endPhase = phase
    }
}

extension Ref where Entry == Exchange {
    /// The exchange is counted as a server's, and no longer as another's.
    @inline(__always)
    func countLoad(of server: Ref<UpstreamServer>?) {
        self[].load?.end()
        self[].load = server?[].load
        self[].load?.begin()
    }

    /// The one transition function; the drawing above says which there are.
    @inline(__always)
    func enter(_ phase: Exchange.Phase) {
        assert(Self.isTransition(from: self[].phase, to: phase), "an exchange took a wrong turn")
        self[].phase = phase
        if phase == .answering { leaveServers() }
    }

    /// The exchange has to do with no server any more.
    private func leaveServers() {
        self[].permit = nil
        self[].place = nil
        // The client's timer is the answer's from now on.
        self[].isPausing = false
        self[].isTarpitted = false
    }

    private static func isTransition(
        from old: Exchange.Phase, to new: Exchange.Phase
    ) -> Bool {
        switch (old, new) {
        case (.request, .connecting), (.connecting, .connecting), (.connecting, .awaitingResponse),
            (.awaitingResponse, .connecting), (.awaitingResponse, .responding):
            true
        case (.connecting, .queued), (.queued, .connecting), (.queued, .answering): true
        case (.connecting, .tunnelling), (.awaitingResponse, .tunnelling): true
        // An answer of our own takes the place of whatever was not sent yet.
        case (.request, .answering), (.connecting, .answering), (.awaitingResponse, .answering),
            (.responding, .answering), (.answering, .answering):
            true
        default: false
        }
    }
}
