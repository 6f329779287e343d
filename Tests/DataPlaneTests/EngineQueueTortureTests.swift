// Four servers that take one request at a time, under more clients than they can serve: some leave,
// some wait too long, one server goes to maintenance or drains, one goes down and comes up all the
// time. Nobody is stuck, no server sees two requests at once, none is idle while somebody waits that
// it would take, and nothing is held in the end. `make torture` runs it for ten million requests.

import Glibc
import Model
import SharedState
import Synchronization
import Syscalls
import Testing

@testable import DataPlane

@Suite struct EngineQueueTortureTests {
    /// How many of the requests that are answered a server has at once, each of them for as long as
    /// it takes two to meet. Those whose client leaves are not counted: the proxy gives up their
    /// connection, and the server learns of it later.
    private final class Watch: Sendable {
        let present = Atomic(0)
        let most = Atomic(0)
        let served = Atomic(0)

        func play(_ connection: EngineSocket) {
            var random = SmallRandom(seed: UInt64(truncatingIfNeeded: connection.fd) &* 7_919)
            while let request = connection.takeHead(within: 60) {
                let isCounted = request.startLine.hasPrefix("GET /stay")
                if isCounted {
                    let now = present.add(1, ordering: .sequentiallyConsistent).newValue
                    most.max(now, ordering: .relaxed)
                }
                served.add(1, ordering: .relaxed)
                // The kernel adds some 50 µs.
                usleep(UInt32(1 + random.next(below: 60)))
                if isCounted { present.subtract(1, ordering: .sequentiallyConsistent) }
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            }
        }
    }

    private final class Tally: Sendable {
        let answered = Atomic(0)
        let timedOut = Atomic(0)
        let left = Atomic(0)
        let wrong = Atomic(0)
        let finished = Atomic(0)

        var total: Int {
            answered.load(ordering: .relaxed) + timedOut.load(ordering: .relaxed)
                + left.load(ordering: .relaxed)
        }
        var text: String {
            "\(answered.load(ordering: .relaxed)) served, "
                + "\(timedOut.load(ordering: .relaxed)) waited too long, "
                + "\(left.load(ordering: .relaxed)) left"
        }
    }

    private static let clientCount = 24

    @Test(arguments: [(2, 30_000), (8, 30_000), (4, 3)])
    func nobodyIsStuck(loopCount: Int, queueMilliseconds: Int) throws {
        let watches = (0..<4).map { _ in Watch() }
        let origins = try watches.map { watch in try EngineOrigin { watch.play($0) } }
        let harness = try EngineHarness(
            origins: origins.map(\.port),
            Self.options(limit: 1, loopCount: loopCount, queueMilliseconds))
        let tally = Tally()
        let began = ContinuousClock.now
        let rounds = EngineLoad.isLong ? EngineLoad.scaled(300) : 150
        try start(harness, rounds: rounds, tally)
        var flaps = try Flaps(harness)
        var idle = IdleSpans()
        var returns = IdleSpans()
        func look(_ place: Int, into spans: inout IdleSpans) {
            let served = watches[place].served.load(ordering: .relaxed)
            spans.look(meanwhile: { watches.reduce(0) { $0 + $1.served.load(ordering: .relaxed) } })
            {
                harness.heldPermits(place) == 0 && harness.queueLength > 0
                    && harness.heldPermits(place) == 0
                    && watches[place].served.load(ordering: .relaxed) == served
            }
        }
        let isOver = Wait.until(EngineLoad.deadlineSeconds) {
            if let back = flaps.next() { look(back, into: &returns) }
            for place in watches.indices where flaps.takesNew(place) { look(place, into: &idle) }
            return tally.finished.load(ordering: .relaxed) == Self.clientCount
        }
        flaps.end()
        let seconds = Double((ContinuousClock.now - began) / .milliseconds(1)) / 1_000
        #expect(isOver)
        for origin in origins { origin.stop() }
        #expect(watches.map { $0.most.load(ordering: .relaxed) } == [1, 1, 1, 1])
        #expect(tally.wrong.load(ordering: .relaxed) == 0)
        #expect((tally.timedOut.load(ordering: .relaxed) > 0) == (queueMilliseconds < 1_000))
        #expect(Wait.until(10) { origins.indices.allSatisfy { harness.heldPermits($0) == 0 } })
        #expect(Wait.until(10) { harness.queueLength == 0 })
        // A permit is free with somebody waiting only while a thread is between two of its steps. On
        // a busy machine it may be put aside there; what no look must find is that this is usual.
        #expect(idle.share(ofAtLeast: .milliseconds(5)) < 0.01)
        // With so many looks each of them counts, unless the machine gave others no time either.
        if EngineLoad.isLong { #expect(idle.unexcused(ofAtLeast: .milliseconds(5)) == 0) }
        // Far more than a turn takes, far less than any timer that could help.
        #expect(idle.longest < .seconds(2))
        // The loops have to get there first.
        #expect(returns.share(ofAtLeast: .milliseconds(500)) < 0.01)
        print(
            "figure: queue, \(loopCount) loops, \(queueMilliseconds) ms: \(tally.total) requests: "
                + "\(tally.text); \(Int(Double(tally.total) / seconds)) a second; "
                + "a free server and a waiter: \(idle.text); a server that is back: \(returns.text)"
        )
    }

    /// The watch can see what it looks for: two requests at once, where two are allowed.
    @Test func twoAtOnceAreSeen() throws {
        let watch = Watch()
        let origin = try EngineOrigin { watch.play($0) }
        let harness = try EngineHarness(
            origins: [origin.port], Self.options(limit: 2, loopCount: 2, 30_000))
        let tally = Tally()
        try start(harness, rounds: 20, tally)
        #expect(Wait.until(60) { tally.finished.load(ordering: .relaxed) == Self.clientCount })
        #expect(watch.most.load(ordering: .relaxed) == 2)
    }

    private static func options(
        limit: Int, loopCount: Int, _ queueMilliseconds: Int
    ) -> EngineHarness.Options {
        var options = EngineHarness.Options()
        options.loopCount = loopCount
        options.limit = limit
        options.timeouts.queue = .milliseconds(queueMilliseconds)
        // Health counts, and only the test says what it is.
        options.check = HealthCheck()
        options.worker = 1
        return options
    }

    private func start(_ harness: EngineHarness, rounds: Int, _ tally: Tally) throws {
        for number in 0..<Self.clientCount {
            try Thread.start(name: "client") {
                Self.play(harness, number, rounds, tally)
                tally.finished.add(1, ordering: .relaxed)
            }
        }
    }

    /// One request after the other over a connection, which ends now and then.
    private static func play(
        _ harness: EngineHarness, _ number: Int, _ rounds: Int, _ tally: Tally
    ) {
        var random = SmallRandom(seed: UInt64(number) &* 104_729 &+ 1)
        var client = try? harness.connect()
        for _ in 0..<rounds {
            if random.next(below: 20) == 0 {
                client?.send("GET /leave HTTP/1.1\r\nHost: a\r\n\r\n")
                client?.close(reset: random.next(below: 2) == 0)
                client = try? harness.connect()
                tally.left.add(1, ordering: .relaxed)
                continue
            }
            client?.send("GET /stay HTTP/1.1\r\nHost: a\r\n\r\n")
            switch client?.takeMessage(within: 60)?.status {
            case 200: tally.answered.add(1, ordering: .relaxed)
            case 503:
                tally.timedOut.add(1, ordering: .relaxed)
                client = try? harness.connect()
            default:
                tally.wrong.add(1, ordering: .relaxed)
                client = try? harness.connect()
            }
        }
    }
}

/// The first server goes to drain and to maintenance, the second one down, each for a while and at
/// times of its own; the others stay.
private struct Flaps {
    private let harness: EngineHarness
    private let records: [ServerRecord]
    private var round = 0
    private var admin = ServerAdminState.ready
    private var health = ServerHealthState.up

