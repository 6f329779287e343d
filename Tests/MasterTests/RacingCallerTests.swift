// Who changes the configuration at the same time as others loses nothing without being told: what
// was written last is what serves in the end, and each record says what became of its own.

import ConfigurationLanguage
import Foundation
import Supervisor
import Synchronization
import TestKit
import Testing

@testable import Master

extension MasterProcessTests {
    @Suite struct RacingCallerTests {
        private let trigger = ReloadRecord.Trigger(source: .api, principal: "test")

        private func text(_ serving: Serving, _ number: Int) -> String {
            var configuration = serving.configuration
            configuration.process["max_connections"] = "\(number)"
            return configuration.text
        }

        /// What serves now, by the number in it.
        private func number(_ master: TestMaster, of revision: Int? = nil) async throws -> Int? {
            let text = try await master.handle.configurations.document(of: revision, as: .asWritten)
                .text.string
            return text.firstMatch(of: /max_connections: (\d+)/).flatMap { Int($0.1) }
        }

        private func serving() async throws -> Serving {
            try await Serving {
                $0.process["ready_timeout"] = "60s"
                $0.process["switch_timeout"] = "60s"
                $0.process["max_connections"] = "100"
            }
        }

        /// Eight callers, each with a text of its own and `if_changed`, which must never take another's
        /// reload for the end of its own.
        @Test func theLastTextServes() async throws {
            let serving = try await serving()
            let master = serving.master
            let written = Written()
            let records = try await withThrowingTaskGroup(of: [ReloadRecord].self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        var records: [ReloadRecord] = []
                        for _ in 0..<4 {
                            try written.last.withLock { last in
                                last += 1
                                try replace(master, text(serving, last))
                            }
                            let record = try await master.handle.requestReload(
                                mode: .soft, trigger: trigger,
                                options: ReloadOptions(ifChanged: true))
                            records.append(try await master.finished(record.id, seconds: 60))
                        }
                        return records
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(records.count == 32)
            let byID = Dictionary(uniqueKeysWithValues: records.map { ($0.id, $0) })
            for record in records {
                switch record.status {
                case .succeeded: #expect(record.revision != nil)
                case .superseded:
                    let other = try #require(record.supersededBy)
                    #expect(byID[other] != nil, "superseded by nobody who asked")
                default: Issue.record("\(record)")
                }
            }
            #expect(try await number(master) == written.last.withLock { $0 })
            let snapshot = master.handle.snapshot()
            #expect(snapshot.desiredRevision == snapshot.appliedRevision)
        }

        /// The text goes back to what still serves while a reload away from it runs: that is no
        /// "unchanged".
        @Test func aStepBackIsAChange() async throws {
            let serving = try await serving()
            let master = serving.master
            for round in 0..<6 {
                try replace(master, text(serving, 200 + round))
                let away = try await master.handle.requestReload(mode: .soft, trigger: trigger)
                // Somewhere on its way.
                try await Task.sleep(for: .milliseconds(round * 10))
                try replace(master, serving.configuration.text)
                let back = try await master.handle.requestReload(
                    mode: .soft, trigger: trigger, options: ReloadOptions(ifChanged: true))
                #expect(try await master.finished(away.id, seconds: 60).status == .succeeded)
                #expect(try await master.finished(back.id, seconds: 60).status == .succeeded)
                #expect(try await number(master) == 100, "round \(round)")
            }
        }

        /// A reload that is cancelled while it runs was carried out or was not, and says which.
        @Test func cancelledMeansNotServed() async throws {
            let serving = try await serving()
            let master = serving.master
            var outcomes: [ReloadRecord.Status: Int] = [:]
            for round in 0..<12 {
                let before = try #require(try await number(master))
                try replace(master, text(serving, 300 + round))
                let record = try await master.handle.requestReload(mode: .soft, trigger: trigger)
                try await Task.sleep(for: .milliseconds(round * 8))
                await master.handle.cancelReload(id: record.id)
                let end = try await master.finished(record.id, seconds: 60)
                outcomes[end.status, default: 0] += 1
                switch end.status {
                case .cancelled: #expect(try await number(master) == before)
                case .succeeded: #expect(try await number(master) == 300 + round)
                default: Issue.record("\(end)")
                }
            }
            #expect(outcomes.values.reduce(0, +) == 12)
        }

        private final class Written: Sendable {
            let last = Mutex(100)
        }

        /// A file that the configuration names is a part of it, though the text stays as it is.
        @Test func anotherMapIsAChange() async throws {
            let serving = try await serving()
            let master = serving.master
            let map = try master.directory.write("map", "a.example main\n")
            var configuration = serving.configuration
            configuration.frontends["main"] = """
                {bind: "127.0.0.1:\(serving.port)", routes: [{backend_map: m}, {respond: {body: x}}]}
                """
            configuration.backends["main"] = "{servers: {s: {address: \"127.0.0.1:9\"}}}"
            let text = configuration.text + "maps: {m: {file: \(map)}}\n"
            try replace(master, text)
            func reload() async throws -> ReloadRecord {
                let record = try await master.handle.requestReload(
                    mode: .soft, trigger: trigger, options: ReloadOptions(ifChanged: true))
                return try await master.finished(record.id, seconds: 60)
            }
            let first = try await reload()
            #expect(first.status == .succeeded && !first.isUnchanged, "\(first)")
            #expect(try await reload().isUnchanged)
            try master.directory.write("map", "a.example main\nb.example main\n")
            let second = try await reload()
            #expect(second.status == .succeeded && !second.isUnchanged)
            #expect(second.revision != first.revision)
            #expect(try await reload().isUnchanged)
        }

        /// As an editor does it: nobody reads half of it.
        private func replace(_ master: TestMaster, _ text: String) throws {
            try Data(text.utf8).write(
                to: URL(fileURLWithPath: master.directory.path("apus.yaml")), options: .atomic)
        }
    }
}
