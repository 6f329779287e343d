// What the echo server does, by path. A number in a path is bytes or milliseconds, as said.

internal import Foundation
internal import Synchronization

extension EchoServer {
    /// Answers; false ends the connection.
    func answer(
        _ request: ReceivedRequest, on socket: TestSocket, _ reader: RequestReader
    ) throws -> Bool {
        let parts = request.path.split(separator: "/").map(String.init)
        let number = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
        switch parts.first ?? "" {
        case "head":  // the request's head as it arrived here
            try respond(socket, body: Array(request.head.utf8))
        case "upload":  // length and checksum of what arrived
            try respond(socket, body: Array(Self.checksum(request.body).utf8))
        case "bytes":  // that many bytes
            try respond(socket, body: Self.pattern(number))
        case "chunked":  // that many bytes, in chunks of 1000
            try respondChunked(socket, Self.pattern(number))
        case "delay":  // that many milliseconds
            delayed.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
            Thread.sleep(forTimeInterval: Double(number) / 1000)
            // Before the answer: behind it the next request may come.
            delayed.withLock { $0.now -= 1 }
            try respond(socket, body: Array("late".utf8))
        case "status":
            try respond(socket, status: number, body: [])
        case "health":  // what a test wants it to be
            checks.add()
            try respond(socket, status: health, body: [])
        case "close":  // a length, and then the end
            try respond(socket, fields: ["Connection: close"], body: Array("bye".utf8))
            return false
        case "until-close":  // no framing but the end
            try socket.send("HTTP/1.0 200 OK\r\n\r\n")
            try socket.send(Self.pattern(number))
            return false
        case "trickle":  // 100 bytes every so many milliseconds, until the peer goes
            try trickle(socket, milliseconds: max(1, number))
        case "upgrade":  // 101, then an echo of bytes
            return try tunnel(socket, reader)
        default:
            return try misbehave(parts.first ?? "", number, request, socket)
        }
        return true
    }

    private func misbehave(
        _ behaviour: String, _ number: Int, _ request: ReceivedRequest, _ socket: TestSocket
    ) throws -> Bool {
        switch behaviour {
        case "hang":  // never answers
            _ = try? socket.receive(within: 120)
        case "reset":  // before the response
            socket.reset()
        case "vanish":  // ends before the response
            break
        case "cut":  // promises 1000 bytes, sends fewer
            try socket.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            try socket.send(Self.pattern(min(999, number)))
        case "cut-chunked":
            try socket.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nabc")
        case "nonsense":
            try socket.send("this is not HTTP\r\n\r\n")
        case "two-lengths":
            try socket.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab")
        case "huge-head":
            let value = String(repeating: "a", count: 100_000)
            try socket.send("HTTP/1.1 200 OK\r\nx: \(value)\r\nContent-Length: 0\r\n\r\n")
        case "interim":  // two interim responses, then the final one
            try socket.send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
            try socket.send("HTTP/1.1 103 Early Hints\r\nLink: </b>\r\n\r\n")
            try respond(socket, body: Array("final".utf8))
            return true
        case "extra":  // a second response that nobody asked for
            try respond(socket, body: Array("asked".utf8))
            try respond(socket, body: Array("foreign".utf8))
            return true
        case "refuse-body":  // a final answer before the body
            try respond(socket, status: 417, fields: ["Connection: close"], body: [])
        default:  // the target, so that the client can compare
            try respond(socket, body: Array(request.target.utf8))
            return true
        }
        return false
    }

    private func respond(
        _ socket: TestSocket, status: Int = 200, fields: [String] = [], body: [UInt8]
    ) throws {
        var head = "HTTP/1.1 \(status) Status\r\nX-Server: \(name)\r\n"
        for field in fields { head += field + "\r\n" }
        let hasNoBody = status == 204 || status == 304
        if !hasNoBody { head += "Content-Length: \(body.count)\r\n" }
        try socket.send(Array((head + "\r\n").utf8) + (hasNoBody ? [] : body), within: 60)
    }

    private func respondChunked(_ socket: TestSocket, _ body: [UInt8]) throws {
        let head = "HTTP/1.1 200 OK\r\nX-Server: \(name)\r\nTransfer-Encoding: chunked\r\n\r\n"
        try socket.send(Array(head.utf8) + HTTPClient.chunked(body, chunkBytes: 1000), within: 60)
    }

    private func trickle(_ socket: TestSocket, milliseconds: Int) throws {
        try socket.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        for _ in 0..<10_000 {
            try socket.send(Self.pattern(100))
            if socket.isReadable(within: Double(milliseconds) / 1000) { return }
        }
    }

    private func tunnel(_ socket: TestSocket, _ reader: RequestReader) throws -> Bool {
        try socket.send(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
        var bytes = reader.takeRest()
        while true {
            if !bytes.isEmpty { try socket.send(bytes) }
            bytes = try socket.receive(within: 120)
            if bytes.isEmpty { return false }
        }
    }

    /// `count` bytes that repeat every 251: a shift shows.
    public static func pattern(_ count: Int) -> [UInt8] {
        (0..<count).map { UInt8($0 % 251) }
    }

    /// Count and FNV-1a of bytes, as `/upload` answers.
    public static func checksum(_ bytes: [UInt8]) -> String {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return "\(bytes.count) \(String(hash, radix: 16))"
    }
}