    init(_ harness: EngineHarness) throws {
        self.harness = harness
        records = try (0..<2).map { try #require(harness.serverRecord($0)) }
    }

    func takesNew(_ place: Int) -> Bool {
        switch place {
        case 0: admin == .ready
        case 1: health.takesTraffic
        default: true
        }
    }

    /// One step; which server is back since now.
    mutating func next() -> Int? {
        round += 1
        let old = (admin, health)
        if round % 32 == 0 {
            let states: [ServerAdminState] = [.ready, .drain, .ready, .maintenance]
            admin = states[round / 32 % states.count]
        }
        if round % 23 == 0 { health = round / 23 % 2 == 0 ? .up : .down }
        guard old != (admin, health) else { return nil }
        say()
        if old.0 != .ready, admin == .ready { return 0 }
        return old.1 == .down && health == .up ? 1 : nil
    }

    mutating func end() {
        (admin, health) = (.ready, .up)
        say()
    }

    private func say() {
        records[0].set(.adminState, UInt64(admin.rawValue))
        records[1].set(.health, UInt64(health.rawValue))
        harness.attend()
    }
}

/// How long something lasted that should not be, as it is found by looking now and then: what is
/// found is looked at without a pause until it is over. Long ones are found more easily.
private struct IdleSpans {
    private struct Span {
        var duration: Duration
        /// What went on meanwhile: nothing, where the machine was elsewhere.
        var progress: Int
    }
    /// Requests of others in a span by which it is clear that the machine was there.
    private static let progressMin = 24

    private var looks = 0
    private var found: [Span] = []

    mutating func look(meanwhile count: () -> Int, _ isIdle: () -> Bool) {
        looks += 1
        guard isIdle() else { return }
        var (since, last, before) = (ContinuousClock.now, ContinuousClock.now, count())
        while isIdle(), last - since < .seconds(10) {
            sched_yield()
            let now = ContinuousClock.now
            // We were put aside ourselves, and do not know what was in between.
            if now - last > .milliseconds(100) { (since, before) = (now, count()) }
            last = now
        }
        found.append(Span(duration: last - since, progress: count() - before))
    }

    private var longestSpan: Span? { found.max { $0.duration < $1.duration } }
    var longest: Duration { longestSpan?.duration ?? .zero }

    /// How many lasted so long while others went on.
    func unexcused(ofAtLeast duration: Duration) -> Int {
        found.count { $0.duration >= duration && $0.progress >= Self.progressMin }
    }

    /// Of all looks, how many found one that lasted so long.
    func share(ofAtLeast duration: Duration) -> Double {
        Double(found.count { $0.duration >= duration }) / Double(max(1, looks))
    }

    var text: String {
        guard let longestSpan else { return "never in \(looks) looks" }
        let sorted = found.map(\.duration).sorted()
        func microseconds(_ share: Int) -> Int {
            Int(sorted[(sorted.count - 1) * share / 100] / .microseconds(1))
        }
        return "\(found.count) of \(looks) looks, for \(microseconds(50)) µs (median), "
            + "\(microseconds(99)) µs (p99), \(microseconds(100)) µs (most, and "
            + "\(longestSpan.progress) requests meanwhile)"
    }
}
