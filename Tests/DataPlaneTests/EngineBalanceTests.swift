// How a running loop balances: what of a request it hashes by, and that the policies see the loads
// that it counts. What the policies make of both is in `BalancerTests`.

import Model
import SharedState
import Syscalls
import Testing

@testable import DataPlane

/// A key of requests, and requests that have one of its values while all else changes.
struct BalanceKeyCase: Sendable, CustomTestStringConvertible {
    var key: RequestKey
    var mode = ProxyMode.http
    /// Of a value of the key, and a number that must not matter.
    var request: @Sendable (_ value: Int, _ other: Int) -> String

    var testDescription: String { "\(key.text), \(mode)" }

    private static func plain(_ other: Int) -> String {
        "GET /p\(other)?q=\(other) HTTP/1.1\r\nHost: h\(other)\r\nX-Other: \(other)\r\n\r\n"
    }

    static let all = [
        BalanceKeyCase(key: .clientIP) { plain($1) },
        BalanceKeyCase(key: .clientIP, mode: .tcp) { plain($1) },
        BalanceKeyCase(key: .uri) { value, other in
            "GET /one?k=\(value) HTTP/1.1\r\nHost: h\(other)\r\n\r\n"
        },
        BalanceKeyCase(key: .uri) { value, other in
            "GET /k\(value) HTTP/1.1\r\nHost: h\(other)\r\n\r\n"
        },
        BalanceKeyCase(key: .path) { value, other in
            "GET /a/k\(value)?q=\(other) HTTP/1.1\r\nHost: h\(other)\r\n\r\n"
        },
        // In either case, with a port and without.
        BalanceKeyCase(key: .host) { value, other in
            let host = ["k\(value).test", "K\(value).Test:8080"][other % 2]
            return "GET /\(other) HTTP/1.1\r\nHost: \(host)\r\n\r\n"
        },
        // As it is, and escaped.
        BalanceKeyCase(key: .query("user")) { value, other in
            let user = ["k\(value)", "%6B\(value)"][other % 2]
            return "GET /\(other)?user2=\(other)&user=\(user)&user=\(other) HTTP/1.1\r\n"
                + "Host: a\r\n\r\n"
        },
        BalanceKeyCase(key: .cookie("sid")) { value, other in
            "GET /\(other) HTTP/1.1\r\nHost: a\r\nCookie: SID=\(other); sid=k\(value); b=1\r\n\r\n"
        },
        BalanceKeyCase(key: .header("x-user")) { value, other in
            "GET /\(other) HTTP/1.1\r\nHost: a\r\nX-Other: \(other)\r\nX-USER: k\(value)\r\n\r\n"
        },
    ]
}

@Suite struct EngineBalanceTests {
    // MARK: Keys

    /// Says in each answer who it is.
    private static func named(_ place: Int) throws -> EngineOrigin {
        try EngineOrigin { connection in
            while connection.takeHead() != nil {
                connection.send(
                    "HTTP/1.1 200 OK\r\nX-Server: \(place)\r\nContent-Length: 0\r\n\r\n")
            }
        }
    }

    private static func server(_ answer: EngineMessage?) -> Int? {
        answer?.field("x-server").flatMap { Int($0) }
    }

    /// Whatever loop, connection and worker: who has the same value goes to the same server.
    @Test(arguments: BalanceKeyCase.all) func aKeyHasAServer(_ keyCase: BalanceKeyCase) throws {
        let origins = try (0..<5).map { try Self.named($0) }
        var options = EngineHarness.Options()
        options.mode = keyCase.mode
        options.balance = BalancePolicy(.hash, key: keyCase.key)
        options.loopCount = 2
        let harness = try EngineHarness(origins: origins.map(\.port), options)
        options.loopCount = 1
        let another = try EngineHarness(origins: origins.map(\.port), options)
        var owners: [Int] = []
        for value in 0..<16 {
            var seen: Set<Int> = []
            for (other, worker) in [harness, harness, another].enumerated() {
                // Where the address is not the key, it must not matter either.
                let last = keyCase.key == .clientIP ? value + 2 : other + 2
                let client = try EngineSocket.connect(
                    port: worker.port, from: 0x7F00_0000 + UInt32(last))
                for _ in 0..<2 {
                    client.send(keyCase.request(value, other))
                    seen.insert(Self.server(client.takeMessage()) ?? -1)
                }
            }
            #expect(seen.count == 1 && !seen.contains(-1), "\(value): \(seen)")
            owners += seen
        }
        #expect(Set(owners).count >= 3, "\(owners)")
    }

    /// A request without the key goes anywhere, and not always to the same place.
    @Test(arguments: [RequestKey.header("x-user"), .cookie("sid"), .query("user")])
    func whoHasNoKey(_ key: RequestKey) throws {
        let origins = try (0..<3).map { try Self.named($0) }
        var options = EngineHarness.Options()
        options.balance = BalancePolicy(.hash, key: key)
        let harness = try EngineHarness(origins: origins.map(\.port), options)
        let client = try harness.connect()
        let seen = Set(
            (0..<40).map { _ in
                client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                return Self.server(client.takeMessage()) ?? -1
            })
        #expect(seen == [0, 1, 2])
    }

