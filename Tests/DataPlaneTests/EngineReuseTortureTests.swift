// Servers that close, reset or speak at the very moment at which their connection is used again,
// while loops take connections from each other and servers go to maintenance and back: clients see
// nothing of it, and in the end the counts are those of the kernel. `make soak` runs the long form.

import Glibc
import Model
import SharedState
import Synchronization
import Syscalls
import Testing
import Wire

@testable import DataPlane

@Suite struct EngineReuseTortureTests {
    /// Answers the first request of each connection, and later ones as it likes: the connection
    /// may end after an answer, or as the next request comes, or with a farewell that crosses it.
    private func unreliableOrigin(_ requests: Sent) throws -> EngineOrigin {
        try EngineOrigin { connection in
            var random = SmallRandom(seed: UInt64(truncatingIfNeeded: connection.fd) &* 7_919)
            var isFirst = true
            while let request = connection.takeHead(within: 60) {
                requests.bytes.add(1, ordering: .relaxed)
                let fate = isFirst ? 99 : random.next(below: 40)
                isFirst = false
                if fate == 0 {
                    connection.close(reset: true)
                    return
                }
                if fate == 1 { return connection.close() }
                let body = request.field("x-canary") ?? ""
                connection.send(
                    "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
                // A reset takes an answer with it that was not read yet: of a first one that is no
                // fault of the reuse.
                let end = fate == 99 ? 99 : random.next(below: 40)
                guard end < 4 else { continue }
                if end < 3 { usleep(UInt32(random.next(below: 300))) }
                switch end {
                case 0: connection.close(reset: true)
                case 1:
                    connection.send(
                        "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n"
                            + "Content-Length: 0\r\n\r\n")
                    connection.close()
                default: connection.close()
                }
                return
            }
        }
    }

    private static let maxIdle = 6

    @Test(arguments: [
        (ReuseSettings.Policy.aggressive, 2, false), (.aggressive, 8, false), (.safe, 2, false),
        (.always, 4, false), (.aggressive, 4, true),
    ])
    func nobodySeesIt(policy: ReuseSettings.Policy, loopCount: Int, isCapped: Bool) throws {
        let requests = Sent()
        let origins = [try unreliableOrigin(requests), try unreliableOrigin(requests)]
        var options = EngineHarness.Options()
        options.loopCount = loopCount
        options.reuse.policy = policy
        if isCapped { options.reuse.maxIdle = Self.maxIdle }
        let harness = try EngineHarness(origins: origins.map(\.port), options)
        let verdict = CanaryVerdict()
        let clients = 16
        let rounds = EngineLoad.isLong ? EngineLoad.scaled(52) : 60
        for number in 0..<clients {
            try Thread.start(name: "client") {
                Self.play(harness, number, rounds, verdict)
                verdict.finished.add(1, ordering: .relaxed)
            }
        }
        // One server at a time goes out and comes back, with its sessions now and then.
        var flips = 0
        var ended = 0
        var most: UInt64 = 0
        let isOver = Wait.until(EngineLoad.deadlineSeconds) {
            let place = flips / 2 % 2
            let state: ServerAdminState = flips % 2 == 0 ? .maintenance : .ready
            harness.serverRecord(place)?.set(.adminState, UInt64(state.rawValue))
            harness.attend()
            if flips % 3 == 0 { ended += Self.endSessions(of: place, harness, id: flips) }
            flips += 1
            for _ in 0..<8 {
                usleep(5_000)
                most = max(most, Self.parked(harness))
            }
            return flips % 2 == 0 && verdict.finished.load(ordering: .relaxed) == clients
        }
        #expect(isOver)
        // Each client whose session was ended has seen that, and nobody anything else.
        #expect(
            verdict.failed.load(ordering: .relaxed) == ended,
            "\(ended) ended; \(verdict.firstFailure.withLock { $0 })")
        // In a short run it may be that no order meets a session.
        if EngineLoad.isLong { #expect(ended > 0) }
        if policy != .always { #expect(verdict.foreign.load(ordering: .relaxed) == 0) }
        if isCapped { #expect(most > 0 && most <= UInt64(Self.maxIdle * origins.count)) }
        expectKernelCounts(harness, origins)
        let totals = origins.indices.map { harness.traffic(EngineHarness.server($0)) }
        let reuses = totals.reduce(0) { $0 + $1[.reuses] }
        let takeovers = totals.reduce(0) { $0 + $1[.takeovers] }
        let asked = requests.bytes.load(ordering: .relaxed)
        let share = Int(reuses) * 100 / max(1, asked)
        print(
            "figure: \(policy) \(loopCount) loops\(isCapped ? ", \(Self.maxIdle) idle" : ""): "
                + "\(asked) requests, \(reuses) reuses (\(share) %), \(takeovers) takeovers, "
                + "\(flips) flips, \(ended) sessions ended, \(most) idle at most")
        #expect(share >= Self.leastShare(policy, isCapped))
        if policy == .aggressive { #expect(takeovers > 0) }
    }

    /// What must go over kept connections at least, in percent: half of what does on a quiet machine.
    private static func leastShare(_ policy: ReuseSettings.Policy, _ isCapped: Bool) -> Int {
        policy == .safe || isCapped ? 20 : 40
    }

    private static func endSessions(of place: Int, _ harness: EngineHarness, id: Int) -> Int {
        let outcome = harness.endSessions(
            SessionOrder(
                id: UInt64(id + 1), max: 1_000, backend: "b", server: "s\(place)", client: nil,
                minAgeMilliseconds: 0))
        #expect(outcome != nil && outcome?.matched == outcome?.ended)
        return outcome?.ended ?? 0
    }

    /// Connections that all loops keep. Loops say it one by one, and what one gives up another may
    /// keep before the first has said so: the smallest of some looks is true at one moment.
    private static func parked(_ harness: EngineHarness) -> UInt64 {
        var least = UInt64.max
        for _ in 0..<3 {
            least = min(least, harness.worker[.upstreamIdle])
            usleep(1_000)
        }
        return least
    }

    /// Connections of a few requests each, several of them at once now and then.
    private static func play(
        _ harness: EngineHarness, _ number: Int, _ rounds: Int, _ verdict: CanaryVerdict
    ) {
        let canary = "c\(number)"
        let request = "GET / HTTP/1.1\r\nHost: a\r\nX-Canary: \(canary)\r\n\r\n"
        for round in 0..<rounds {
            guard let client = try? harness.connect() else { continue }
            for _ in 0..<(1 + (round + number) % 9) {
                client.send(request)
                let answer = client.takeMessage()
                verdict.note(answer, own: canary)
                if answer?.status != 200 { break }
            }
        }
    }

    /// What the workers say of their connections is what the kernel knows: at the end of all.
    private func expectKernelCounts(_ harness: EngineHarness, _ origins: [EngineOrigin]) {
        for (place, origin) in origins.enumerated() {
            let agrees = Wait.until(10) {
                let counts = harness.connections(of: place)
                return counts.inUse == 0 && counts.connecting == 0
                    && counts.idle == Self.establishedConnections(to: origin.port)
            }
            #expect(
                agrees,
                "\(harness.connections(of: place)), \(Self.establishedConnections(to: origin.port))"
            )
        }
        #expect(
            Wait.until(5) {
                harness.worker[.upstreamIdle]
                    == UInt64(origins.indices.reduce(0) { $0 + harness.connections(of: $1).open })
            })
    }

    /// Sockets whose other end is the port and that were not closed here, by the kernel's table
    /// (proc(5), net/tcp): established, or ended by the server.
    private static func establishedConnections(to port: UInt16) -> Int {
        guard let file = unsafe fopen("/proc/self/net/tcp", "r") else { return -1 }
        defer { unsafe fclose(file) }
        let digits = String(port, radix: 16, uppercase: true)
        let remote = String(repeating: "0", count: 4 - digits.utf8.count) + digits
        var count = 0
        var line: UnsafeMutablePointer<CChar>?
        var capacity = 0
        defer { unsafe free(line) }
        while unsafe getline(&line, &capacity, file) > 0 {
            guard let text = unsafe line.map({ unsafe String(cString: $0) }) else { continue }
            let fields = text.split(separator: " ")
            guard fields.count > 3, fields[2].hasSuffix(":" + remote) else { continue }
            if fields[3] == "01" || fields[3] == "08" { count += 1 }
        }
        return count
    }
}
