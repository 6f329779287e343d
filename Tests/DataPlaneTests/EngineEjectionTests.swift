// Servers that are taken out for a while because their exchanges fail.

import Glibc
import Model
import SharedState
import Syscalls
import Testing

@testable import DataPlane

@Suite struct EngineEjectionTests {
    private func failing(_ status: Int = 500) throws -> EngineOrigin {
        try EngineOrigin { connection in
            while connection.takeMessage(hasBody: false) != nil {
                connection.send("HTTP/1.1 \(status) No\r\nContent-Length: 0\r\n\r\n")
            }
        }
    }

    private func options(loopCount: Int = 1) -> EngineHarness.Options {
        var options = EngineHarness.Options()
        options.loopCount = loopCount
        options.ejection = Ejection()
        return options
    }

    private func isOut(_ place: Int, of harness: EngineHarness) -> Bool {
        harness.serverRecord(place)?[.ejections] ?? 0 > 0
    }

    /// One of ten fails fast: it is out after a few requests, whichever loops have them.
    @Test(arguments: [1, 3]) func failingAnswers(loopCount: Int) throws {
        let good = try EngineOrigin.echo()
        let bad = try failing()
        let harness = try EngineHarness(
            origins: [bad.port] + Array(repeating: good.port, count: 9),
            options(loopCount: loopCount))
        var failures = 0
        #expect(
            Wait.until(10) {
                if (try? harness.ask()) == 500 { failures += 1 }
                return isOut(0, of: harness)
            })
        // What other loops had on its way when it was taken out may fail, too.
        #expect((5...5 + loopCount).contains(failures))
        usleepTenth()
        for _ in 0..<40 { #expect(try harness.ask() == 200) }
    }

    @Test func noConnections() throws {
        let good = try EngineOrigin.echo()
        let gone = try EngineOrigin { _ in }
        gone.stop()
        usleepTenth()
        let harness = try EngineHarness(origins: [gone.port, good.port], options())
        #expect(
            Wait.until(10) {
                _ = try? harness.ask()
                return isOut(0, of: harness)
            })
        let before = harness.traffic(EngineHarness.server(0))[.failures]
        for _ in 0..<20 { #expect(try harness.ask() == 200) }
        #expect(harness.traffic(EngineHarness.server(0))[.failures] == before)
    }

    /// A response that is retried elsewhere is a failure as well.
    @Test func retriedAnswers() throws {
        let good = try EngineOrigin.echo()
        let bad = try failing(503)
        var options = options()
        options.retries.when = [.status503]
        options.retries.budgetPercent = 100
        let harness = try EngineHarness(origins: [bad.port, good.port], options)
        #expect(
            Wait.until(10) {
                let status = try? harness.ask()
                return status == 200 && isOut(0, of: harness)
            })
    }

    /// So is one that is cut in the middle, also over a connection that was used before.
    @Test func cutAnswersOnReusedConnections() throws {
        let good = try EngineOrigin.echo()
        let bad = try EngineOrigin { connection in
            guard connection.takeMessage(hasBody: false) != nil else { return }
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            guard connection.takeMessage(hasBody: false) != nil else { return }
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut")
        }
        var options = options()
        options.reuse.policy = .aggressive
        options.ejection?.consecutiveFailures = 2
        let harness = try EngineHarness(origins: [bad.port, good.port], options)
        // Two connections to the bad one are kept; then each is used once more.
        let first = [try harness.connect(), try harness.connect()]
        for client in first { client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n") }
        for client in first { #expect(client.takeMessage() != nil) }
        #expect(
            Wait.until(10) {
                _ = try? harness.ask()
                return harness.serverRecord(0)?[.failuresInRow] ?? 0 > 0 || isOut(0, of: harness)
            })
    }

    /// It comes back by itself, and is out for twice as long the next time.
    @Test func theTimeEndsAndGrows() throws {
        let good = try EngineOrigin.echo()
        let bad = try failing()
        var options = options()
        options.ejection?.baseTime = .milliseconds(300)
        let harness = try EngineHarness(origins: [bad.port, good.port], options)
        let record = try #require(harness.serverRecord(0))
        func waitOut(_ count: UInt64) -> UInt64 {
            #expect(
                Wait.until(10) {
                    _ = try? harness.ask()
                    return record[.ejections] == count
                })
            return record[.ejectedUntil]
        }
        let first = waitOut(1)
        let second = waitOut(2)
        #expect(second >= first + 600)
        #expect(record[.ejectionsInRow] == 2)
    }

    /// A failure now and then is none in a row; neither is what a client asks wrongly.
    @Test(arguments: [501, 505, 404]) func statusesThatAreNoFailure(status: Int) throws {
        let good = try EngineOrigin.echo()
        let other = try failing(status)
        let harness = try EngineHarness(origins: [other.port, good.port], options())
        for _ in 0..<30 { _ = try harness.ask() }
        #expect(!isOut(0, of: harness))
        #expect(harness.serverRecord(0)?[.failuresInRow] == 0)
    }

    @Test func aSuccessBetween() throws {
        let good = try EngineOrigin.echo()
        let mixed = try EngineOrigin { connection in
            while let request = connection.takeMessage(hasBody: false) {
                let status = request.startLine.contains("/bad") ? 500 : 200
                connection.send("HTTP/1.1 \(status) Hm\r\nContent-Length: 0\r\n\r\n")
            }
        }
        let harness = try EngineHarness(origins: [mixed.port, good.port], options())
        let client = try harness.connect()
        for round in 0..<40 {
            // Two requests a server: of the first server's every other one fails.
            client.send("GET \(round % 4 < 2 ? "/bad" : "/") HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(client.takeMessage() != nil)
        }
        #expect(!isOut(0, of: harness))
    }

    /// Half of them at most, however many fail; and never the last one.
    @Test(arguments: [(1, 0), (2, 1), (4, 2), (5, 2)]) func theCap(count: Int, out: Int) throws {
        let bad = try failing()
        var options = options(loopCount: 2)
        options.ejection?.baseTime = .seconds(60)
        let harness = try EngineHarness(
            origins: Array(repeating: bad.port, count: count), options)
        for _ in 0..<count * 20 { #expect(try harness.ask() == 500) }
        let ejected = (0..<count).filter { isOut($0, of: harness) }
        #expect(ejected.count == out)
    }

    /// Better one that fails than none: where the others are in maintenance, it serves.
    @Test func theLastResort() throws {
        let good = try EngineOrigin.echo()
        let bad = try failing()
        let harness = try EngineHarness(origins: [bad.port, good.port], options())
        #expect(
            Wait.until(10) {
                _ = try? harness.ask()
                return isOut(0, of: harness)
            })
        harness.serverRecord(1)?.set(
            .adminState, UInt64(ServerAdminState.maintenance.rawValue))
        harness.attend()
        usleepTenth()
        #expect(try harness.ask() == 500)
    }

    /// What another process writes is not believed to be longer than the rule allows.
    @Test func rubbishInSharedMemory() throws {
        let good = try EngineOrigin.echo()
        let harness = try EngineHarness(origins: [good.port], options())
        for word in ServerWord.allCases where word != .adminState && word != .weightOverride {
            harness.serverRecord(0)?.set(word, .max)
        }
        #expect(try harness.ask() == 200)
    }
}
