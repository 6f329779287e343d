// Questions about configurations, to a real master with real workers: answered, and without any
// effect on what serves.

import ConfigurationLanguage
import Foundation
import Store
import Supervisor
import TestKit
import Testing

@testable import Master

extension MasterProcessTests {
    @Suite struct ConfigurationDeskTests {
        private func text(_ serving: Serving, _ change: (inout TestConfiguration) -> Void)
            -> PlannedConfiguration
        {
            var configuration = serving.configuration
            change(&configuration)
            return .text(ConfigurationText(configuration.text))
        }

        private func changes(_ plan: ConfigurationPlan) -> [String]? {
            plan.difference?.changes.map { "\($0.operation.rawValue) \($0.pointer)" }
        }

        @Test func aPlanTellsTheDifferenceToWhatIsServed() async throws {
            let serving = try await Serving()
            let desk = serving.master.handle.configurations
            let same = try await desk.plan(.file, level: .semantic)
            #expect(same.errors == [])
            #expect(same.baseRevision == 1)
            #expect(changes(same) == [])
            #expect(same.difference?.impact == nil)
            let other = try await desk.plan(
                text(serving) { $0.process["max_reloads"] = "3" }, level: .semantic)
            #expect(changes(other) == ["replace /process/max_reloads"])
            #expect(other.difference?.impact == .reload)
            // The file as it is now, and not as it was loaded.
            var edited = serving.configuration
            edited.process["max_connections"] = "77"
            try serving.master.write(configuration: edited.text)
            let planned = try await desk.plan(.file, level: .semantic)
            #expect(changes(planned) == ["replace /process/max_connections"])
            let snapshot = serving.master.handle.snapshot()
            #expect(snapshot.desiredRevision == 1)
            #expect(snapshot.reloads.count == 1)
            #expect(try await desk.revisions().map(\.number) == [1])
        }

        @Test func aPlanOfAnInvalidTextHasEveryError() async throws {
            let serving = try await Serving()
            let desk = serving.master.handle.configurations
            let bad = PlannedConfiguration.text(
                ConfigurationText(
                    """
                    version: 1
                    proces: {}
                    frontends: {f: {bind: "*:1", backend: nowhere}}
                    """))
            let plan = try await desk.plan(bad, level: .semantic)
            #expect(plan.errors.map(\.code) == [.unknownField, .unknownReference])
            #expect(plan.errors.first?.file == "request")
            #expect(plan.difference == nil)
            let shape = try await desk.plan(bad, level: .schema)
            #expect(shape.errors.map(\.code) == [.unknownField])
            try FileManager.default.removeItem(
                atPath: serving.master.directory.path("apus.yaml"))
            let missing = try await desk.plan(.file, level: .semantic)
            #expect(missing.errors.map(\.code) == [.unreadableFile])
        }

        @Test func aProbeThatWorksLeavesNothing() async throws {
            let serving = try await Serving()
            let before = try serving.footprint()
            let desk = serving.master.handle.configurations
            for _ in 0..<3 {
                let plan = try await desk.plan(.file, level: .probe)
                #expect(plan.probe != nil)
            }
            try await serving.expectUnchanged(since: before)
            #expect(serving.master.handle.snapshot().generations.count == 1)
            let next = try await serving.master.reload()
            #expect(next.toGeneration == 2, "a probe takes no number")
        }

        @Test(arguments: [
            ("exit-in-init", "worker-exited-in-init"), ("crash", "worker-exited-in-init"),
            ("hang", "ready-timeout"), ("refuse", "worker-refused"),
            ("garbage", "worker-protocol-error"),
            ("wrong-version", "worker-protocol-error"),
            ("half-close-in-init", "worker-protocol-error"),
        ])
        func aProbeThatFailsSaysWhy(_ mode: String, _ code: String) async throws {
            // Only who never says READY is to meet a deadline, however slow the machine is.
            let serving = try await Serving { $0.process["ready_timeout"] = "60s" }
            let before = try serving.footprint()
            try serving.master.setWorker(mode)
            let desk = serving.master.handle.configurations
            let planned = text(serving) {
                if mode == "hang" { $0.process["ready_timeout"] = "500ms" }
            }
            do throws(ConfigurationDeskError) {
                _ = try await desk.plan(planned, level: .probe)
                Issue.record("it came up")
            } catch {
                guard case .probe(let failed) = error else {
                    Issue.record("\(error)")
                    return
                }
                #expect(failed.failure.code == code, "\(failed)")
                if mode == "exit-in-init" { #expect(failed.logTail.count == 2) }
            }
            try serving.master.setWorker("ok")
            _ = try await desk.plan(.file, level: .probe)
            try await serving.expectUnchanged(since: before)
        }

        @Test func oneProbeAtATime() async throws {
            let serving = try await Serving()
            try serving.master.setWorker("hang")
            let desk = serving.master.handle.configurations
            let planned = text(serving) { $0.process["ready_timeout"] = "1s" }
            let codes = await withTaskGroup(of: String.self) { group in
                for _ in 0..<3 {
                    group.addTask {
                        do throws(ConfigurationDeskError) {
                            _ = try await desk.plan(planned, level: .probe)
                            return "up"
                        } catch {
                            if case .probing = error { return "probing" }
                            if case .probe(let failed) = error { return failed.failure.code }
                            return "\(error)"
                        }
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(codes.sorted() == ["probing", "probing", "ready-timeout"])
        }

        @Test func revisionsKnowWhoBroughtThem() async throws {
            let serving = try await Serving()
            let desk = serving.master.handle.configurations
            var edited = serving.configuration
            edited.process["max_reloads"] = "3"
            try serving.master.write(configuration: "# why\n" + edited.text)
            let record = try await serving.master.handle.requestReload(
                mode: .soft, trigger: .init(source: .api, principal: "uid:7", reason: "deploy"))
            #expect(try await serving.master.finished(record.id).status == .succeeded)
            let revisions = try await desk.revisions()
            #expect(revisions.map(\.number) == [2, 1])
            #expect(
                revisions.first?.origin
                    == RevisionOrigin(reload: record.id, principal: "uid:7", reason: "deploy"))
            #expect(revisions.last?.origin?.principal == "master")
            #expect(revisions.last?.isGood == true)

            let written = try await desk.document(of: nil, as: .asWritten)
            #expect(written.revision == 2)
            #expect(written.text.string == "# why\n" + edited.text)
            let effective = try await desk.document(of: 1, as: .effective)
            #expect(effective.revision == 1)
            #expect(effective.text.string.contains("\"max_connections\": \"auto\""))
            let difference = try await desk.difference(from: 1, to: 2)
            #expect(difference.changes.map(\.pointer) == ["/process/max_reloads"])
            let lines = try await desk.textDifference(from: 1, to: 2).unified
            #expect(lines.hasPrefix("--- revision 1\n+++ revision 2\n"))
            #expect(lines.contains("\n+# why\n"))
            await #expect(throws: ConfigurationDeskError.noRevision(9)) {
                try await desk.document(of: 9, as: .effective)
            }
        }
    }
}
