// What is still wanted of a request once its bytes have left the buffer: for the access log, for
// rules on the response, for a retry's log. Copied into memory of the exchange, with caps. Hot.

/// Ranges in the memory that the request was captured into, counted from where the capture begins.
struct CapturedRequest: BitwiseCopyable {
    static var hostLimitBytes: Int { 256 }
    static var pathLimitBytes: Int { 2_048 }
    static var queryLimitBytes: Int { 2_048 }
    static var fieldLimitBytes: Int { 256 }
    static var methodLimitBytes: Int { 32 }
    /// Never more than this is written.
    static var limitBytes: Int {
        methodLimitBytes + hostLimitBytes + hostLimitBytes + pathLimitBytes + queryLimitBytes
            + 2 * fieldLimitBytes
    }

    var method = HTTPMethod.other
    var version = HTTPVersion.http11
    var hasQuery = false
    var methodName = ByteRange()
    var authority = ByteRange()
    var host = ByteRange()
    var path = ByteRange()
    var query = ByteRange()
    var userAgent = ByteRange()
    var referer = ByteRange()

    init() {}

    /// Copies from `head`, whose bytes are `bytes`. What the writer has no room for is captured
    /// empty.
    init(_ head: borrowing RequestHead, _ bytes: Bytes, into writer: inout ByteWriter) {
        method = head.method
        version = head.version
        hasQuery = head.hasQuery
        methodName = Self.copy(bytes.slice(head.methodName), Self.methodLimitBytes, &writer)
        authority = Self.copy(bytes.slice(head.authority), Self.hostLimitBytes, &writer)
        // The host is the beginning of the authority.
        host = ByteRange(
            offset: authority.offset, length: min(authority.length, head.host.length))
        path = Self.copy(head.path(in: bytes), Self.pathLimitBytes, &writer)
        query = Self.copy(bytes.slice(head.query), Self.queryLimitBytes, &writer)
        var index = 0
        while index < head.fields.count {
            let slot = head.fields[index]
            if slot.known == .userAgent, userAgent.isEmpty {
                userAgent = Self.copy(bytes.slice(slot.value), Self.fieldLimitBytes, &writer)
            } else if slot.known == .referer, referer.isEmpty {
                referer = Self.copy(bytes.slice(slot.value), Self.fieldLimitBytes, &writer)
            }
            index &+= 1
        }
    }

    @inline(__always)
    private static func copy(
        _ bytes: Bytes, _ limit: Int, _ writer: inout ByteWriter
    ) -> ByteRange {
        let start = writer.count
        writer.append(bytes.prefix(limit))
        return ByteRange(start, writer.count)
    }

    /// Sets the request's part of `facts`; `memory` begins where the capture began.
    func fill(_ facts: inout ExchangeFacts, from memory: Bytes) {
        facts.method = memory.slice(methodName)
        facts.authority = memory.slice(authority)
        facts.host = memory.slice(host)
        facts.path = memory.slice(path)
        facts.query = memory.slice(query)
        facts.hasQuery = hasQuery
    }
}
