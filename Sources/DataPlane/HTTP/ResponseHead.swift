// One response head of a server, version-neutral: status, and how its body is framed. Filled by
// ResponseHeadParser; read in the same event by HeadSerializer and the exchange. One per loop.

/// What a response is read against: a response is framed by its request (RFC 9112 §6.3).
struct ResponseExpectation: BitwiseCopyable {
    var method: HTTPMethod
    /// The request was forwarded with an Upgrade; only then is 101 an answer to it.
    var offersUpgrade: Bool
}

/// All ranges are counted from the first byte of the head.
struct ResponseHead: ~Copyable {
    /// 100…599.
    var status = 0
    var reason = ByteRange()
    var version = HTTPVersion.http11
    var body = BodyFraming.none
    /// The server goes on using the connection once the body is over.
    var keepAlive = true
    /// The protocol a 101 switches to; empty otherwise.
    var upgrade = ByteRange()
    var length = 0
    var fields = FieldTable()

    init() {}

    /// 100, 102, 103…: another head follows for the same request.
    var isInterim: Bool { status < 200 && status != 101 }

    /// 101: what follows is no HTTP any more.
    var isUpgrade: Bool { status == 101 }

    /// Whether the client can tell where the body ends without a close. The chunks of a body are
    /// not for an HTTP/1.0 client: it gets the payload (`ChunkedScanner.decode`), and the end by a
    /// close.
    func isSelfFraming(for client: HTTPVersion) -> Bool {
        switch body {
        case .none, .length: true
        case .chunked: client == .http11
        case .untilClose: false
        }
    }

    @inline(__always)
    mutating func reset() {
        reason = ByteRange()
        body = .none
        keepAlive = true
        upgrade = ByteRange()
        length = 0
        fields.removeAll()
    }
}
