// Servers that speak at the wrong time or say the wrong length: their connections serve nobody else,
// are counted, and no byte of one client's answers reaches another. `make soak` runs the long form.

import Glibc
import Model
import SharedState
import Synchronization
import Syscalls
import Testing

@testable import DataPlane

@Suite struct EngineDesyncTests {
    /// An answer to a request that is not sent in full: it passes, and the connection is over.
    @Test(arguments: ["Content-Length: 10", "Transfer-Encoding: chunked"])
    func earlyAnswer(framing: String) throws {
        let origin = try EngineOrigin { connection in
            while connection.takeHead() != nil {
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            }
        }
        let harness = try EngineHarness(origins: [origin.port])
        for round in 1...3 {
            let client = try harness.connect()
            client.send("POST / HTTP/1.1\r\nHost: a\r\n\(framing)\r\n\r\n")
            let answer = try #require(client.takeMessage())
            #expect(answer.status == 200 && answer.text == "ok")
            #expect(answer.field("connection") == "close")
            // The rest of the body would be a request to such a server.
            client.send("GET / HTTP")
            #expect(harness.traffic(EngineHarness.server(0)) { $0[.desyncs] == UInt64(round) })
            #expect(origin.connectionCount == round)
        }
        #expect(harness.gauge(.upstreamIdle, becomes: 0))
    }

    /// To refuse a body that one was asked about is no fault. The client may send it all the same.
    @Test(arguments: ["", "GET /", "hello" + "GET /next HTTP/1.1\r\nHost: a\r\n\r\n"])
    func refusedBodyIsNone(rest: String) throws {
        let heads = Sent()
        let origin = try EngineOrigin { connection in
            while connection.takeHead() != nil {
                heads.bytes.add(1, ordering: .relaxed)
                connection.send("HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n")
            }
        }
        let harness = try EngineHarness(origins: [origin.port])
        let client = try harness.connect()
        client.send(
            "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
        #expect(client.takeMessage()?.status == 417)
        client.send(rest)
        #expect(client.endsSilently())
        #expect(
            harness.traffic(EngineHarness.server(0)) { $0[.requests] == 1 && $0[.desyncs] == 0 })
        #expect(harness.gauge(.upstreamIdle, becomes: 0))
        #expect(heads.bytes.load(ordering: .relaxed) == 1)
    }

    /// H15: bodies where the framing knows none, and a length where it means nothing.
    @Test(arguments: [
        ("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison", 200),
        ("GET", "HTTP/1.1 204 No\r\n\r\npoison", 204),
        (
            "GET", "HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n6\r\npoison\r\n0\r\n\r\n",
            204
        ),
        ("GET", "HTTP/1.1 304 Same\r\nContent-Length: 6\r\n\r\npoison", 304),
        ("GET", "HTTP/1.1 103 E\r\nContent-Length: 6\r\n\r\npoison", 502),
        (
            "GET",
            "HTTP/1.1 103 E\r\nContent-Length: 6\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
            200
        ),
    ])
    func bodiesWhereNoneBelong(method: String, answer: String, status: Int) throws {
        let origin = try EngineOrigin { connection in
            while let head = connection.takeHead() {
                let isAsked = head.startLine.contains("/wrong")
                connection.send(
                    isAsked ? answer : "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nright")
            }
        }
        let harness = try EngineHarness(origins: [origin.port])
        let client = try harness.connect()
        client.send("\(method) /wrong HTTP/1.1\r\nHost: a\r\n\r\n")
        var head = client.takeHead()
        while let interim = head, interim.status < 200 { head = client.takeHead() }
        #expect(head?.status == status)
        if status < 500 {
            client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(client.takeMessage()?.text == "right")
        }
        let other = try harness.connect()
        other.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(other.takeMessage()?.text == "right")
    }

    /// With something to keep the loop busy with: `/local` needs no server.
    private static func answeringLocally() -> EngineHarness.Options {
        var options = EngineHarness.Options()
        var local = Route(
            id: "l", action: .respond(LocalResponse(status: 200, body: Template(literal: "here"))))
        local.match.pathPrefixes = ["/local"]
        options.routes = [local, Route(id: "r", action: .backend("b"))]
        return options
    }

    /// The rest of the request comes while the loop is busy, and then the answer: the loop hears of
    /// both at once, and sends the one before it reads the other, which was there before that.
    @Test func answerThatWasThereBefore() throws {
        let restIsThere = Sent()
        let origin = try EngineOrigin { connection in
            while let head = connection.takeHead() {
                let round = Int(head.field("x-round") ?? "") ?? 0
                while restIsThere.bytes.load(ordering: .acquiring) < round { sched_yield() }
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            }
        }
        let harness = try EngineHarness(origins: [origin.port], Self.answeringLocally())
        let burst = String(repeating: "GET /local HTTP/1.1\r\nHost: a\r\n\r\n", count: 400)
        var round = 0
        let isFound = Wait.until(30) {
            round += 1
            guard let client = try? harness.connect(), let other = try? harness.connect() else {
                return false
            }
            client.send(
                "POST / HTTP/1.1\r\nHost: a\r\nX-Round: \(round)\r\nContent-Length: 2\r\n\r\na")
            _ = harness.gauge(.exchangesInFlight, becomes: 1)
            other.send(burst)
            client.send("b")
            restIsThere.bytes.store(round, ordering: .releasing)
            let answer = client.takeMessage()
            #expect(answer?.status == 200 && answer?.text == "ok")
            return harness.traffic(EngineHarness.server(0))[.desyncs] > 0
        }
        restIsThere.bytes.store(.max, ordering: .releasing)
        #expect(isFound)
        print("figure: an answer that came before the request went was found in round \(round)")
    }

