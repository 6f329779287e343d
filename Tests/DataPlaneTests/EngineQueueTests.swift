// Limits and queues with real loops: what the server sees at once, and what becomes of who waits.

import Glibc
import Model
import SharedState
import Synchronization
import Syscalls
import Testing

@testable import DataPlane

@Suite struct EngineQueueTests {
    private static func request(_ target: String) -> String {
        "GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n"
    }

    private static func options(
        limit: Int, loops: Int = 1, queueTimeout: Duration = .seconds(20)
    ) -> EngineHarness.Options {
        var options = EngineHarness.Options()
        options.limit = limit
        options.loopCount = loops
        options.timeouts.queue = queueTimeout
        options.log = true
        return options
    }

    /// Clients one after the other until the server has `present` and the queue the rest.
    private func queueUp(
        _ count: Int, at harness: EngineHarness, _ origin: CountingOrigin, present: Int,
        queued: Int
    ) throws -> [EngineSocket] {
        var clients: [EngineSocket] = []
        for number in 0..<count {
            clients.append(try harness.connect())
            clients[number].send(Self.request("/\(number)"))
            let soFar = number + 1
            #expect(
                Wait.until(10) {
                    origin.present == min(soFar, present)
                        && harness.queueLength == max(0, soFar - present)
                })
        }
        #expect(harness.queueLength == queued)
        return clients
    }

    /// The limit holds, everybody is served, and nothing is left behind.
    @Test(arguments: [(1, 1), (1, 4), (3, 2), (7, 3)])
    func theServerNeverSeesMore(limit: Int, loops: Int) throws {
        let origin = try CountingOrigin(work: 300)
        let harness = try EngineHarness(
            origins: [origin.port], Self.options(limit: limit, loops: loops))
        try Crowd.run(clients: 24, requests: 40, at: harness.port) { #expect($0 == 200) }
        #expect(origin.most <= limit)
        #expect(origin.order.count == 24 * 40)
        #expect(Wait.until(5) { harness.heldPermits(0) == 0 })
        #expect(harness.queueLength == 0)
        #expect(harness.traffic(EngineHarness.backend) { $0[.queued] > 0 })
    }

    /// First come, first served, in the order of arrival, whichever loops they came to.
    @Test(arguments: [1, 2, 8]) func firstComeFirstServed(loops: Int) throws {
        let origin = try CountingOrigin(work: nil)
        let harness = try EngineHarness(
            origins: [origin.port], Self.options(limit: 2, loops: loops))
        let clients = try queueUp(12, at: harness, origin, present: 2, queued: 10)
        for count in 1...12 {
            origin.letGo(1)
            #expect(Wait.until(5) { origin.order.count == min(12, count + 2) })
        }
        #expect(origin.order == (0..<12).map { "/\($0)" })
        for client in clients { #expect(client.takeMessage()?.status == 200) }
        let waited = harness.logLines(12).filter { !$0.contains("\"queue_ms\":0.000") }
        #expect(waited.count == 10)
    }

    @Test func theUrgentGoFirst() throws {
        let origin = try CountingOrigin(work: nil)
        var options = Self.options(limit: 1)
        var urgent = Route(id: "u", action: .backend("b"), priority: 0)
        urgent.match.pathPrefixes = ["/urgent"]
        options.routes = [urgent, Route(id: "r", action: .backend("b"))]
        let harness = try EngineHarness(origins: [origin.port], options)
        var clients: [EngineSocket] = []
        let targets = ["/0", "/1", "/2", "/urgent/1", "/urgent/2"]
        for (number, target) in targets.enumerated() {
            clients.append(try harness.connect())
            clients[number].send(Self.request(target))
            #expect(Wait.until(5) { origin.present + harness.queueLength == number + 1 })
        }
        origin.letGo(5)
        #expect(Wait.until(5) { origin.order.count == 5 })
        #expect(origin.order == ["/0", "/urgent/1", "/urgent/2", "/1", "/2"])
    }

    @Test func timeIsUp() throws {
        let origin = try CountingOrigin(work: nil)
        let harness = try EngineHarness(
            origins: [origin.port],
            Self.options(limit: 1, queueTimeout: .milliseconds(200)))
        let clients = try queueUp(2, at: harness, origin, present: 1, queued: 1)
        let answer = clients[1].takeMessage()
        #expect(answer?.status == 503)
        #expect(answer?.text.contains("queue-timeout") == true)
        #expect(answer?.field("retry-after") == "1")
        #expect(harness.queueLength == 0)
        let line = harness.logLines(1).first ?? ""
        #expect(line.contains("\"state\":\"sQ\""))
        #expect(line.contains("\"error\":\"queue-timeout\""))
        // Nothing was forwarded: what was received counts all the same.
        #expect(line.contains("\"bytes_in\":\(Self.request("/1").utf8.count),"), "\(line)")
        origin.letGo(1)
        #expect(clients[0].takeMessage()?.status == 200)
        #expect(Wait.until(5) { harness.heldPermits(0) == 0 })
    }

    @Test func theLineIsFull() throws {
        let origin = try CountingOrigin(work: nil)
        var options = Self.options(limit: 1)
        options.queue.max = 1
        let harness = try EngineHarness(origins: [origin.port], options)
        let clients = try queueUp(2, at: harness, origin, present: 1, queued: 1)
        let third = try harness.connect()
        third.send(Self.request("/"))
        let answer = third.takeMessage()
        #expect(answer?.status == 503 && answer?.text.contains("queue-full") == true)
        #expect(answer?.field("retry-after") == "1")
        origin.letGo(2)
        for client in clients { #expect(client.takeMessage()?.status == 200) }
    }

    /// A key whose server is full goes where it would go without that server: on along the ring.
    @Test(arguments: 0..<6) func aFullServersKeys(user: Int) throws {
        let origins = try (0..<6).map { _ in try CountingOrigin(work: nil) }
        var options = Self.options(limit: 1)
        options.balance = BalancePolicy(.hash, key: .header("x-user"))
        let harness = try EngineHarness(origins: origins.map(\.port), options)
        func ask() throws -> (client: EngineSocket, place: Int?) {
            let before = origins.map { $0.order.count }
            let client = try harness.connect()
            client.send("GET / HTTP/1.1\r\nHost: a\r\nX-User: u\(user)\r\n\r\n")
            #expect(Wait.until(5) { origins.map { $0.order.count } != before })
            return (client, origins.indices.first { origins[$0].order.count != before[$0] })
        }
        var (order, clients): ([Int], [EngineSocket]) = ([], [])
        for _ in origins {
            let (client, place) = try ask()
            clients.append(client)
            order.append(try #require(place))
        }
        #expect(Set(order).count == origins.count)
        for origin in origins { origin.letGo(1) }
        for client in clients { #expect(client.takeMessage()?.status == 200) }
        for place in order {
            let (client, served) = try ask()
            #expect(served == place)
            origins[place].letGo(1)
            #expect(client.takeMessage()?.status == 200)
            let record = try #require(harness.serverRecord(place))
            record.set(.adminState, UInt64(ServerAdminState.maintenance.rawValue))
            harness.attend()
            #expect(harness.gauge(.upstreamIdle, becomes: UInt64(order.count - 1)))
            order.removeFirst()
        }
    }

    /// Who leaves the line, by an end or by a reset, is not sent to the server.
    @Test(arguments: [false, true]) func clientsLeave(reset: Bool) throws {
        let origin = try CountingOrigin(work: nil)
        let harness = try EngineHarness(origins: [origin.port], Self.options(limit: 1, loops: 2))
        let clients = try queueUp(5, at: harness, origin, present: 1, queued: 4)
        clients[1].close(reset: reset)
        clients[3].close(reset: reset)
        #expect(Wait.until(5) { harness.queueLength == 2 })
        origin.letGo(5)
        for number in [0, 2, 4] { #expect(clients[number].takeMessage()?.status == 200) }
        #expect(origin.order == ["/0", "/2", "/4"])
        #expect(harness.logLines(5).count { $0.contains("\"state\":\"CQ\"") } == 2)
        #expect(Wait.until(5) { harness.heldPermits(0) == 0 })
    }

    /// Where each stood, as the `haproxy` format says it.
    @Test func placesAreLogged() throws {
        let origin = try CountingOrigin(work: nil)
        var options = Self.options(limit: 1)
        options.logSettings = LogSettings()
        options.logSettings?.accessTo = .standardOutput
        options.logSettings?.accessFormat = .haproxy
        let harness = try EngineHarness(origins: [origin.port], options)
        let clients = try queueUp(4, at: harness, origin, present: 1, queued: 3)
        origin.letGo(4)
        for client in clients { #expect(client.takeMessage()?.status == 200) }
        let places = harness.logLines(4).map { $0.split(separator: " ")[11] }
        #expect(places == ["0/0", "0/0", "0/1", "0/2"])
    }

    /// A request is served behind its client's half-close whether or not it had to wait: the place
    /// is kept, and what is sent to find out whether anybody is there is no answer.
    @Test(arguments: ["HTTP/1.1", "HTTP/1.0"]) func clientsEndTheirSide(version: String) throws {
        let origin = try CountingOrigin(work: nil)
        let harness = try EngineHarness(origins: [origin.port], Self.options(limit: 1, loops: 2))
        let first = try queueUp(1, at: harness, origin, present: 1, queued: 0)
        let half = try harness.connect()
        half.send("GET /half \(version)\r\nHost: a\r\nConnection: close\r\n\r\n")
        #expect(Wait.until(5) { harness.queueLength == 1 })
        half.endSending()
        let early = try harness.connect()
        early.send("GET /early \(version)\r\nHost: a\r\n\r\n")
        early.endSending()
        #expect(Wait.until(5) { harness.queueLength == 2 })
        if version == "HTTP/1.1" {
            #expect(half.takeHead()?.status == 100)
            #expect(early.takeHead()?.status == 100)
        }
        #expect(half.staysSilent(for: 0.1))
        #expect(harness.queueLength == 2)
        origin.letGo(3)
        #expect(first[0].takeMessage()?.status == 200)
        for client in [half, early] {
            #expect(client.takeMessage()?.status == 200)
            #expect(client.endsSilently() && !client.wasReset)
        }
        #expect(origin.order == ["/0", "/half", "/early"])
        #expect(Wait.until(5) { harness.heldPermits(0) == 0 })
    }

    /// In TCP the limit counts connections.
    @Test func connectionsAreCounted() throws {
        let origin = try EngineOrigin { connection in
            while case let bytes = connection.take(1, within: 60), !bytes.isEmpty {
                connection.send(bytes)
            }
        }
        var options = Self.options(limit: 2)
        options.mode = .tcp
        let harness = try EngineHarness(origins: [origin.port], options)
        let clients = try (0..<4).map { _ in try harness.connect() }
        for client in clients { client.send("x") }
        #expect(Wait.until(5) { harness.queueLength == 2 && harness.heldPermits(0) == 2 })
        #expect(Wait.until(5) { origin.connectionCount == 2 })
        for (number, client) in clients.enumerated() {
            #expect(client.take(1) == Array("x".utf8), "client \(number)")
            client.close()
        }
        #expect(Wait.until(5) { harness.heldPermits(0) == 0 })
    }

    /// A loop that drains serves who waits; a loop that stops gives everything back.
    @Test func draining() throws {
        let origin = try CountingOrigin(work: nil)
        let harness = try EngineHarness(origins: [origin.port], Self.options(limit: 1, loops: 2))
        let clients = try queueUp(4, at: harness, origin, present: 1, queued: 3)
        harness.release()
        // A loop without a client may be done already; not all of them.
        #expect(!harness.awaitReport(within: 0.2) { $0 == .drained })
        origin.letGo(4)
        for client in clients { #expect(client.takeMessage()?.status == 200) }
        for client in clients { client.close() }
        #expect(harness.awaitReport { $0 == .drained })
        #expect(harness.heldPermits(0) == 0 && harness.queueLength == 0)
    }

    @Test(arguments: [1, 3]) func stopping(loops: Int) throws {
        let origin = try CountingOrigin(work: nil)
        let harness = try EngineHarness(
            origins: [origin.port], Self.options(limit: 2, loops: loops))
        let clients = try queueUp(8, at: harness, origin, present: 2, queued: 6)
        harness.stop()
        #expect(harness.heldPermits(0) == 0 && harness.queueLength == 0)
        // Of several loops the last to be stopped may have been handed a permit of the first.
        if loops == 1 { #expect(origin.order.count == 2) }
        for client in clients { #expect(client.takeAll().isEmpty) }
    }

    /// Servers that refuse connections: permits come back, and who waits goes on.
    @Test func refusingServer() throws {
        let origin = try CountingOrigin(work: 200)
        let gone = try TCPSocket.bind(.loopback(port: 0))
        let port = try TCPSocket.localAddress(gone.rawValue).port
        let harness = try EngineHarness(
            origins: [port, origin.port], Self.options(limit: 1, loops: 2))
        try Crowd.run(clients: 12, requests: 10, at: harness.port) { #expect($0 == 200) }
        #expect(origin.most == 1)
        #expect(Wait.until(5) { harness.heldPermits(0) + harness.heldPermits(1) == 0 })
        _ = consume gone
    }
}
