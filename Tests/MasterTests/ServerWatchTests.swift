// What is told of servers: each change once, and never too much at a time.

import Clock
import Model
import SharedState
import Testing

@testable import Master

@Suite struct ServerWatchTests {
    private func backends(
        _ states: [ServerHealthState?], ejected: Set<Int> = []
    ) -> [BackendView] {
        let servers = states.enumerated().map { place, state in
            var server = ServerView(
                backend: "b", name: "s\(place)", address: "127.0.0.1:1", configuredWeight: 100)
            server.check = state.map { state in
                var check = ServerView.Check()
                check.health = state
                check.finding = ServerCheckFinding(.wrongStatus, status: 500)
                return check
            }
            if ejected.contains(place) { server.ejectedForMilliseconds = 5 }
            return server
        }
        return [BackendView(name: "b", mode: "http", balance: "round_robin", servers: servers)]
    }

    @Test func eachChangeOnce() {
        var watch = ServerWatch()
        func sample(_ count: UInt64, _ views: [BackendView], generation: Int? = 1) -> [String] {
            watch.sample(count, generation: generation) { _ in views }.map {
                "\($0.server.name) \($0.old.rawValue) \($0.new.rawValue) \($0.reason)"
            }
        }
        #expect(sample(1, backends([.up]), generation: nil) == [])
        #expect(sample(1, backends([.unchecked, .unchecked, nil])) == [])
        let first = ["s0 UNCHECKED UP L7STS", "s1 UNCHECKED DOWN L7STS"]
        #expect(sample(2, backends([.up, .down, nil])) == first)
        // Nobody has said that anything changed.
        #expect(sample(2, backends([.down, .up, nil])) == [])
        // On its way is no change, neither is a new generation.
        #expect(sample(3, backends([.goingDown, .goingUp, nil]), generation: 2) == [])
        #expect(
            sample(4, backends([.down, .up, nil])) == ["s0 UP DOWN L7STS", "s1 DOWN UP L7STS"])
        let out = backends([.down, .up, nil], ejected: [1, 2])
        #expect(
            sample(5, out) == [
                "s1 UP EJECTED failures in a row", "s2 NO_CHECK EJECTED failures in a row",
            ])
        // The end of an ejection changes no record.
        #expect(
            sample(5, backends([.down, .up, nil])) == [
                "s1 EJECTED UP its time is over", "s2 EJECTED NO_CHECK its time is over",
            ])
    }

    /// A worker may write what it likes: the rest is told the next time.
    @Test func aFloodIsBounded() {
        var watch = ServerWatch()
        let views = backends(Array(repeating: .down, count: 250))
        let counts = (0..<4).map { _ in watch.sample(7, generation: 1) { _ in views }.count }
        #expect(counts == [100, 100, 50, 0])
    }

    /// Any number in shared memory makes some view.
    @Test func rubbishInSharedMemory() throws {
        let region = try SharedRegion.create().region
        let table = TrafficTable(region)
        let address = SocketAddress(host: .ipv4(0x7F00_0001), port: 80)
        var backend = Backend(
            name: "b", mode: .http, servers: [Server(name: "s", address: address)])
        backend.check = HealthCheck()
        backend.ejection = Ejection()
        let numbers = table.numbers(
            for: Configuration(frontends: [], backends: [backend]), generation: 3)
        let record = try #require(ServerRecord(region, number: numbers.servers[0][0]))
        for value in [0, 5, 1 << 63, UInt64.max] {
            for word in ServerWord.allCases { record.set(word, value) }
            let view = try #require(table.backends(of: 3, now: .now()).first?.servers.first)
            #expect((0...256).contains(view.effectiveWeight))
            #expect(view.ejectedForMilliseconds == nil)
        }
        record.set(.ejectedUntil, Instant.now().nanoseconds / 1_000_000 + 5_000)
        let view = table.backends(of: 3, now: .now()).first?.servers.first
        #expect((4_000...5_000).contains(view?.ejectedForMilliseconds ?? 0))
        table.forget(generation: 3)
        #expect(table.backends(of: 3, now: .now()).isEmpty)
    }
}
