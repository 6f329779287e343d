// One line of the access log for one exchange, as JSON or as text in the order that HAProxy's
// `httplog` made familiar. Whatever a client sent, a line is one line, and a JSON line is one valid
// object. Hot; pure; writes into the loop's log buffer.

/// What is known of an exchange when it is over. Bytes are borrowed for the length of one call.
struct AccessLogEntry: BitwiseCopyable {
    /// Milliseconds since 1970 at which the request began.
    var timeMilliseconds: Int64 = 0
    var requestID = RequestID()
    var clientIP = Bytes.empty
    var clientPort: UInt16 = 0
    var frontend = Bytes.empty
    /// Empty: no route was found, or none was looked for.
    var route = Bytes.empty
    /// Empty: answered without a backend.
    var backend = Bytes.empty
    /// Empty: no server was chosen.
    var server = Bytes.empty
    /// Empty: the request was not understood.
    var method = Bytes.empty
    var host = Bytes.empty
    var path = Bytes.empty
    var query = Bytes.empty
    var version = HTTPVersion.http11
    /// 0: nothing was answered.
    var status = 0
    /// Received from and sent to the client, heads included.
    var bytesIn: Int64 = 0
    var bytesOut: Int64 = 0
    /// Microseconds; -1 where the exchange did not get that far. The request's head, the wait for a
    /// server, the connect to it, from the request sent to the response's head, and all of it.
    var requestMicroseconds: Int64 = -1
    var queueMicroseconds: Int64 = -1
    var connectMicroseconds: Int64 = -1
    var responseMicroseconds: Int64 = -1
    var totalMicroseconds: Int64 = -1
    /// HAProxy's two letters: who ended it and in which phase; `--` is a clean end.
    var state = Bytes("--")
    /// The same in words; `phase` is empty at a clean end.
    var termination = Bytes("completed")
    var phase = Bytes.empty
    /// `HTTPError.name` or the like; empty when all was well.
    var error = Bytes.empty
    /// Decimal text, made once per worker.
    var generation = Bytes.empty
    var pid = Bytes.empty
    var userAgent = Bytes.empty
    var referer = Bytes.empty
    /// Who said the password that a route asked for.
    var user = Bytes.empty
    var retries = 0
    /// The server connection had served before.
    var reused = false
    /// A TCP connection: it has no head, no status, and `host` is the name of its TLS hello.
    var isTCP = false
    /// It went wrong: logged whatever the sampling says, and as a warning.
    var isNotable = false
    /// So many exchanges does the line stand for.
    var weight = 1
    /// Client connections at this moment over all workers: all, and those of the frontend.
    var connections = 0
    var frontendConnections = 0
    /// Connections of the worker to the backend's servers, and to the server, that are in use.
    var backendConnections = 0
    var serverConnections = 0
    /// Who stood in the same line when the exchange joined it: for the server, or for any.
    var serverQueue = 0
    var backendQueue = 0

    init() {}

    /// Takes over what was captured; `memory` begins where the capture began.
    mutating func setRequest(_ request: CapturedRequest, from memory: Bytes) {
        method = memory.slice(request.methodName)
        host = memory.slice(request.host)
        path = memory.slice(request.path)
        query = memory.slice(request.query)
        version = request.version
        userAgent = memory.slice(request.userAgent)
        referer = memory.slice(request.referer)
    }
}

enum AccessLogLine {
    /// Room that every line fits in, JSON or text, with every byte escaped.
    static var limitBytes: Int {
        6 * (2 * pathLimitBytes + 3 * fieldLimitBytes + 10 * nameLimitBytes) + 1_536
    }
    static var pathLimitBytes: Int { 2_048 }
    private static var fieldLimitBytes: Int { 256 }
    static var nameLimitBytes: Int { 128 }

