// Which request goes over which connection to a server: by policy, by client, by loop; and that
// nothing of one client's answer ever reaches another.

import Glibc
import Model
import SharedState
import Synchronization
import Syscalls
import Testing

@testable import DataPlane

@Suite struct EngineReuseTests {
    private static let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    private static let post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"

    private func harness(
        _ origin: EngineOrigin, _ policy: ReuseSettings.Policy, loops: Int = 1,
        _ change: (inout EngineHarness.Options) -> Void = { _ in }
    ) throws -> EngineHarness {
        var options = EngineHarness.Options()
        options.reuse.policy = policy
        options.loopCount = loops
        change(&options)
        return try EngineHarness(origins: [origin.port], options)
    }

    private func ask(_ client: EngineSocket, _ request: String = get) {
        client.send(request)
        #expect(client.takeMessage()?.status == 200)
    }

    private func connections(_ origin: EngineOrigin) -> Int {
        origin.connectionCount
    }

    /// One client twice, then another one at once, then that one again: connections in all.
    @Test(arguments: [
        (ReuseSettings.Policy.never, [1, 2, 3, 4]), (.safe, [1, 1, 2, 2]),
        (.aggressive, [1, 1, 1, 1]), (.always, [1, 1, 1, 1]),
    ])
    func policies(policy: ReuseSettings.Policy, expected: [Int]) throws {
        let origin = try EngineOrigin.echo()
        let harness = try harness(origin, policy)
        let first = try harness.connect()
        let second = try harness.connect()
        for (client, count) in zip([first, first, second, second], expected) {
            ask(client)
            #expect(connections(origin) == count)
            #expect(
                harness.gauge(.upstreamIdle, becomes: policy == .never ? 0 : UInt64(min(count, 2))))
        }
    }

    /// After a second of silence another client may have it, its first POST not.
    @Test func safeHandsOverAfterSilence() throws {
        let origin = try EngineOrigin.echo()
        let harness = try harness(origin, .safe)
        let first = try harness.connect()
        ask(first)
        usleep(1_200_000)
        let poster = try harness.connect()
        ask(poster, Self.post)
        #expect(connections(origin) == 2)
        let getter = try harness.connect()
        ask(getter)
        #expect(connections(origin) == 2)
        // The poster's own is still its own.
        ask(poster, Self.post)
        #expect(connections(origin) == 2)
    }

    /// A client that asks several servers in turn finds its connection to each.
    @Test func ownConnectionsToManyServers() throws {
        let origins = try (0..<5).map { _ in try EngineOrigin.echo() }
        let harness = try EngineHarness(origins: origins.map(\.port))
        let clients = try (0..<3).map { _ in try harness.connect() }
        for _ in 0..<40 { for client in clients { ask(client) } }
        #expect(origins.map(connections).reduce(0, +) <= 15)
    }

    @Test func atMostSoManyAreKept() throws {
        let origin = try EngineOrigin.echo()
        let harness = try harness(origin, .aggressive) { $0.reuse.maxIdle = 2 }
        let clients = try (0..<5).map { _ in try harness.connect() }
        let slow =
            "GET /slow HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n"
        for client in clients { client.send(slow) }
        #expect(Wait.until(5) { connections(origin) == 5 })
        for client in clients {
            client.send("x")
            #expect(client.takeMessage()?.status == 200)
        }
        #expect(harness.gauge(.upstreamIdle, becomes: 2))
        #expect(harness.connections(of: 0) { $0 == ServerConnectionCounts(idle: 2) })
    }

    @Test func idleTimeout() throws {
        let origin = try EngineOrigin.echo()
        let harness = try harness(origin, .safe) { $0.reuse.idleTimeout = .milliseconds(200) }
        ask(try harness.connect())
        #expect(harness.gauge(.upstreamIdle, becomes: 0))
        #expect(harness.connections(of: 0) { $0.open == 0 })
    }

    /// Half of what is not needed goes each five seconds.
    @Test func purgeCount() {
        var server = UpstreamServer()
        server.inUseCount = 8
        server.noteUse()
        server.inUseCount = 0
        server.parkedCount = 8
        let first = server.purgeCount()
        #expect(first == 0)
        let second = server.purgeCount()
        #expect(second == 3)
        server.parkedCount = 5
        let last = server.purgeCount()
        #expect(last == 1)
    }

    /// One loop takes what the other has parked, and nothing is lost or counted twice.
    @Test(arguments: [2, 4]) func takeover(loopCount: Int) throws {
        let origin = try EngineOrigin.echo()
        let harness = try harness(origin, .aggressive, loops: loopCount)
        for _ in 0..<60 { ask(try harness.connect()) }
        #expect(connections(origin) < 30)
        let record = try #require(harness.serverRecord(0))
        // Maintenance empties all loops, whoever has what.
        func empty() {
            record.set(.adminState, UInt64(ServerAdminState.maintenance.rawValue))
            harness.attend()
            // The connections are told some ten times a second, the gauge in each round.
            #expect(harness.gauge(.upstreamIdle, becomes: 0))
            #expect(harness.connections(of: 0) { $0.open == 0 })
        }
        // One loop may have accepted all of them, or each may have got a connection of its own
        // before another had parked its: then they begin anew.
        var gone = 0
        #expect(
            Wait.until(20) {
                let totals = harness.traffic(EngineHarness.server(0))
                if totals[.takeovers] > 0 { return totals[.takeovers] <= totals[.reuses] }
                empty()
                gone = connections(origin)
                record.set(.adminState, UInt64(ServerAdminState.ready.rawValue))
                harness.attend()
                for _ in 0..<20 { if let client = try? harness.connect() { ask(client) } }
                return false
            })
        let open = connections(origin) - gone
        #expect(
            harness.connections(of: 0) { $0 == ServerConnectionCounts(idle: open) })
        #expect(harness.gauge(.upstreamIdle, becomes: UInt64(open)))
        empty()
    }

    /// In `safe`, another loop's connection is taken only after a second of silence, too.
    @Test func safeTakeover() throws {
        let origin = try EngineOrigin.echo()
        let harness = try harness(origin, .safe, loops: 2)
        for _ in 0..<8 { ask(try harness.connect()) }
        let opened = connections(origin)
        #expect(opened == 8)
        usleep(1_400_000)
        for _ in 0..<8 { ask(try harness.connect()) }
        #expect(connections(origin) == opened)
    }

    /// H3: second answers, at once and late, never reach another client.
    @Test func noForeignByteWithTwoAnswers() throws {
        let answered = Atomic<Int>(0)
        let origin = try EngineOrigin { connection in
            var random = SmallRandom(seed: UInt64(connection.fd))
            while let request = connection.takeHead() {
                let canary = request.field("x-canary") ?? ""
                let answer =
                    "HTTP/1.1 200 OK\r\nX-Canary: \(canary)\r\nContent-Length: "
                    + "\(canary.utf8.count)\r\n\r\n\(canary)"
                connection.send(answer)
                let kind = answered.add(1, ordering: .relaxed).newValue % 8
                if kind == 0 { connection.send(answer) }
                if kind == 1 {
                    usleep(UInt32(1_000 + random.next(below: 50_000)))
                    connection.send(answer)
                }
                if kind == 2, answered.load(ordering: .relaxed) % 64 == 2 {
                    usleep(UInt32(100_000 + random.next(below: 400_000)))
                    connection.send(answer)
                }
            }
        }
        let harness = try harness(origin, .safe, loops: 2)
        let verdict = CanaryVerdict()
        let clients = 24
        for number in 0..<clients {
            try Thread.start(name: "client") {
                var asked = 0
                while asked < EngineLoad.scaled(150) {
                    guard let client = try? harness.connect() else { break }
                    for turn in 0..<5 {
                        asked += 1
                        client.send(
                            "GET /\(asked) HTTP/1.1\r\nHost: a\r\nX-Canary: c\(number)\r\n\r\n")
                        let answer = client.takeMessage()
                        verdict.note(answer, own: "c\(number)")
                        if answer == nil || turn == 2 && asked % 3 == 0 { break }
                    }
                }
                verdict.finished.add(1, ordering: .relaxed)
            }
        }
        #expect(Wait.until(120) { verdict.finished.load(ordering: .relaxed) == clients })
        #expect(verdict.foreign.load(ordering: .relaxed) == 0)
        #expect(verdict.failed.load(ordering: .relaxed) == 0)
        #expect(harness.traffic(EngineHarness.server(0)) { $0[.desyncs] > 0 })
    }
}

