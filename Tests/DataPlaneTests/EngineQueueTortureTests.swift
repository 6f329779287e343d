// Two servers that take one request at a time, under more clients than they can serve: some leave,
// some wait too long, and one of the servers goes to maintenance and comes back all the time. Nobody
// is stuck, no server sees two requests at once, and nothing is held in the end. `make torture` runs
// it for millions of requests.

import Model
import SharedState
import Synchronization
import Syscalls
import Testing

@testable import DataPlane

@Suite struct EngineQueueTortureTests {
    /// How many of the requests that are answered a server has at once. Those whose client leaves
    /// are not counted: the proxy gives up their connection, and the server learns of it later.
    private final class Watch: Sendable {
        let present = Atomic(0)
        let most = Atomic(0)
        let served = Atomic(0)

        func play(_ connection: EngineSocket) {
            while let request = connection.takeHead(within: 60) {
                let isCounted = request.startLine.hasPrefix("GET /stay")
                if isCounted {
                    let now = present.add(1, ordering: .relaxed).newValue
                    most.max(now, ordering: .relaxed)
                }
                served.add(1, ordering: .relaxed)
                if isCounted { present.subtract(1, ordering: .relaxed) }
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

        var text: String {
            "\(answered.load(ordering: .relaxed)) served, "
                + "\(timedOut.load(ordering: .relaxed)) waited too long, "
                + "\(left.load(ordering: .relaxed)) left"
        }
    }

    @Test(arguments: [(2, 30_000), (8, 30_000), (4, 20)])
    func nobodyIsStuck(loopCount: Int, queueMilliseconds: Int) throws {
        let watches = [Watch(), Watch()]
        let origins = try watches.map { watch in try EngineOrigin { watch.play($0) } }
        var options = EngineHarness.Options()
        options.loopCount = loopCount
        options.limit = 1
        options.timeouts.queue = .milliseconds(queueMilliseconds)
        let harness = try EngineHarness(origins: origins.map(\.port), options)
        let record = try #require(harness.serverRecord(0))
        let tally = Tally()
        let clients = 24
        for number in 0..<clients {
            try Thread.start(name: "client") {
                Self.play(harness, number, EngineLoad.scaled(150), tally)
                tally.finished.add(1, ordering: .relaxed)
            }
        }
        var idle = IdleSpan()
        var round = 0
        let isOver = Wait.until(EngineLoad.deadlineSeconds) {
            round += 1
            if round % 32 == 0 {
                record.set(.adminState, UInt64(round / 32 % 3))
                harness.attend()
            }
            let held = harness.heldPermits(0) + harness.heldPermits(1)
            idle.look(
                isIdle: held == 0 && harness.queueLength > 0,
                served: watches.reduce(0) { $0 + $1.served.load(ordering: .relaxed) })
            return tally.finished.load(ordering: .relaxed) == clients
        }
        record.set(.adminState, UInt64(ServerAdminState.ready.rawValue))
        harness.attend()
        #expect(isOver)
        for origin in origins { origin.stop() }
        #expect(watches.allSatisfy { $0.most.load(ordering: .relaxed) <= 1 })
        #expect(tally.wrong.load(ordering: .relaxed) == 0)
        if queueMilliseconds > 1_000 { #expect(tally.timedOut.load(ordering: .relaxed) == 0) }
        #expect(Wait.until(10) { harness.heldPermits(0) + harness.heldPermits(1) == 0 })
        #expect(Wait.until(10) { harness.queueLength == 0 })
        // Far more than a turn takes on a busy machine, far less than any timer that could help.
        #expect(idle.longest < .seconds(2))
        print(
            "figure: queue, \(loopCount) loops, \(queueMilliseconds) ms: \(tally.text); "
                + "a free server and a waiter: at most \(idle.longest)")
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

/// How long somebody waited while no server was busy, and none was served meanwhile.
private struct IdleSpan {
    private var since: ContinuousClock.Instant?
    private var served = -1
    private(set) var longest = Duration.zero

    mutating func look(isIdle: Bool, served: Int) {
        let now = ContinuousClock.now
        if !isIdle || served != self.served { since = isIdle ? now : nil }
        self.served = served
        if let since { longest = max(longest, now - since) }
    }
}