    /// The second answer to a client's first request comes while the loop is busy, with or behind the
    /// client's second request: it is no answer to that.
    @Test func lateAnswerIsNotTheNextOne() throws {
        let rounds = 40
        let turn = Sent()
        let origin = try EngineOrigin { connection in
            while let head = connection.takeHead() {
                let target = head.startLine.split(separator: " ")[1]
                connection.send(
                    "HTTP/1.1 200 OK\r\nContent-Length: \(target.utf8.count)\r\n\r\n\(target)")
                guard let round = Int(head.field("x-round") ?? "") else { continue }
                while turn.bytes.load(ordering: .acquiring) < round { sched_yield() }
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstale")
            }
        }
        let harness = try EngineHarness(origins: [origin.port], Self.answeringLocally())
        // A turn serves few requests of each: many make a round that takes its time.
        let burst = String(repeating: "GET /local HTTP/1.1\r\nHost: a\r\n\r\n", count: 20)
        let others = try (0..<100).map { _ in try harness.connect() }
        var stale = 0
        for round in 1...rounds {
            let client = try harness.connect()
            client.send("GET /one HTTP/1.1\r\nHost: a\r\nX-Round: \(round)\r\n\r\n")
            #expect(client.takeMessage()?.text == "/one")
            for other in others { other.send(burst) }
            client.send("GET /two HTTP/1.1\r\nHost: a\r\n\r\n")
            turn.bytes.store(round, ordering: .releasing)
            let answer = client.takeMessage()?.text
            if answer == "stale" { stale += 1 } else { #expect(answer == "/two") }
        }
        turn.bytes.store(.max, ordering: .releasing)
        // Nobody can tell one that the server sent after it had the request; the network case `crossing`
        // has those that are sent before.
        print("figure: \(stale) of \(rounds) got the answer that came late")
        #expect(harness.traffic(EngineHarness.server(0)) { $0[.desyncs] > 0 })
    }

    /// H3: whatever servers do to the connections of others. A million requests in the long form.
    @Test func noForeignByte() throws {
        let (verdict, board) = try poison(.safe, requests: EngineLoad.isLong ? 50_000 : 150)
        #expect(verdict.foreign.load(ordering: .relaxed) == 0)
        #expect(
            verdict.failed.load(ordering: .relaxed) == 0, "\(verdict.firstFailure.withLock { $0 })")
        #expect(board.isShared)
    }

    /// The clients would notice: a policy that trusts the servers gives them each other's bytes.
    @Test func trustIsPunished() throws {
        let (verdict, _) = try poison(.aggressive, requests: 50)
        #expect(verdict.foreign.load(ordering: .relaxed) > 0)
    }

    private func poison(
        _ policy: ReuseSettings.Policy, requests: Int
    ) throws -> (verdict: CanaryVerdict, board: HandoverBoard) {
        let board = HandoverBoard()
        let origin = try PoisonousOrigin.make(board)
        var options = EngineHarness.Options()
        options.loopCount = 2
        options.reuse.policy = policy
        let harness = try EngineHarness(origins: [origin.port], options)
        let verdict = CanaryVerdict()
        let clients = 20
        for number in 0..<clients {
            try Thread.start(name: "client") {
                var client = PoisonedClient(number: number, verdict: verdict)
                // Long enough for connections to have been silent for a second.
                while client.asked < requests || !board.isShared {
                    guard client.asked < requests * 20 else { break }
                    client.visit(harness)
                }
                board.requests.add(client.asked, ordering: .relaxed)
                verdict.finished.add(1, ordering: .relaxed)
            }
        }
        let limit = EngineLoad.isLong ? 1_500.0 : 120
        #expect(Wait.until(limit) { verdict.finished.load(ordering: .relaxed) == clients })
        let totals = harness.traffic(EngineHarness.server(0))
        #expect(totals[.desyncs] > 0)
        print(
            "figure: \(policy): \(board.requests.load(ordering: .relaxed)) requests, "
                + "\(totals[.reuses]) reuses, \(board.count) of them by another client, "
                + "\(totals[.desyncs]) desyncs, "
                + "\(verdict.foreign.load(ordering: .relaxed)) answers with foreign bytes")
        return (verdict, board)
    }
}
