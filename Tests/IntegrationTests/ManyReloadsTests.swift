// Many reloads at once, and many after each other.

internal import Foundation
internal import Synchronization
internal import TestKit
internal import Testing

extension IntegrationTests {
    @Suite(.timeLimit(.minutes(5))) struct ManyReloadsTests {
        @Test func hundredAtOnceAreSettledWithThreeGenerations() throws {
            // A reload lasts longer than a hundred requests take to arrive.
            let worker = try ExchangeableWorker("sleep 0.7; \(ExchangeableWorker.good)")
            let setting = try Setting(worker: worker.path)
            let apus = setting.apus
            let answers = Mutex<[HTTPResponse]>([])
            let failures = Counter()
            let threads = Threads()
            for _ in 0..<100 {
                threads.start {
                    if let answer = try? apus.reload() {
                        answers.withLock { $0.append(answer) }
                    } else {
                        failures.add()
                    }
                }
            }
            try threads.join(within: 90)
            let all = answers.withLock { $0 }
            #expect(failures.value == 0)
            #expect(all.count == 100)
            let succeeded = all.filter { $0.status == 200 }
            let superseded = all.filter { $0.json["code"].text == "superseded" }
            // Beyond a burst of 20 the rate of process.reload_rate decides.
            let rejected = all.filter { $0.json["code"].text == "too-many-reloads" }
            #expect(succeeded.count + superseded.count + rejected.count == 100)
            #expect(succeeded.count + superseded.count >= 20)
            #expect(rejected.allSatisfy { $0.status == 429 && $0["Retry-After"] != nil })
            #expect(!succeeded.isEmpty)
            let ids = Set(succeeded.compactMap { $0.json["id"].text })
            for answer in superseded {
                let successor = answer.json["operation"]["superseded_by"].text
                #expect(successor != nil)
            }
            let serving = try #require(try apus.servingGeneration)
            report("100 reloads at once: \(ids.count) ran, generation \(serving) serves")
            // One started before the burst.
            #expect(serving <= 1 + 3)
        }

        @Test func descriptorsAreTheSameAfterManyReloads() throws {
            let setting = try Setting {
                $0.process["drain_idle_after"] = "0s"
                $0.process["drain_idle_spread"] = "0s"
            }
            let before = try settled(setting)
            let count = isLongRun ? 200 : 24
            let extra = try FreePort.lease()
            for step in 0..<count {
                switch step % 4 {
                case 0: try setting.apus.write(setting.configuration)
                case 1: try setting.apus.write("version: 1\nfrontends: 7\n")
                case 2:
                    var wider = setting.configuration
                    wider.addListener("extra", port: extra)
                    try setting.apus.write(wider)
                default:
                    var taken = setting.configuration
                    taken.addListener("taken", port: setting.server.port)
                    try setting.apus.write(taken)
                }
                let answer = try setting.apus.reload()
                #expect(answer.status == (step % 2 == 0 ? 200 : 422), "\(answer)")
            }
            try setting.apus.write(setting.configuration)
            #expect(try setting.apus.reload().status == 200)
            // What is only slow to close is no leak.
            _ = try? eventually("the same descriptors", within: 5) {
                try settled(setting) == before
            }
            let after = try settled(setting)
            #expect(after == before, "\(after)\ninstead of\n\(before)")
            #expect(setting.apus.inspection.zombies.isEmpty)
        }

        /// When leavers are gone and no API connection is open.
        private func settled(_ setting: Setting) throws -> Footprint {
            try eventually("only one worker", within: 20) { setting.apus.workerPids.count == 1 }
            return try setting.apus.steadyFootprint()
        }
    }
}
