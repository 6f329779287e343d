// What is sent again, where to, how often, and what never is (H14): by the origin's own ledger.

import Glibc
import Model
import SharedState
import Synchronization
import Syscalls
import Testing

@testable import DataPlane

@Suite struct EngineRetryTests {
    /// An origin that reads requests and treats each as `answer` says; nil: resets without a word.
    private func origin(
        _ ledger: Sent, _ answer: @escaping @Sendable (EngineMessage) -> String?
    ) throws -> EngineOrigin {
        try EngineOrigin { connection in
            while let request = connection.takeMessage() {
                ledger.bytes.add(1, ordering: .relaxed)
                guard let text = answer(request) else {
                    connection.close(reset: true)
                    return
                }
                connection.send(text)
            }
        }
    }

    private func status(_ status: Int, _ body: String = "") -> String {
        "HTTP/1.1 \(status) X\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    private func harness(
        _ origins: [EngineOrigin], _ when: [RetrySettings.Condition],
        _ change: (inout EngineHarness.Options) -> Void = { _ in }
    ) throws -> EngineHarness {
        var options = EngineHarness.Options()
        options.retries.when = when
        options.log = true
        change(&options)
        return try EngineHarness(origins: origins.map(\.port), options)
    }

    private func count(_ ledger: Sent) -> Int { ledger.bytes.load(ordering: .relaxed) }

