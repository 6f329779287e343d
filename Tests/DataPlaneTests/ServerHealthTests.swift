// The pure parts of health checks: the machine of verdicts, the answer of a server, the schedule.

import Model
import SharedState
import Testing

@testable import DataPlane

@Suite struct ServerHealthTests {
    struct Cell: Sendable, CustomStringConvertible {
        var from: (ServerHealthState, Int)
        var passes: Bool
        var to: (ServerHealthState, Int)
        var change: ServerHealth.Change

        var description: String { "\(from) \(passes ? "pass" : "fail")" }
    }

    /// Every state and progress with both verdicts; rise 2, fall 3.
    static let cells: [Cell] = [
        Cell(from: (.unchecked, 0), passes: true, to: (.up, 0), change: .confirmed),
        Cell(from: (.unchecked, 0), passes: false, to: (.down, 0), change: .wentDown),
        Cell(from: (.up, 0), passes: true, to: (.up, 0), change: .none),
        Cell(from: (.up, 0), passes: false, to: (.goingDown, 1), change: .progress),
        Cell(from: (.goingDown, 1), passes: true, to: (.up, 0), change: .progress),
        Cell(from: (.goingDown, 1), passes: false, to: (.goingDown, 2), change: .progress),
        Cell(from: (.goingDown, 2), passes: true, to: (.up, 0), change: .progress),
        Cell(from: (.goingDown, 2), passes: false, to: (.down, 0), change: .wentDown),
        Cell(from: (.down, 0), passes: true, to: (.goingUp, 1), change: .progress),
        Cell(from: (.down, 0), passes: false, to: (.down, 0), change: .none),
        Cell(from: (.goingUp, 1), passes: true, to: (.up, 0), change: .cameUp),
        Cell(from: (.goingUp, 1), passes: false, to: (.down, 0), change: .progress),
    ]

    @Test(arguments: cells) func table(cell: Cell) {
        var health = ServerHealth(word: UInt64(cell.from.0.rawValue) | UInt64(cell.from.1) << 8)
        let change = cell.passes ? health.didPass(rise: 2) : health.didFail(fall: 3)
        #expect(change == cell.change)
        #expect(health.state == cell.to.0 && Int(health.progress) == cell.to.1)
        #expect(ServerHealth(word: health.word) == health)
    }

    @Test func theTableIsWhole() {
        let seen = Set(Self.cells.map { "\($0.from.0) \($0.passes)" })
        #expect(seen.count == ServerHealthState.allCases.count * 2)
    }

    @Test func oneVerdictIsEnoughWhereItIsToBe() {
        var health = ServerHealth(word: UInt64(ServerHealthState.up.rawValue))
        #expect(health.didFail(fall: 1) == .wentDown)
        #expect(health.didPass(rise: 1) == .cameUp)
    }

    /// Whatever stands in shared memory is some health, and the next verdicts lead somewhere.
    @Test(arguments: [5, 0xFF02, 0xFF04, UInt64.max]) func rubbish(word: UInt64) {
        var health = ServerHealth(word: word)
        for _ in 0..<300 { _ = health.didPass(rise: 100) }
        #expect(health.state == .up)
        for _ in 0..<300 { _ = health.didFail(fall: 100) }
        #expect(health.state == .down)
    }

    /// A server that alternates never moves: bounded transitions however fast it flaps.
    @Test func flapping() {
        var health = ServerHealth(word: UInt64(ServerHealthState.up.rawValue))
        for round in 0..<1000 {
            let change = round % 2 == 0 ? health.didFail(fall: 3) : health.didPass(rise: 2)
            #expect(change == .progress)
            #expect(health.state.takesTraffic)
        }
    }
}

@Suite struct CheckAnswerTests {
    struct Sample: Sendable, CustomStringConvertible {
        var bytes: String
        var ends = false
        var contains = ""
        var expected: ServerCheckFinding?

        init(
            _ bytes: String, ends: Bool = false, contains: String = "",
            _ result: ServerCheckResult?, _ status: Int? = nil
        ) {
            self.bytes = bytes
            self.ends = ends
            self.contains = contains
            expected = result.map { ServerCheckFinding($0, status: status) }
        }

        var description: String { String(bytes.prefix(60)) }
    }