    // MARK: Loads

    /// Servers that hold what they get until they are told to let go.
    private struct Setting {
        let origins: [CountingOrigin]
        let harness: EngineHarness

        init(_ balance: BalancePolicy, _ change: (inout EngineHarness.Options) -> Void) throws {
            origins = try (0..<3).map { _ in try CountingOrigin(work: nil) }
            var options = EngineHarness.Options()
            options.balance = balance
            options.loopCount = 2
            change(&options)
            harness = try EngineHarness(origins: origins.map(\.port), options)
        }

        var present: [Int] { origins.map(\.present) }
        private var total: Int { present.reduce(0, +) }

        /// Sends a request, and waits until a server has it; which one.
        func send() throws -> (client: EngineSocket, place: Int) {
            let before = present
            let client = try harness.connect()
            client.send("GET / HTTP/1.1\r\nHost: a\r\nX-User: u\r\n\r\n")
            #expect(Wait.until(5) { total == before.reduce(0, +) + 1 })
            let now = present
            #expect(hasCounted)
            return (client, try #require(now.indices.first { now[$0] > before[$0] }))
        }

        /// Has the server answer the client, of which nothing is left then.
        func answer(_ sent: (client: EngineSocket, place: Int)) {
            origins[sent.place].letGo(1)
            #expect(sent.client.takeMessage()?.status == 200)
            sent.client.close()
            #expect(hasCounted)
        }

        /// Whether the loops know, in time, of what the servers have and of no more.
        private var hasCounted: Bool {
            Wait.until(5) {
                let worker = harness.worker
                return worker[.exchangesInFlight] + worker[.tunnels] == UInt64(total)
            }
        }
    }

    /// Who holds an exchange gets no other one while somebody has none; when it has given it back it
    /// is as good as the others.
    @Test(
        arguments: [BalancePolicy.Kind.leastConnections, .random], [ProxyMode.http, .tcp])
    func whoIsBusyGetsNothing(kind: BalancePolicy.Kind, mode: ProxyMode) throws {
        let setting = try Setting(BalancePolicy(kind)) { $0.mode = mode }
        let held = try setting.send()
        for _ in 0..<12 {
            let sent = try setting.send()
            #expect(sent.place != held.place)
            setting.answer(sent)
        }
        setting.answer(held)
        var seen: Set<Int> = []
        for _ in 0..<30 where seen.count < 3 {
            let sent = try setting.send()
            seen.insert(sent.place)
            setting.answer(sent)
        }
        #expect(seen.count == 3)
        guard kind == .leastConnections else { return }
        // The fewest of three is whoever has none yet.
        let places = try (0..<3).map { _ in try setting.send() }
        #expect(Set(places.map(\.place)).count == 3)
        for origin in setting.origins { origin.letGo(1) }
    }

    /// Six exchanges with one key: as many for its server as the bound allows at each of them, the
    /// rest for the next one along the ring.
    @Test(arguments: [
        (Int?.none, [0, 0, 6]), (100, [2, 2, 2]), (150, [0, 3, 3]), (200, [0, 2, 4]),
    ])
    func aBoundOfTheLoad(percent: Int?, shares: [Int]) throws {
        let setting = try Setting(
            BalancePolicy(.hash, key: .header("x-user"), boundPercent: percent)
        ) { _ in }
        let sent = try (0..<6).map { _ in try setting.send() }
        #expect(setting.present.sorted() == shares)
        for place in setting.origins.indices {
            setting.origins[place].letGo(setting.present[place])
        }
        for one in sent { #expect(one.client.takeMessage()?.status == 200) }
        // With all that over, which its clients know sooner than the loop, the key is at home again.
        #expect(
            Wait.until(10) {
                guard let last = try? setting.send() else { return false }
                setting.origins[last.place].letGo(1)
                return last.client.takeMessage() != nil && last.place == sent.first?.place
            })
    }

    /// The first by name, the next where that is full or out; the others sleep.
    @Test func first() throws {
        let setting = try Setting(BalancePolicy(.first)) { $0.limit = 1 }
        let sent = try (0..<3).map { _ in try setting.send() }
        #expect(sent.map(\.place) == [0, 1, 2])
        // Those before it are full still, those behind it are free: they sleep.
        for one in sent.reversed() {
            setting.answer(one)
            for _ in 0..<2 {
                #expect(Wait.until(5) { setting.harness.heldPermits(one.place) == 0 })
                let again = try setting.send()
                #expect(again.place == one.place)
                setting.answer(again)
            }
        }
        let record = try #require(setting.harness.serverRecord(0))
        record.set(.adminState, UInt64(ServerAdminState.maintenance.rawValue))
        setting.harness.attend()
        let second = try setting.send()
        #expect(second.place == 1)
        setting.origins[1].letGo(1)
    }
}
