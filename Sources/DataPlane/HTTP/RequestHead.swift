// One request head, version-neutral: what it asks for and how its body is framed. Filled by
// RequestHeadParser; read in the same event by routing, rules and HeadSerializer. One per loop,
// used again for each message: what must outlive the event is copied out (CapturedRequest).

/// How the end of a message body is found (RFC 9112 §6.3).
enum BodyFraming: Equatable {
    case none
    /// Bytes, at least 1.
    case length(Int64)
    case chunked
    /// Responses only: until the server closes.
    case untilClose
}

/// The four forms of a request target (RFC 9112 §3.2), less the one that is never accepted.
enum TargetForm: UInt8 {
    case origin, absolute, asterisk
}

/// All ranges are counted from the first byte of the head.
struct RequestHead: ~Copyable {
    var method = HTTPMethod.other
    var methodName = ByteRange()
    var version = HTTPVersion.http11
    var form = TargetForm.origin
    /// The whole target as it came.
    var target = ByteRange()
    /// Without the `?`; `hasQuery` tells `/a` from `/a?`.
    var query = ByteRange()
    var hasQuery = false
    /// Host and port as they came in Host (or, from an HTTP/1.0 client, in an absolute target).
    var authority = ByteRange()
    /// The authority without port and without trailing dot; empty only when an HTTP/1.0 client sent
    /// none. In the client's case.
    var host = ByteRange()
    /// There is a Host field.
    var hasHostField = false
    var body = BodyFraming.none
    /// The client wants to go on using the connection.
    var keepAlive = true
    /// The client waits for 100 before it sends the body.
    var expectsContinue = false
    /// A protocol to switch to, already vetted: one token, not HTTP or TLS, nominated by
    /// `Connection`, in an HTTP/1.1 request without a body. Empty otherwise.
    var upgrade = ByteRange()
    /// Length of the head with its empty line, and with a leading empty line if there was one.
    var length = 0
    var fields = FieldTable()

    /// The path as it came; `normalisedPath` is what decides and is forwarded.
    var rawPath = ByteRange()
    /// The length of the resolved path in `scratch`, or -1 when the path stands as it came.
    var resolvedLength = -1
    let scratch: ByteScratch

    /// Takes its memory once. `scratchBytes` is at least the longest target.
    init(scratchBytes: Int = 16_384) {
        scratch = ByteScratch(capacity: scratchBytes)
    }

    /// The path with its dot segments resolved: routes are matched with it, and it is forwarded.
    /// `head` is the bytes that were parsed. `*` for the asterisk form.
    @inline(__always)
    func path(in head: Bytes) -> Bytes {
        resolvedLength < 0 ? head.slice(rawPath) : scratch.bytes(resolvedLength)
    }

    /// Makes the value ready for the next head.
    @inline(__always)
    mutating func reset() {
        query = ByteRange()
        hasQuery = false
        authority = ByteRange()
        host = ByteRange()
        hasHostField = false
        body = .none
        keepAlive = true
        expectsContinue = false
        upgrade = ByteRange()
        resolvedLength = -1
        form = .origin
        length = 0
        fields.removeAll()
    }
}