/// What clients saw of canaries.
final class CanaryVerdict: Sendable {
    let foreign = Atomic<Int>(0)
    let failed = Atomic<Int>(0)
    let good = Atomic<Int>(0)
    let finished = Atomic<Int>(0)
    /// What the first client got that failed.
    let firstFailure = Guarded("")

    func note(_ answer: EngineMessage?, own: String) {
        guard let answer, answer.status == 200 else {
            failed.add(1, ordering: .relaxed)
            firstFailure.withLock {
                if $0.isEmpty { $0 = answer.map { "\($0)" } ?? "no answer" }
            }
            return
        }
        if answer.text == own, answer.field("x-canary") ?? own == own {
            good.add(1, ordering: .relaxed)
        } else {
            foreign.add(1, ordering: .relaxed)
        }
    }
}

/// How long a load lasts: a hundred times as long in `make soak`, which sets APUS_LONG=1, and
/// APUS_LOAD times in `make torture`.
enum EngineLoad {
    static let factor: Int = {
        if let times = value("APUS_LOAD").flatMap({ Int($0) }) { return max(1, times) }
        return value("APUS_LONG") == "1" ? 100 : 1
    }()

    static var isLong: Bool { factor > 1 }

    static func scaled(_ count: Int) -> Int { count * factor }

    /// By when a load of that length is over, on the busiest machine.
    static var deadlineSeconds: Double { 120 + 30 * Double(factor) }

    private static func value(_ name: String) -> String? {
        guard let text = unsafe getenv(name) else { return nil }
        return unsafe String(cString: text)
    }
}