    /// One JSON object and a line feed. False, and nothing written, if there is no room.
    static func writeJSON(_ entry: AccessLogEntry, into writer: inout ByteWriter) -> Bool {
        let start = writer.count
        writer.append("{\"time\":\"")
        WallClockText.writeISO8601(milliseconds: entry.timeMilliseconds, to: &writer)
        writer.append("\",\"request_id\":\"")
        entry.requestID.write(to: &writer)
        field("\",\"client_ip\":\"", entry.clientIP, nameLimitBytes, &writer)
        number("\",\"client_port\":", Int64(entry.clientPort), &writer)
        field(",\"frontend\":\"", entry.frontend, nameLimitBytes, &writer)
        field("\",\"route\":\"", entry.route, nameLimitBytes, &writer)
        field("\",\"backend\":\"", entry.backend, nameLimitBytes, &writer)
        field("\",\"server\":\"", entry.server, nameLimitBytes, &writer)
        field("\",\"method\":\"", entry.method, 32, &writer)
        field("\",\"host\":\"", entry.host, fieldLimitBytes, &writer)
        field("\",\"path\":\"", entry.path, pathLimitBytes, &writer)
        field("\",\"query\":\"", entry.query, pathLimitBytes, &writer)
        writer.append("\",\"version\":\"")
        writer.append(versionName(entry.version))
        number("\",\"status\":", Int64(entry.status), &writer)
        number(",\"bytes_in\":", entry.bytesIn, &writer)
        number(",\"bytes_out\":", entry.bytesOut, &writer)
        duration(",\"request_ms\":", entry.requestMicroseconds, &writer)
        duration(",\"queue_ms\":", entry.queueMicroseconds, &writer)
        duration(",\"connect_ms\":", entry.connectMicroseconds, &writer)
        duration(",\"response_ms\":", entry.responseMicroseconds, &writer)
        duration(",\"total_ms\":", entry.totalMicroseconds, &writer)
        word(",\"state\":\"", entry.state, &writer)
        word("\",\"termination\":\"", entry.termination, &writer)
        word("\",\"phase\":\"", entry.phase, &writer)
        word("\",\"error\":\"", entry.error, &writer)
        writer.append("\",\"generation\":")
        writeDigits(entry.generation, &writer)
        writer.append(",\"pid\":")
        writeDigits(entry.pid, &writer)
        field(",\"user_agent\":\"", entry.userAgent, fieldLimitBytes, &writer)
        field("\",\"referer\":\"", entry.referer, fieldLimitBytes, &writer)
        number("\",\"retries\":", Int64(entry.retries), &writer)
        number(",\"weight\":", Int64(entry.weight), &writer)
        writer.append(entry.reused ? ",\"reused\":true" : ",\"reused\":false")
        if !entry.user.isEmpty {
            field(",\"user\":\"", entry.user, nameLimitBytes, &writer)
            writer.append("\"")
        }
        writer.append("}\n")
        return finish(start, &writer)
    }

    @inline(__always)
    private static func field(
        _ key: StaticString, _ value: Bytes, _ limit: Int, _ writer: inout ByteWriter
    ) {
        writer.append(key)
        JSONText.write(value, limit: limit, to: &writer)
    }

    /// One of ours: nothing in it needs an escape.
    @inline(__always)
    private static func word(_ key: StaticString, _ value: Bytes, _ writer: inout ByteWriter) {
        writer.append(key)
        writer.append(value.prefix(64))
    }

    @inline(__always)
    private static func number(_ key: StaticString, _ value: Int64, _ writer: inout ByteWriter) {
        writer.append(key)
        writer.append(decimal: value)
    }

    /// Milliseconds with three digits behind the point; null where it did not come to that.
    private static func duration(
        _ key: StaticString, _ microseconds: Int64, _ writer: inout ByteWriter
    ) {
        writer.append(key)
        guard microseconds >= 0 else {
            writer.append("null")
            return
        }
        fraction(microseconds, &writer)
    }

    /// Milliseconds with three digits behind the point.
    static func fraction(_ microseconds: Int64, _ writer: inout ByteWriter) {
        writer.append(decimal: microseconds / 1_000)
        writer.append(ASCII.dot)
        writer.append(padded: microseconds % 1_000, width: 3)
    }

    private static func writeDigits(_ digits: Bytes, _ writer: inout ByteWriter) {
        writer.append(digits.isEmpty ? Bytes("0") : digits)
    }

    static func versionName(_ version: HTTPVersion) -> StaticString {
        switch version {
        case .http10: "HTTP/1.0"
        case .http11: "HTTP/1.1"
        }
    }

    // MARK: Text

    /// `client_ip:port [time] frontend backend/server`
    static func begin(_ entry: AccessLogEntry, backend: Bytes, _ writer: inout ByteWriter) {
        client(entry, &writer)
        writer.append(" [")
        WallClockText.writeLogTime(milliseconds: entry.timeMilliseconds, to: &writer)
        writer.append("] ")
        name(entry.frontend, "-", &writer)
        writer.append(ASCII.space)
        name(backend, "-", &writer)
        writer.append(ASCII.slash)
        name(entry.server, "<NOSRV>", &writer)
    }

