// P1 with a real master: kill -9 and errors of the disk at each system call by which it writes its
// state directory while it carries out one POST /v1/reloads, or one PATCH of a server. The next start
// finds the old or the new state, whole, and whatever the API had said is so.

internal import Foundation
internal import TestKit
internal import Testing

extension IntegrationTests {
    @Suite(.timeLimit(.minutes(30))) struct MasterCrashPointTests {
        /// How many faults are tried in a run; APUS_LONG=1 tries all, with and without waiting.
        private static let faultCountMax =
            ProcessInfo.processInfo.environment["APUS_LONG"] == "1" ? Int.max : 48

        @Test func aReloadIsOldOrNewAtEachWrite() throws { try tryAll(.reload) }

        /// In service or out of it: nothing in between, and what was answered with 200 is so.
        @Test func aServerIsAsBeforeOrAsWantedAtEachWrite() throws { try tryAll(.serverChange) }

        private func tryAll(_ work: MasterCrashRun.Work) throws {
            let run = try MasterCrashRun(work)
            let points = try run.points()
            let calls = Set(points.map(\.call))
            #expect(calls.isSuperset(of: ["pwrite64", "fdatasync"]), "\(points)")
            #expect(Set(points.map(\.thread)) == ["store", "audit"], "\(points)")
            let faults = points.flatMap { point in
                MasterCrashRun.Fault.allCases.flatMap { fault in
                    (work == .reload ? [true, false] : [true]).map {
                        (point: point, fault: fault, waits: $0)
                    }
                }
            }
            // A step that shares no factor with the kinds, so that each meets each place.
            let countMax = work == .reload ? Self.faultCountMax : Self.faultCountMax / 2
            var step = max(1, (faults.count - 1) / countMax + 1)
            while step > 1, step.isMultiple(of: 2) || step.isMultiple(of: 5) { step += 1 }
            var (tried, injected) = (0, 0)
            for index in stride(from: 0, to: faults.count, by: step) {
                let (point, fault, waits) = faults[index]
                let outcome = try run.outcome(of: fault, at: point, waits: waits)
                #expect(outcome.faults.isEmpty, "\(fault) at \(point), waits: \(waits): \(outcome)")
                tried += 1
                if outcome.isInjected { injected += 1 }
            }
            report("\(injected) of \(tried) of \(faults.count) faults at \(points.count) calls")
            // What happens after the answer has no fixed order, so the last ones may not come.
            #expect(injected * 10 >= tried * 8)
        }

        /// The verdict can be a bad one: a disk that forgets what it said was written.
        @Test func aPromiseThatWasNotKeptIsFound() throws {
            let outcome = try MasterCrashRun().outcomeOfForgetting()
            #expect(outcome.faults.contains { $0.contains("lost") }, "\(outcome)")
        }
    }
}
