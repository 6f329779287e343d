// The server's side of HTTP/1 for the echo server: reads requests strictly, one after another.

/// A request as the echo server got it.
struct ReceivedRequest: Sendable {
    var method: String
    var target: String
    /// The head as it came, without the last empty line.
    var head: String
    var fields: [(name: String, value: String)]
    var body: [UInt8] = []

    subscript(name: String) -> String? {
        fields.first { $0.name.lowercased() == name }?.value
    }

    var path: String { String(target.prefix { $0 != "?" }) }
    var keepsAlive: Bool { self["connection"]?.lowercased().contains("close") != true }
}

/// Reads requests off a connection. One thread.
final class RequestReader {
    let socket: TestSocket
    private(set) var buffer: [UInt8] = []

    init(_ socket: TestSocket) {
        self.socket = socket
    }

    /// The next head, or nil when the peer has ended, or sent nonsense.
    func head() -> ReceivedRequest? {
        var searched = 0
        while true {
            if let end = Self.end(of: buffer, from: searched) {
                let text = String(decoding: buffer[..<end], as: UTF8.self)
                buffer.removeFirst(end + 4)
                return Self.parse(text)
            }
            searched = max(0, buffer.count - 3)
            guard fill() else { return nil }
        }
    }

    /// The body that the head announces; nil when it ends too early.
    func body(of request: ReceivedRequest) -> [UInt8]? {
        if request["transfer-encoding"]?.lowercased() == "chunked" { return chunkedBody() }
        let count = Int(request["content-length"] ?? "0") ?? 0
        while buffer.count < count { guard fill() else { return nil } }
        let body = Array(buffer.prefix(count))
        buffer.removeFirst(count)
        return body
    }

    /// What has arrived beyond the last message.
    func takeRest() -> [UInt8] {
        defer { buffer = [] }
        return buffer
    }

    private func chunkedBody() -> [UInt8]? {
        var body: [UInt8] = []
        while let line = line() {
            guard let count = Int(line.prefix { $0 != ";" }, radix: 16) else { return nil }
            if count == 0 {
                while let trailer = self.line() { if trailer.isEmpty { return body } }
                return nil
            }
            while buffer.count < count + 2 { guard fill() else { return nil } }
            body += buffer.prefix(count)
            buffer.removeFirst(count + 2)
        }
        return nil
    }

    private func line() -> String? {
        while true {
            if let feed = buffer.firstIndex(of: 10) {
                let line = String(decoding: buffer[..<feed], as: UTF8.self)
                buffer.removeFirst(feed + 1)
                return line.hasSuffix("\r") ? String(line.dropLast()) : line
            }
            guard fill() else { return nil }
        }
    }

    private func fill() -> Bool {
        guard let more = try? socket.receive(within: 300), !more.isEmpty else { return false }
        buffer += more
        return true
    }

    private static func end(of bytes: [UInt8], from start: Int) -> Int? {
        guard bytes.count >= 4, start <= bytes.count - 4 else { return nil }
        return (start...(bytes.count - 4)).first {
            bytes[$0] == 13 && bytes[$0 + 1] == 10 && bytes[$0 + 2] == 13 && bytes[$0 + 3] == 10
        }
    }

    private static func parse(_ text: String) -> ReceivedRequest? {
        let lines = text.split(separator: "\r\n", omittingEmptySubsequences: false)
        let parts = (lines.first ?? "").split(separator: " ")
        guard parts.count == 3 else { return nil }
        let fields = lines.dropFirst().compactMap { line -> (name: String, value: String)? in
            guard let colon = line.firstIndex(of: ":") else { return nil }
            return (String(line[..<colon]), line[line.index(after: colon)...].trimmed)
        }
        return ReceivedRequest(
            method: String(parts[0]), target: String(parts[1]), head: text, fields: fields)
    }
}