    /// `client_ip:port [time] frontend backend/server Tq/Tw/Tc/Tr/Tt status bytes termination
    /// "METHOD path VERSION" request_id` and a line feed. Times are whole milliseconds, -1 where it
    /// did not come to that. False, and nothing written, if there is no room.
    static func writeText(_ entry: AccessLogEntry, into writer: inout ByteWriter) -> Bool {
        let start = writer.count
        begin(entry, backend: entry.backend, &writer)
        writer.append(ASCII.space)
        milliseconds(entry.requestMicroseconds, &writer)
        writer.append(ASCII.slash)
        milliseconds(entry.queueMicroseconds, &writer)
        writer.append(ASCII.slash)
        milliseconds(entry.connectMicroseconds, &writer)
        writer.append(ASCII.slash)
        milliseconds(entry.responseMicroseconds, &writer)
        writer.append(ASCII.slash)
        milliseconds(entry.totalMicroseconds, &writer)
        writer.append(ASCII.space)
        writer.append(decimal: Int64(entry.status))
        writer.append(ASCII.space)
        writer.append(decimal: entry.bytesOut)
        writer.append(ASCII.space)
        text(entry.state, 8, &writer)
        writer.append(" \"")
        requestLine(entry, &writer)
        writer.append("\" ")
        entry.requestID.write(to: &writer)
        writer.append("\n")
        return finish(start, &writer)
    }

    /// `192.0.2.7:54321`, `[::1]:54321`, `unix:0`.
    static func client(_ entry: AccessLogEntry, _ writer: inout ByteWriter) {
        let isIPv6 = entry.clientIP.firstIndex(of: ASCII.colon) != nil
        if isIPv6, entry.clientIP[0] == UInt8(ascii: "u") {
            text(entry.clientIP, nameLimitBytes, &writer)
            writer.append(decimal: Int64(entry.clientPort))
            return
        }
        if isIPv6 { writer.append(UInt8(ascii: "[")) }
        text(entry.clientIP, nameLimitBytes, &writer)
        if isIPv6 { writer.append(UInt8(ascii: "]")) }
        writer.append(ASCII.colon)
        writer.append(decimal: Int64(entry.clientPort))
    }

    /// `GET /path?query HTTP/1.1`, or HAProxy's word for what was not understood.
    static func requestLine(_ entry: AccessLogEntry, _ writer: inout ByteWriter) {
        if entry.method.isEmpty {
            writer.append("<BADREQ>")
            return
        }
        text(entry.method, 32, &writer)
        writer.append(ASCII.space)
        text(entry.path, pathLimitBytes, &writer)
        if !entry.query.isEmpty {
            writer.append(ASCII.questionMark)
            text(entry.query, pathLimitBytes, &writer)
        }
        writer.append(ASCII.space)
        writer.append(versionName(entry.version))
    }

    static func milliseconds(_ microseconds: Int64, _ writer: inout ByteWriter) {
        writer.append(decimal: microseconds < 0 ? -1 : microseconds / 1_000)
    }

    static func name(
        _ value: Bytes, _ absent: StaticString, _ writer: inout ByteWriter
    ) {
        if value.isEmpty { writer.append(absent) } else { text(value, nameLimitBytes, &writer) }
    }

    /// Visible ASCII as it is; quotes, backslashes and everything else as \xHH.
    static func text(_ value: Bytes, _ limit: Int, _ writer: inout ByteWriter) {
        let end = min(value.count, limit)
        var index = value.prefix(end).endOfPrintable(at: 0)
        writer.append(value.prefix(index))
        while index < end {
            let byte = value[index]
            if byte >= ASCII.space, byte < 0x7F, byte != UInt8(ascii: "\""),
                byte != ASCII.backslash
            {
                writer.append(byte)
            } else {
                writer.append("\\x")
                writer.append(ByteWriter.hexDigit(byte >> 4))
                writer.append(ByteWriter.hexDigit(byte & 15))
            }
            index &+= 1
        }
    }

    static func finish(_ start: Int, _ writer: inout ByteWriter) -> Bool {
        guard writer.overflowed else { return true }
        writer.truncate(to: start)
        return false
    }
}
