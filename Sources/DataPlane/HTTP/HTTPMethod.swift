// Methods and versions that the data path treats apart. Plain values, any thread.

/// Known methods (RFC 9110 §9.3, RFC 5789); every other token is `other` and is forwarded as it
/// came.
enum HTTPMethod: UInt8 {
    case get, head, post, put, delete, options, patch, trace, connect, other

    /// Methods are case-sensitive: `get` is `other`.
    @inline(__always)
    init(_ token: Bytes) {
        self = .other
        switch token.count {
        case 3:
            if token.equals(Bytes("GET")) {
                self = .get
            } else if token.equals(Bytes("PUT")) {
                self = .put
            }
        case 4:
            if token.equals(Bytes("POST")) {
                self = .post
            } else if token.equals(Bytes("HEAD")) {
                self = .head
            }
        case 5:
            if token.equals(Bytes("PATCH")) {
                self = .patch
            } else if token.equals(Bytes("TRACE")) {
                self = .trace
            }
        case 6: if token.equals(Bytes("DELETE")) { self = .delete }
        case 7:
            if token.equals(Bytes("OPTIONS")) {
                self = .options
            } else if token.equals(
                Bytes("CONNECT"))
            {
                self = .connect
            }
        default: break
        }
    }

    /// Whether a repeated request has the effect of one (RFC 9110 §9.2.2): what a retry may repeat.
    var isIdempotent: Bool {
        switch self {
        case .get, .head, .put, .delete, .options, .trace: true
        case .post, .patch, .connect, .other: false
        }
    }
}

enum HTTPVersion: UInt8 {
    case http10, http11
}
