// One of ten servers is slow, or fails at once: what it costs the clients of the backend. Shares are
// asserted, times are reported, and asserted in the long form.

import Clock
import Glibc
import Model
import SharedState
import Synchronization
import Syscalls
import Testing

@testable import DataPlane

@Suite struct EngineSlowServerTests {
    private static let quick: UInt32 = 5_000
    private static let clients = 12
    private static let warmUp = 30

    private static func options() -> EngineHarness.Options {
        var options = EngineHarness.Options()
        options.loopCount = 2
        options.balance = BalancePolicy(.peakEWMA)
        return options
    }

    /// Milliseconds of each request, sorted, but for those by which the servers got to be known.
    private static func run(_ harness: EngineHarness, requests: Int) throws -> [Double] {
        let times = Guarded<[Double]>([])
        let finished = Atomic<Int>(0)
        for _ in 0..<clients {
            try Thread.start(name: "client") {
                let client = try? harness.connect()
                for request in -warmUp..<requests {
                    let start = ContinuousClock.now
                    client?.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                    guard client?.takeMessage()?.status == 200 else { break }
                    let took = (ContinuousClock.now - start) / .milliseconds(1)
                    if request >= 0 { times.withLock { $0.append(took) } }
                }
                finished.add(1, ordering: .relaxed)
            }
        }
        #expect(Wait.until(120) { finished.load(ordering: .relaxed) == clients })
        let sorted = times.withLock { $0.sorted() }
        #expect(sorted.count == clients * requests)
        return sorted
    }

    /// Q5: one of ten is ten times as slow as the others.
    @Test func oneOfTenIsSlow() throws {
        let requests = EngineLoad.isLong ? 5_000 : 150
        let good = try (0..<9).map { _ in try CountingOrigin(work: Self.quick) }
        let slow = try CountingOrigin(work: Self.quick * 10)
        let nine = try Self.run(
            try EngineHarness(origins: good.map(\.port), Self.options()), requests: requests)
        let harness = try EngineHarness(origins: (good + [slow]).map(\.port), Self.options())
        let ten = try Self.run(harness, requests: requests)
        let all = ten.count + Self.warmUp * Self.clients
        let share = Double(slow.order.count) / Double(all) * 100
        func p99(_ times: [Double]) -> Double { times[times.count * 99 / 100] }
        print(
            "figure: p99 \(p99(nine)) ms of nine servers, \(p99(ten)) ms with a slow tenth, "
                + "which got \(share) % of \(all) requests")
        // A tenth would be its share by turns; on a busy machine the others look slow too.
        #expect(share < 5)
        if EngineLoad.isLong { #expect(p99(ten) <= p99(nine) * 1.5) }
    }

    /// Q5: one of ten fails at once, which makes it look quick.
    @Test func oneOfTenFails() throws {
        let good = try (0..<9).map { _ in try CountingOrigin(work: Self.quick) }
        let bad = try EngineOrigin { connection in
            while connection.takeHead() != nil {
                connection.send("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")
            }
        }
        var options = Self.options()
        options.ejection = Ejection()
        let harness = try EngineHarness(
            origins: [bad.port] + good.map(\.port), options)
        let start = ContinuousClock.now
        let ejectedAfter = Guarded<Double?>(nil)
        let failures = Atomic<Int>(0)
        try Crowd.run(
            clients: Self.clients, requests: 100, at: harness.port,
            meanwhile: { _ in
                guard harness.serverRecord(0)?[.ejections] ?? 0 > 0 else { return }
                let took = (ContinuousClock.now - start) / .milliseconds(1)
                ejectedAfter.withLock { $0 = $0 ?? took }
            },
            { if $0 != 200 { failures.add(1, ordering: .relaxed) } })
        let after = try #require(ejectedAfter.withLock { $0 })
        let failed = failures.load(ordering: .relaxed)
        print("figure: out after \(after) ms and \(failed) of \(Self.clients * 100) requests")
        #expect(after < 2_000)
        // Five in a row, and what was with it meanwhile.
        #expect(failed <= 5 + Self.clients)
    }

    /// All of ten fail: at no moment are more than five of them out.
    @Test func neverMoreThanHalf() throws {
        let bad = try EngineOrigin { connection in
            while connection.takeHead() != nil {
                connection.send("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")
            }
        }
        var options = Self.options()
        options.ejection = Ejection()
        options.ejection?.baseTime = .milliseconds(600)
        let harness = try EngineHarness(origins: Array(repeating: bad.port, count: 10), options)
        var most = 0
        var everOut = Set<Int>()
        // Since when each is out, in milliseconds, and until when.
        var out: [Int: (since: UInt64, until: UInt64)] = [:]
        try Crowd.run(
            clients: 8, requests: 400, at: harness.port,
            meanwhile: { _ in
                let now = Instant.now().nanoseconds / 1_000_000
                for place in 0..<10 {
                    let until = harness.serverRecord(place)?[.ejectedUntil] ?? 0
                    if until <= now { out[place] = nil }
                    if until > now, out[place]?.until != until { out[place] = (now, until) }
                }
                // One that is one too many is taken back before anybody is told.
                let sure = out.filter { now - $0.value.since > 300 }
                most = max(most, sure.count)
                everOut.formUnion(sure.keys)
            },
            { #expect($0 == 500) })
        #expect(most <= 5)
        #expect(everOut.count > 1)
        print("figure: \(most) of 10 out at once at most, \(everOut.count) at some time")
    }
}