    static let samples: [Sample] = [
        Sample("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", .passed, 200),
        Sample("HTTP/1.0 204 No Content\r\n\r\n", .passed, 204),
        Sample("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", .passed, 200),
        Sample("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", .wrongStatus, 500),
        Sample("HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", .wrongStatus, 302),
        Sample("HTTP/1.1 200 OK\r\nContent-", nil),
        Sample("HTTP/1.1 200 OK\r\nContent-", ends: true, .invalidAnswer),
        Sample("", ends: true, .invalidAnswer),
        Sample("SSH-2.0-OpenSSH\r\n", .invalidAnswer),
        Sample("HTTP/1.1 200 OK\nContent-Length: 0\n\n", .invalidAnswer),
        Sample("HTTP/1.1 101 Go\r\nUpgrade: x\r\n\r\n", .invalidAnswer),
        Sample(
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            .invalidAnswer),
        Sample(
            String(repeating: "HTTP/1.1 103 Early Hints\r\n\r\n", count: 17), .invalidAnswer),
        Sample(
            "HTTP/1.1 200 OK\r\nX: \(String(repeating: "x", count: 16_000))\r\n\r\n",
            .invalidAnswer),
        Sample(
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n all well", contains: "well", .passed, 200),
        Sample("HTTP/1.1 200 OK\r\n\r\n all well", contains: "well", .passed, 200),
        Sample(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nwe\r\n2\r\nll\r\n0\r\n\r\n",
            contains: "well", .passed, 200),
        Sample(
            "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nwewewell", contains: "wewell", .passed,
            200),
        Sample(
            "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nsick", contains: "well", .wrongBody, 200),
        Sample("HTTP/1.1 200 OK\r\n\r\nsick", ends: true, contains: "well", .wrongBody, 200),
        Sample(
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nsick", ends: true, contains: "well",
            .invalidAnswer),
        Sample("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nsick", contains: "well", nil),
        Sample(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno\r\n", contains: "well",
            .invalidAnswer),
        Sample(
            "HTTP/1.1 200 OK\r\n\r\n\(String(repeating: "w", count: 20_000))well",
            contains: "well", .wrongBody, 200),
    ]

    /// The same verdict whether it comes at once or byte by byte.
    @Test(arguments: samples, [1, 7, 100_000]) func verdict(sample: Sample, piece: Int) {
        var probe = HTTPProbe()
        probe.bodyContains = sample.contains.isEmpty ? nil : sample.contains
        let arena = ConfigurationArena()
        let server = Server(name: "s", address: SocketAddress(host: .ipv4(0), port: 1))
        guard let plan = CheckPlan(HealthCheck(.http(probe)), of: server, arena: arena) else {
            Issue.record("no plan")
            return
        }
        var pool = BufferPool()
        var buffer = Buffer()
        var head = ResponseHead()
        var answer = CheckAnswer()
        var finding: ServerCheckFinding?
        let isFilled = pool.fill(&buffer)
        #expect(isFilled)
        let bytes = Array(sample.bytes.utf8)
        var taken = 0
        while taken < bytes.count, finding == nil {
            let count = min(piece, bytes.count - taken, buffer.room)
            #expect(count > 0)
            let part = arena.run(Array(bytes[taken..<taken + count]))
            for index in 0..<part.count {
                let isTaken = buffer.append(arena.bytes(String(UnicodeScalar(part[index]))))
                #expect(isTaken)
            }
            taken += count
            finding = answer.didReceive(&buffer, plan, head: &head)
        }
        if finding == nil, sample.ends { finding = answer.didEnd(buffer, plan) }
        #expect(finding == sample.expected)
    }

    /// Interim responses that fill the buffer to its last byte leave room for the next one.
    @Test func interimResponsesFillTheBuffer() throws {
        var pool = BufferPool()
        var buffer = Buffer()
        var head = ResponseHead()
        var answer = CheckAnswer()
        let arena = ConfigurationArena()
        let server = Server(name: "s", address: SocketAddress(host: .ipv4(0), port: 1))
        let plan = try #require(
            CheckPlan(HealthCheck(.http(HTTPProbe())), of: server, arena: arena))
        let isFilled = pool.fill(&buffer)
        #expect(isFilled)
        let start = "HTTP/1.1 103 Early Hints\r\nX: "
        let size = buffer.room / 4
        let interim =
            start + String(repeating: "x", count: size - start.utf8.count - 4) + "\r\n\r\n"
        for _ in 0..<4 {
            #expect(buffer.room > 0)
            let isTaken = buffer.append(arena.bytes(interim))
            #expect(isTaken)
            #expect(answer.didReceive(&buffer, plan, head: &head) == nil)
        }
        #expect(buffer.room > 0)
    }

    @Test func statuses() {
        let set = StatusSet([StatusRange(200...299), StatusRange(404...404)])
        let found = (0...700).filter(set.contains)
        #expect(found == Array(200...299) + [404])
        #expect((0...700).filter(StatusSet([StatusRange(100...599)]).contains).count == 500)
    }
}

@Suite struct CheckScheduleTests {
    private static let schedule = CheckSchedule(
        interval: 2_000, fastInterval: 1_000, downInterval: 4_000)