    /// One server of two fails: who may be repeated is, and nobody else.
    @Test(arguments: [
        ("GET", 0, [RetrySettings.Condition.emptyResponse], 200), ("PUT", 4, [.emptyResponse], 200),
        ("POST", 4, [.emptyResponse], 502), ("GET", 0, [.connectFailure], 502),
        ("GET", 0, [.status503], 502),
    ])
    func emptyResponse(
        method: String, bodyBytes: Int, when: [RetrySettings.Condition], expected: Int
    ) throws {
        let (bad, good) = (Sent(), Sent())
        let origins = [try origin(bad) { _ in nil }, try origin(good) { status(200, $0.text) }]
        let harness = try harness(origins, when)
        let body = String(repeating: "b", count: bodyBytes)
        var failed = 0
        for _ in 0..<4 {
            let client = try harness.connect()
            client.send(
                "\(method) / HTTP/1.1\r\nHost: a\r\nContent-Length: \(bodyBytes)\r\n\r\n\(body)")
            let answer = try #require(client.takeMessage())
            if answer.status == 200 { #expect(answer.text == body) } else { failed += 1 }
            #expect(answer.status == 200 || answer.status == expected)
        }
        // An attempt takes a turn, so those of the next request may begin with either.
        let lost = count(bad)
        #expect(lost > 0 && lost <= 4)
        #expect(failed == (expected == 200 ? 0 : lost))
        #expect(count(good) == 4 - failed)
        if expected == 200 {
            #expect(harness.traffic(EngineHarness.backend) { $0[.retries] == UInt64(lost) })
            #expect(harness.logLines(4).filter { $0.contains("\"retries\":1") }.count == lost)
        }
    }

    /// Each status that can be asked for; who does not ask, or sends what may not be repeated, gets
    /// it as it is.
    @Test(
        arguments: RetrySettings.Condition.allCases.filter { Int($0.rawValue) != nil },
        [true, false])
    func statuses(condition: RetrySettings.Condition, isAsked: Bool) throws {
        let code = try #require(Int(condition.rawValue))
        for method in ["GET", "POST"] {
            let (bad, good) = (Sent(), Sent())
            let origins = [
                try origin(bad) { _ in status(code, "busy") },
                try origin(good) { _ in status(200) },
            ]
            let asked = RetrySettings.Condition.allCases.filter { ($0 == condition) == isAsked }
            let harness = try harness(origins, asked)
            var seen: Set<Int> = []
            for _ in 0..<4 {
                let client = try harness.connect()
                client.send("\(method) / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
                seen.insert(client.takeMessage()?.status ?? 0)
            }
            let isRepeated = isAsked && method == "GET"
            #expect(seen == (isRepeated ? [200] : [200, code]))
            #expect(count(bad) > 0)
            let retries = isRepeated ? count(bad) : 0
            #expect(harness.traffic(EngineHarness.backend) { $0[.retries] == UInt64(retries) })
        }
    }

    /// Any other status is an answer, whatever is asked for.
    @Test(arguments: [400, 404, 501, 505, 507]) func otherStatuses(code: Int) throws {
        let (bad, good) = (Sent(), Sent())
        let origins = [
            try origin(bad) { _ in status(code) }, try origin(good) { _ in status(200) },
        ]
        let harness = try harness(origins, RetrySettings.Condition.allCases)
        let seen = Set(
            try (0..<4).map { _ in
                let client = try harness.connect()
                client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                return client.takeMessage()?.status ?? 0
            })
        #expect(seen == [200, code])
    }

    /// The last attempt's answer is the client's, whatever it is.
    @Test func theLastAnswerPasses() throws {
        let ledger = Sent()
        let origins = try (0..<2).map { _ in
            try origin(ledger) { _ in status(503, "really") }
        }
        let harness = try harness(origins, [.status503]) { $0.retries.count = 1 }
        let client = try harness.connect()
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        let answer = try #require(client.takeMessage())
        #expect(answer.status == 503)
        #expect(answer.text == "really")
        #expect(count(ledger) == 2)
    }

    /// A body is kept as far as the buffer goes.
    @Test(arguments: [(40_000, 65_536, 200), (200_000, 65_536, 503), (40_000, 0, 503)])
    func replayedBody(bodyBytes: Int, bufferBytes: Int, expected: Int) throws {
        let ledger = Sent()
        let origins = try (0..<2).map { _ in
            try origin(ledger) { request in
                ledger.bytes.load(ordering: .relaxed) % 2 == 1
                    ? status(503) : status(200, request.text)
            }
        }
        let harness = try harness(origins, [.status503]) {
            $0.retries.bufferBytes = bufferBytes
        }
        let client = try harness.connect()
        let body = String((0..<bodyBytes).map { Character(UnicodeScalar(UInt8(97 + $0 % 23))) })
        client.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: \(bodyBytes)\r\n\r\n")
        usleepTenth()
        client.send(body)
        let answer = try #require(client.takeMessage())
        #expect(answer.status == expected)
        if expected == 200 { #expect(answer.text == body) }
    }

    /// The only server refuses at first: it is tried again after a while.
    @Test func theSameServerAfterAPause() throws {
        let port = try {
            let socket = try TCPSocket.bind(.loopback(port: 0))
            return try TCPSocket.localAddress(socket.rawValue).port
        }()
        let harness = try EngineHarness(origins: [port])
        let client = try harness.connect()
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi")
        usleepTenth()
        #expect(harness.worker[.upstreamConnects] == 1)
        let listener = try TCPSocket.bind(.loopback(port: port))
        try TCPSocket.listen(listener.rawValue, backlog: 16)
        var accepted: EngineSocket?
        #expect(
            Wait.until(5) {
                if let taken = try? TCPSocket.accept(listener.rawValue) {
                    accepted = EngineSocket(owning: taken.takeConnection().take())
                }
                return accepted != nil
            })
        let server = try #require(accepted)
        #expect(server.takeMessage()?.text == "hi")
        server.send(status(200))
        #expect(client.takeMessage()?.status == 200)
    }

    /// A client that goes away while its request pauses leaves nothing behind.
    @Test func clientLeavesInAPause() throws {
        let harness = try EngineHarness(origins: [1])
        for _ in 0..<5 {
            let client = try harness.connect()
            client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            usleep(50_000)
            client.close(reset: true)
        }
        #expect(harness.gauge(.clientConnections, becomes: 0))
        #expect(harness.gauge(.exchangesInFlight, becomes: 0))
    }

    /// H14: every server resets every request. The servers see a fifth more than the clients sent,
    /// and the few that are always allowed; no POST comes twice.
    @Test func totalFailure() throws {
        let (gets, posts) = (Sent(), Sent())
        let origins = try (0..<3).map { _ in
            try EngineOrigin { connection in
                guard let request = connection.takeMessage() else { return }
                (request.startLine.hasPrefix("GET") ? gets : posts).bytes.add(
                    1, ordering: .relaxed)
                connection.close(reset: true)
            }
        }
        let harness = try harness(origins, [.connectFailure, .emptyResponse])
        let start = ContinuousClock.now
        var asked = 0
        for number in 0..<EngineLoad.scaled(600) {
            let isGet = number % 4 != 0
            if isGet { asked += 1 }
            let client = try harness.connect()
            client.send(
                "\(isGet ? "GET" : "POST") / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
            #expect(client.takeMessage()?.status == 502)
        }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        #expect(count(posts) == EngineLoad.scaled(600) - asked)
        let limit = Double(EngineLoad.scaled(600)) * 0.2 + 3 * seconds + 6
        #expect(Double(count(gets) - asked) <= limit)
        #expect(count(gets) > asked)
    }
}
