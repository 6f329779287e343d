// What templates, forwarding fields and local answers may say about an exchange. A plain struct of
// borrowed bytes, filled by the exchange for the length of one call. Hot.

struct ExchangeFacts: BitwiseCopyable {
    /// The client's address as text, IPv6 without brackets.
    var clientIP = Bytes.empty
    var clientPort: UInt16 = 0
    var clientAddress = ClientAddress()
    /// What the client connected to; 0 at a unix socket.
    var port: UInt16 = 0
    /// `http` or `https`: what the client speaks, be it with a proxy before us that says so.
    var scheme = Bytes("http")
    var knownMethod = HTTPMethod.other
    var method = Bytes.empty
    /// Host and port as the client wrote them.
    var authority = Bytes.empty
    /// Without port.
    var host = Bytes.empty
    /// Normalised; what routes are matched with and what is forwarded. A rewrite changes it.
    var path = Bytes.empty
    /// Without `?`.
    var query = Bytes.empty
    var hasQuery = false
    /// The fields of the request, while its bytes are there.
    var fields = FieldView()
    /// Of the server's answer, while its bytes are there; and its status, or that of our own, 0 before.
    var responseFields = FieldView()
    var status = 0
    var captures = Captures()
    var requestID = RequestID()
    var frontend = Bytes.empty
    /// Who said the password that a route asked for.
    var user = Bytes.empty
    /// Where the request was sent last.
    var backend = Bytes.empty
    var server = Bytes.empty
    /// Decimal text, made once per worker.
    var generation = Bytes.empty
    var revision = Bytes.empty
    var pid = Bytes.empty
    /// Seconds since 1970 for `Date` of local answers; 0 leaves it out.
    var wallSeconds: Int64 = 0

    init() {}

    /// Takes over what a request says; `head` is its bytes.
    @inline(__always)
    mutating func setRequest(_ request: borrowing RequestHead, in head: Bytes) {
        knownMethod = request.method
        method = head.slice(request.methodName)
        authority = head.slice(request.authority)
        host = head.slice(request.host)
        path = request.path(in: head)
        query = head.slice(request.query)
        hasQuery = request.hasQuery
        fields = request.fields.view(in: head)
    }
}