    /// 1,000 servers over a minute: in no 100 ms more than a little above the mean, in none nearly
    /// none, and each server as often as it should.
    @Test(arguments: [1, 2, 3] as [UInt64]) func checksAreSpread(seed: UInt64) {
        var random = SmallRandom(seed: seed)
        var bins = [Int](repeating: 0, count: 600)
        for place in 0..<1_000 {
            var time = Self.schedule.first(
                place: place, of: 1_000, state: .unchecked, sinceLast: nil, random: &random)
            #expect((0...CheckSchedule.firstWindow).contains(time))
            var count = 0
            while time < 60_000 {
                bins[Int(time / 100)] += 1
                count += 1
                time += Self.schedule.next(state: .up, random: &random)
            }
            #expect((28...32).contains(count))
        }
        #expect(bins.max() ?? 0 <= 100 && bins.min() ?? 0 >= 15)
    }

    @Test func intervalsFollowTheState() {
        var random = SmallRandom(seed: 9)
        for (state, wait) in [
            (ServerHealthState.up, 2_000), (.unchecked, 2_000), (.goingDown, 1_000),
            (.goingUp, 1_000), (.down, 4_000),
        ] {
            let waits = (0..<500).map { _ in Self.schedule.next(state: state, random: &random) }
            let allowed = Int64(wait - wait / 20)...Int64(wait + wait / 20)
            #expect(waits.allSatisfy(allowed.contains))
            #expect(Set(waits).count > 20)
        }
    }

    /// A reload neither hurries a check nor puts it off.
    @Test(arguments: [(0, 2_000), (500, 1_500), (2_000, 0), (90_000, 0), (-70_000, 2_000)])
    func aNewGenerationGoesOn(sinceLast: Int64, wait: Int64) {
        var random = SmallRandom(seed: 9)
        let first = Self.schedule.first(
            place: 700, of: 1_000, state: .up, sinceLast: sinceLast, random: &random)
        #expect(first == wait)
    }

    /// What is due beyond the places waits in line, in order.
    @Test func theLine() {
        var checks = ServerChecks(now: 0)
        var servers = Slab<UpstreamServer>()
        let arena = ConfigurationArena()
        let server = Server(name: "s", address: SocketAddress(host: .ipv4(0), port: 1))
        guard let plan = CheckPlan(HealthCheck(), of: server, arena: arena) else { return }
        let all = (0..<5).map { _ in checks.add(plan, of: servers.take()) }
        checks.underWayCount = ServerChecks.underWayMax
        for check in all { checks.enqueue(check) }
        var next = checks.nextInLine()
        #expect(next == nil)
        checks.underWayCount -= 1
        for check in all {
            next = checks.nextInLine()
            let isInOrder = next.map { $0 == check } == true
            #expect(isInOrder)
        }
        next = checks.nextInLine()
        #expect(next == nil)
        for check in all { checks.enqueue(check) }
        checks.emptyLine()
        next = checks.nextInLine()
        #expect(next == nil)
        for check in all { #expect(check[].state == .waiting) }
    }
}

@Suite struct EjectionRuleTests {
    private static let rule = {
        var ejection = Ejection()
        ejection.baseTime = .seconds(10)
        ejection.maxTime = .seconds(60)
        return EjectionRule(ejection)
    }()

    @Test func theTimeGrows() {
        let times = (0..<5).map { Self.rule.time(earlier: $0) }
        #expect(times == [10_000, 20_000, 40_000, 60_000, 60_000])
        #expect(Self.rule.time(earlier: .max) == 60_000)
    }

    @Test func whoHasBeenInForLongBeginsAnew() {
        #expect(Self.rule.earlier(3, lastEnd: 1_000, now: 60_999) == 3)
        #expect(Self.rule.earlier(3, lastEnd: 1_000, now: 61_000) == 0)
        #expect(Self.rule.earlier(.max, lastEnd: 1_000, now: 2_000) == 32)
        #expect(Self.rule.earlier(3, lastEnd: .max, now: 2_000) == 0)
    }

    @Test(arguments: [(1, 0), (2, 1), (3, 1), (4, 2), (10, 5), (0, 0)])
    func atMostHalfIsOut(count: Int, out: Int) {
        #expect(Self.rule.outMax(of: count) == out)
    }

    @Test func oneStaysWhateverThePercentage() {
        var ejection = Ejection()
        ejection.maxPercent = 100
        #expect(EjectionRule(ejection).outMax(of: 3) == 2)
    }

    @Test func clientsCannotMakeAServerFail() {
        #expect((100...599).filter(EjectionRule.isFailure).count == 98)
        #expect(!EjectionRule.isFailure(status: 501) && !EjectionRule.isFailure(status: 505))
    }
}
