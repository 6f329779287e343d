// A small HTTP/1.1 client that can also misbehave: it sends what it is told and reads strictly.

/// One client connection. One thread at a time.
public final class HTTPClient: @unchecked Sendable {
    public let socket: TestSocket
    private var buffer: [UInt8] = []
    private var start = 0
    private var ended: Bool?

    public init(_ socket: TestSocket) {
        self.socket = socket
    }

    /// To 127.0.0.1.
    public convenience init(port: Int, receiveBufferBytes: Int? = nil) throws {
        self.init(try TestSocket.connect(port: port, receiveBufferBytes: receiveBufferBytes))
    }

    /// To a unix socket.
    public convenience init(path: String) throws {
        self.init(try TestSocket.connect(path: path))
    }

    /// A request as text: fields, and Content-Length if there is a body.
    public static func request(
        _ method: String = "GET", _ target: String = "/", host: String? = "test.example",
        fields: [String] = [], body: [UInt8]? = nil
    ) -> [UInt8] {
        var head = "\(method) \(target) HTTP/1.1\r\n"
        if let host { head += "Host: \(host)\r\n" }
        for field in fields { head += field + "\r\n" }
        if let body { head += "Content-Length: \(body.count)\r\n" }
        return Array((head + "\r\n").utf8) + (body ?? [])
    }

    /// A body in chunks of that size, with its end.
    public static func chunked(_ body: [UInt8], chunkBytes: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        var offset = 0
        while offset < body.count {
            let end = min(body.count, offset + chunkBytes)
            bytes += Array("\(String(end - offset, radix: 16))\r\n".utf8)
            bytes += body[offset..<end]
            bytes += Array("\r\n".utf8)
            offset = end
        }
        return bytes + Array("0\r\n\r\n".utf8)
    }

    /// Sends a request and does not wait for its response.
    public func send(_ method: String, _ target: String, host: String = "test.example") throws {
        try socket.send(Self.request(method, target, host: host, fields: [], body: nil))
    }

    /// Sends a request and reads its response.
    public func exchange(
        _ method: String = "GET", _ target: String = "/", host: String? = "test.example",
        fields: [String] = [], body: [UInt8]? = nil, within seconds: Double = 10
    ) throws -> HTTPResponse {
        try socket.send(
            Self.request(method, target, host: host, fields: fields, body: body), within: seconds)
        return try response(to: method, within: seconds)
    }

    /// Reads the next final response; interim ones are skipped unless asked for.
    public func response(
        to method: String = "GET", within seconds: Double = 10, interim: Bool = false
    ) throws -> HTTPResponse {
        let deadline = Deadline(seconds: seconds)
        while true {
            let response = try one(to: method, deadline)
            if interim || response.status >= 200 || response.status == 101 { return response }
        }
    }

    /// Bytes after the last response: of a tunnel, or of the next response.
    public func raw(atLeast count: Int, within seconds: Double = 10) throws -> [UInt8] {
        let deadline = Deadline(seconds: seconds)
        while available < count { try fill(deadline, inside: true) }
        return take(available)
    }

    /// Whether the server closes within that time without a further byte.
    public func isEnded(within seconds: Double) -> Bool {
        if ended != nil { return available == 0 }
        do {
            let more = try socket.receive(within: seconds)
            buffer += more
            if more.isEmpty { ended = false }
        } catch let failure as SocketFailure where failure.isReset {
            ended = true
        } catch {
            return false
        }
        return ended != nil && available == 0
    }

    /// Whether the end of the stream, or anything unasked, is already here.
    public var isStale: Bool { ended != nil || available > 0 || socket.isReadable() }

    // MARK: Reading

    private var available: Int { buffer.count - start }

