// Ranges of ports: as many listeners as an entry has ports, through reloads that change them.

internal import Foundation
internal import TestKit
internal import Testing

extension IntegrationTests {
    @Suite(.timeLimit(.minutes(5))) struct BindTests {
        /// What a range has before and after a reload serves on, what it grew by is there, what it
        /// lost is gone.
        @Test func aRangeGrowsAndShrinksUnderLoad() throws {
            let setting = try Setting()
            let first = try FreePort.range(41)
            func bind(_ count: Int) throws {
                var configuration = setting.configuration
                configuration.frontends["main"] =
                    "{bind: \"127.0.0.1:\(first)-\(first + count - 1)\", backend: echo}"
                try setting.apus.write(configuration)
                let answer = try setting.apus.reload()
                #expect(answer.status == 200, "\(answer)")
            }
            try bind(4)
            let inodes = (0..<4).map { ProcessInspection.listeningInode(port: first + $0) }
            var mix = MixedLoad.Mix()
            mix.idle = 8
            let load = MixedLoad(port: first + 3, mix: mix)
            load.start()
            try eventually("traffic") { setting.server.requestCount > 100 }
            try pace(every: 0.5, count: isLongRun ? 60 : 16) { step in
                let count = [40, 5, 20, 4][step % 4]
                try bind(count)
                let last = first + count - 1
                #expect(ProcessInspection.listeningInode(port: last) != nil)
                #expect(ProcessInspection.listeningInode(port: last + 1) == nil)
                #expect(try HTTPClient(port: last).exchange("GET", "/").status == 200)
                #expect(
                    (0..<4).map { ProcessInspection.listeningInode(port: first + $0) } == inodes)
            }
            try load.stop()
            let verdict = load.ledger.verdict(server: setting.server)
            report("a range that changes: \(verdict)")
            #expect(verdict.isPerfect, "\(verdict)")
        }

        /// More ports than places, and more than are taken up again in a round: each gets its turn.
        @Test func everyPortOfAFullRangeIsServed() throws {
            let first = try FreePort.range(60)
            var configuration = TestConfiguration()
            configuration.frontends["main"] =
                "{bind: {address: \"127.0.0.1:\(first)-\(first + 59)\", max_connections: 2}, "
                + "routes: [{respond: {body: here}}]}"
            let apus = try ApusInstance(configuration)
            let threads = Threads()
            let served = Counter()
            for offset in 0..<60 {
                threads.start {
                    for _ in 0..<10 {
                        let client = try? HTTPClient(port: first + offset)
                        let answer = try? client?.exchange(
                            fields: ["Connection: close"], within: 20)
                        if answer?.text == "here" { served.add() }
                    }
                }
            }
            try threads.join(within: 60)
            #expect(served.value == 600, "\(apus.logText)")
        }

        /// As many as there may be: more than the control channel holds at once.
        @Test func twoThousandListeners() throws {
            let first = try FreePort.range(1_000)
            let full = (1...2).map { "\"127.0.0.\($0):\(first)-\(first + 999)\"" }
            let name = String(repeating: "n", count: 60)
            var configuration = TestConfiguration()
            configuration.process["workers"] = "2"
            configuration.frontends[name] =
                "{bind: [\(full.joined(separator: ", ")), \"127.0.0.5:\(first)-\(first + 47)\"], "
                + "routes: [{respond: {body: many}}]}"
            let apus = try ApusInstance(configuration)
            for _ in 0..<3 {
                for offset in stride(from: 0, to: 1_000, by: 37) {
                    let answer = try HTTPClient(port: first + offset).exchange()
                    #expect(answer.text == "many")
                }
                let elapsed = Elapsed()
                let answer = try apus.reload()
                #expect(answer.status == 200, "\(answer)")
                report("a reload with 2048 listeners took \(Int(elapsed.milliseconds)) ms")
            }
            #expect(apus.logText.contains("and 2038 more"))
        }
    }
}
