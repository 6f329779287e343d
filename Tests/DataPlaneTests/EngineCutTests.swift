// H14: a server that ends, or resets, behind any byte of its response. Whoever has sent a byte of a
// request that may not be repeated sends it once; and a client never takes the part for the whole.

import Model
import SharedState
import Testing

@testable import DataPlane

@Suite struct EngineCutTests {
    private static let head = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
    private static let body = "hello"
    private static var wholeBytes: Int { head.utf8.count + body.utf8.count }

    /// Answers `/N/…` with the first N bytes of its answer, and is gone; anything else in full. The
    /// ledger has how often each target came.
    private func origin(_ ledger: Guarded<[String: Int]>) throws -> EngineOrigin {
        try EngineOrigin { connection in
            while let request = connection.takeMessage() {
                let words = request.startLine.split(separator: " ")
                ledger.withLock { $0[String(words[1]), default: 0] += 1 }
                let parts = words[1].split(separator: "/")
                guard let kept = parts.first.flatMap({ Int($0) }) else {
                    connection.send(Self.head + Self.body)
                    continue
                }
                connection.send(Array((Self.head + Self.body).utf8.prefix(kept)))
                if kept == Self.wholeBytes { continue }
                return connection.close(reset: parts.last == "reset")
            }
        }
    }

    @Test(arguments: ["GET", "POST"], [false, true])
    func behindEveryByte(method: String, onReused: Bool) throws {
        let ledger = Guarded<[String: Int]>([:])
        let origin = try origin(ledger)
        var options = EngineHarness.Options()
        options.retries.when = [.connectFailure, .emptyResponse]
        let harness = try EngineHarness(origins: [origin.port], options)
        for ending in ["end", "reset"] {
            for kept in 0...Self.wholeBytes {
                let target = "/\(kept)/\(ending)"
                let client = try harness.connect()
                if onReused {
                    client.send("GET /warm HTTP/1.1\r\nHost: a\r\n\r\n")
                    #expect(client.takeMessage()?.text == Self.body)
                }
                client.send(
                    "\(method) \(target) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                        + "Content-Length: 3\r\n\r\nabc")
                let answer = try #require(client.takeHead(), "\(target)")
                let rest = client.takeAll()
                let arrived = ledger.withLock { $0[target] ?? 0 }
                // A reset may overtake what was sent before it: then it is as if nothing was.
                let isRepeated = method == "GET" && (kept == 0 || ending == "reset")
                #expect(isRepeated ? (1...5).contains(arrived) : arrived == 1, "\(target)")
                if answer.status == 200 {
                    #expect(kept >= Self.head.utf8.count, "\(target)")
                    #expect(Array(Self.body.utf8).starts(with: rest), "\(target)")
                    #expect((rest.count == 5) == (kept == Self.wholeBytes), "\(target)")
                } else {
                    #expect(answer.status == 502 && kept < Self.wholeBytes, "\(target)")
                    #expect(ending == "reset" || kept < Self.head.utf8.count, "\(target)")
                }
            }
        }
        #expect(harness.gauge(.clientConnections, becomes: 0))
        #expect(harness.gauge(.exchangesInFlight, becomes: 0))
    }
}