    private func one(to method: String, _ deadline: Deadline) throws -> HTTPResponse {
        var response = try head(deadline)
        let hasNoBody =
            method == "HEAD" || response.status < 200 || response.status == 204
            || response.status == 304
        let coding = response["Transfer-Encoding"]?.lowercased()
        let length = response.values("Content-Length")
        if Set(length).count > 1 { throw ResponseFailure.malformed("lengths \(length)") }
        response.isReusable =
            response.version == "HTTP/1.1"
            && response["Connection"]?.lowercased().contains("close") != true
        if hasNoBody {
            return response
        } else if coding == "chunked" {
            guard length.isEmpty else { throw ResponseFailure.malformed("chunked and a length") }
            response.isChunked = true
            response.body = try chunks(deadline)
        } else if let text = length.first {
            guard let count = Int(text) else { throw ResponseFailure.malformed("length \(text)") }
            while available < count { try fill(deadline, inside: true) }
            response.body = take(count)
        } else {
            response.isReusable = false
            while ended == nil { try fillToEnd(deadline) }
            if ended == true { throw ResponseFailure.endedInside(wasReset: true) }
            response.body = take(available)
        }
        return response
    }

    private func head(_ deadline: Deadline) throws -> HTTPResponse {
        var lines: [String] = []
        while true {
            let line = try line(deadline, inside: !lines.isEmpty)
            if line.isEmpty { break }
            lines.append(line)
        }
        let parts = (lines.first ?? "").split(separator: " ", maxSplits: 2)
        guard parts.count >= 2, parts[0].hasPrefix("HTTP/1."), let status = Int(parts[1]) else {
            throw ResponseFailure.malformed(lines.first ?? "no status line")
        }
        var fields: [(name: String, value: String)] = []
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else {
                throw ResponseFailure.malformed(line)
            }
            let value = line[line.index(after: colon)...]
            fields.append((String(line[..<colon]), value.trimmed))
        }
        return HTTPResponse(
            version: String(parts[0]), status: status,
            reason: parts.count > 2 ? String(parts[2]) : "", fields: fields, body: [],
            isReusable: false, isChunked: false)
    }

    private func chunks(_ deadline: Deadline) throws -> [UInt8] {
        var body: [UInt8] = []
        while true {
            let line = try line(deadline, inside: true)
            let digits = line.prefix { $0 != ";" }
            guard let count = Int(digits, radix: 16) else {
                throw ResponseFailure.malformed("chunk \(line)")
            }
            if count == 0 { break }
            while available < count + 2 { try fill(deadline, inside: true) }
            body += take(count)
            guard take(2) == [13, 10] else { throw ResponseFailure.malformed("chunk's end") }
        }
        while try !line(deadline, inside: true).isEmpty {}
        return body
    }

    private func line(_ deadline: Deadline, inside: Bool) throws -> String {
        var searched = start
        while true {
            if let feed = buffer[searched...].firstIndex(of: 10) {
                guard feed > start, buffer[feed - 1] == 13 else {
                    throw ResponseFailure.malformed("bare line feed")
                }
                let line = String(decoding: buffer[start..<(feed - 1)], as: UTF8.self)
                start = feed + 1
                return line
            }
            searched = buffer.count
            let before = start
            try fill(deadline, inside: inside || available > 0)
            searched -= before - start
        }
    }

    private func take(_ count: Int) -> [UInt8] {
        let bytes = Array(buffer[start..<(start + count)])
        start += count
        if start == buffer.count {
            buffer.removeAll(keepingCapacity: true)
            start = 0
        }
        return bytes
    }

    private func fill(_ deadline: Deadline, inside: Bool) throws {
        try fillToEnd(deadline)
        if let ended {
            throw inside
                ? ResponseFailure.endedInside(wasReset: ended)
                : ResponseFailure.endedBefore(wasReset: ended)
        }
    }

    private func fillToEnd(_ deadline: Deadline) throws {
        if ended != nil { return }
        if start > 1 << 20 {
            buffer.removeFirst(start)
            start = 0
        }
        do {
            let more = try socket.receive(within: Double(deadline.remainingMilliseconds) / 1000)
            if more.isEmpty { ended = false }
            buffer += more
        } catch let failure as SocketFailure where failure.isReset {
            ended = true
        } catch let failure as SocketFailure where failure.isTimeout {
            throw ResponseFailure.timeout
        }
    }
}

extension Substring {
    var trimmed: String {
        String(
            drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }
                .reversed())
    }
}
