// Sessions that end before their time: those that fit and no others, counted exactly, with what the
// client and the log are told.

import Glibc
import Model
import SharedState
import Syscalls
import Testing
import Wire

@testable import DataPlane

@Suite struct EngineSessionEndingTests {
    /// Takes requests and answers none, but those for `/half` by half.
    private func silentOrigin() throws -> EngineOrigin {
        try EngineOrigin { connection in
            while let request = connection.takeHead(within: 30) {
                if request.startLine.contains("/half") {
                    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
                }
            }
        }
    }

    private func order(
        _ id: UInt64, max: Int = 1_000, backend: String? = nil, server: String? = nil,
        client: String? = nil, minAge: Int = 0
    ) -> SessionOrder {
        SessionOrder(
            id: id, max: max, backend: backend, server: server, client: client,
            minAgeMilliseconds: minAge)
    }

    @Test(arguments: [1, 3])
    func ofAServer(loopCount: Int) throws {
        let origins = [try silentOrigin(), try silentOrigin()]
        var options = EngineHarness.Options()
        options.loopCount = loopCount
        options.log = true
        let harness = try EngineHarness(origins: origins.map(\.port), options)
        let clients = try (0..<20).map { _ in try harness.connect() }
        for (number, client) in clients.enumerated() {
            client.send("GET /\(number % 4 < 2 ? "half" : "none") HTTP/1.1\r\nHost: a\r\n\r\n")
        }
        #expect(
            Wait.until(10) {
                harness.connections(of: 0).inUse + harness.connections(of: 1).inUse == 20
            })
        let ofFirst = harness.connections(of: 0).inUse
        #expect(ofFirst > 0 && ofFirst < 20)
        let count = harness.endSessions(order(1, backend: "b", server: "s0"))
        #expect(count?.matched == ofFirst && count?.ended == ofFirst)
        var (refused, cut, left) = (0, 0, 0)
        for client in clients {
            let head = client.takeHead(within: 0.3)
            switch head?.status {
            case 503: refused += 1
            case 200 where client.isCut(within: 0.3): cut += 1
            default: left += 1
            }
        }
        #expect(refused + cut == ofFirst && left == 20 - ofFirst)
        #expect(harness.endSessions(order(2, backend: "b", server: "s0"))?.matched == 0)
        harness.stop()
        #expect(harness.logLines(20).count { $0.contains("session-killed") } == ofFirst)
    }

    @Test func atMostSoMany() throws {
        let origin = try silentOrigin()
        var options = EngineHarness.Options()
        options.loopCount = 4
        let harness = try EngineHarness(origins: [origin.port], options)
        let clients = try (0..<16).map { _ in try harness.connect() }
        for client in clients { client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n") }
        #expect(Wait.until(10) { harness.connections(of: 0).inUse == 16 })
        let count = harness.endSessions(order(1, max: 5, backend: "b"))
        #expect(count?.matched == 16 && count?.ended == 5)
        #expect(clients.count { $0.takeHead(within: 0.2)?.status == 503 } == 5)
    }

    @Test func byClientAndAge() throws {
        let origin = try silentOrigin()
        let harness = try EngineHarness(origins: [origin.port])
        let clients = try (0..<3).map { _ in try harness.connect() }
        clients[0].send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(Wait.until(10) { harness.connections(of: 0).inUse == 1 })
        #expect(harness.endSessions(order(1, client: "10.0.0.0/8"))?.matched == 0)
        #expect(harness.endSessions(order(2, client: "127.0.0.0/8", minAge: 60_000))?.matched == 0)
        #expect(harness.endSessions(order(3, backend: "b", client: "127.0.0.1"))?.ended == 1)
        // Without a backend it is the connections: those without a request, too.
        #expect(Wait.until(10) { harness.worker[.clientConnections] >= 2 })
        #expect((harness.endSessions(order(4, client: "127.0.0.1"))?.ended ?? 0) >= 2)
        #expect(clients[1].endsSilently(within: 5) && clients[2].endsSilently(within: 5))
        #expect(harness.endSessions(order(5, backend: "no-such"))?.matched == 0)
        #expect(harness.endSessions(order(6, client: "rubbish"))?.matched == 0)
    }

    /// A limit of one: what an ended session held goes to the next in line.
    @Test func thePermitGoesOn() throws {
        let origin = try silentOrigin()
        var options = EngineHarness.Options()
        options.limit = 1
        let harness = try EngineHarness(origins: [origin.port], options)
        let first = try harness.connect()
        first.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(Wait.until(10) { harness.connections(of: 0).inUse == 1 })
        let second = try harness.connect()
        second.send("GET /half HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(harness.endSessions(order(1, backend: "b", server: "s0"))?.ended == 1)
        #expect(first.takeHead()?.status == 503)
        #expect(second.takeHead()?.status == 200)
        #expect(harness.place.heldCount(EngineHarness.server(0)) == 1)
    }

    @Test func markedDown() throws {
        let origins = [try silentOrigin(), try silentOrigin()]
        var options = EngineHarness.Options()
        options.log = true
        let harness = try EngineHarness(origins: origins.map(\.port), options)
        let clients = try (0..<4).map { _ in try harness.connect() }
        for client in clients { client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n") }
        #expect(Wait.until(10) { harness.connections(of: 0).inUse == 2 })
        harness.serverRecord(0)?.endSessions(because: .markedDown)
        harness.attend()
        #expect(clients.count { $0.takeHead(within: 1)?.status == 503 } == 2)
        harness.serverRecord(1)?.endSessions(because: .backupOver)
        harness.attend()
        #expect(Wait.until(5) { harness.connections(of: 1).inUse == 0 })
        harness.stop()
        let lines = harness.logLines(4)
        #expect(lines.count { $0.contains("server-down") && $0.contains("\"state\":\"DH\"") } == 2)
        #expect(lines.count { $0.contains("backup-over") && $0.contains("\"state\":\"UH\"") } == 2)
    }

    /// The configuration that came after has it no more: sessions end, and who waits for it goes to
    /// another server. Whose configuration has it again keeps what it has.
    @Test(arguments: [(6, false), (7, true), (8, true)])
    func removed(generation: Int, isKept: Bool) throws {
        let origins = try [CountingOrigin(work: nil), CountingOrigin(work: nil)]
        var options = EngineHarness.Options()
        options.generation = generation
        options.limit = 1
        options.loopCount = 2
        options.timeouts.queue = .seconds(60)
        options.stickiness = .cookie(StickyCookie(name: "SRV"))
        options.log = true
        let harness = try EngineHarness(origins: origins.map(\.port), options)
        func ask(_ number: Int) throws -> EngineSocket {
            let client = try harness.connect()
            let cookie = StickyCookie.key(backend: "b", server: "s0")
            client.send("GET /\(number) HTTP/1.1\r\nHost: a\r\nCookie: SRV=\(cookie)\r\n\r\n")
            return client
        }
        let first = try ask(1)
        #expect(Wait.until(5) { origins[0].present == 1 })
        let second = try ask(2)
        #expect(Wait.until(5) { harness.queueLength == 1 })
        harness.serverRecord(0)?.retire(before: 7)
        harness.attend()
        if isKept {
            #expect(first.staysSilent(for: 0.2) && harness.queueLength == 1)
            origins[0].letGo(2)
            #expect(first.takeMessage()?.status == 200 && second.takeMessage()?.status == 200)
            #expect(origins[0].order == ["/1", "/2"])
            return
        }
        #expect(first.takeMessage()?.text.contains("server-removed") == true)
        #expect(Wait.until(5) { origins[1].order == ["/2"] })
        let third = try ask(3)
        origins[1].letGo(2)
        #expect(second.takeMessage()?.status == 200 && third.takeMessage()?.status == 200)
        #expect(origins[0].order == ["/1"] && origins[1].order == ["/2", "/3"])
        harness.stop()
        let ended = harness.logLines(3).filter { $0.contains("server-removed") }
        #expect(ended.count == 1 && ended[0].contains("\"state\":\"DH\""))
        #expect(harness.heldPermits(0) == 0)
    }
}

extension EngineSocket {
    /// Whether the connection ends within the time, behind whatever has come.
    fileprivate func isCut(within seconds: Double) -> Bool {
        _ = takeAll(within: seconds)
        return ended
    }
}
