// kill -9, a full disk and a disk error at each system call by which a store writes: afterwards
// each call has its old or its new effect, and the new one if it was said to be durable.

import Foundation
import TestKit
import Testing

@testable import Store
@testable import StoreWriter

@Suite(.serialized, .timeLimit(.minutes(10))) struct CrashPointTests {
    /// How many faults are tried in a run; APUS_LONG=1 tries them all.
    private static let pointCountMax =
        ProcessInfo.processInfo.environment["APUS_LONG"] == "1" ? Int.max : 36

    /// A store without its shutdown: the log of the last life is still to be read.
    @Test func aUsedStoreIsOldOrNew() throws { try tryAll(wasUsed: true) }

    /// The first start makes the file and its tables.
    @Test func aFreshStoreIsOldOrNew() throws { try tryAll(wasUsed: false) }

    /// Transactions that fail one after the other leave pieces of themselves in the log, each behind
    /// a shorter one: no damage.
    @Test func aDiskThatStaysFullIsNoDamage() throws {
        for wasUsed in [true, false] {
            let run = try CrashRun(wasUsed: wasUsed)
            for point in try run.points() where point.call == "fdatasync" {
                let outcome = try run.outcome(of: .diskFull, at: point)
                #expect(outcome.faults.isEmpty, "\(point): \(outcome)")
            }
        }
    }

    /// The verdict can be a bad one.
    @Test func aWriterThatPromisesEarlyIsCaught() throws {
        let run = try CrashRun(wasUsed: true, arguments: ["early"])
        let points = try run.points().filter { $0.call == "fdatasync" || $0.call == "pwrite64" }
        #expect(
            try points.contains { point in
                let outcome = try run.outcome(of: .killed, at: point)
                return outcome.faults.contains { $0.hasSuffix("is lost") }
            })
    }

    private func tryAll(wasUsed: Bool) throws {
        let run = try CrashRun(wasUsed: wasUsed)
        let points = try run.points()
        #expect(Set(points.map(\.call)).isSuperset(of: ["pwrite64", "fdatasync"]), "\(points)")
        let faults = points.flatMap { point in CrashRun.Fault.allCases.map { (point, $0) } }
        // Not a multiple of the number of faults, so that each of them meets each kind of call.
        var step = max(1, (faults.count - 1) / Self.pointCountMax + 1)
        if step > 1, step.isMultiple(of: CrashRun.Fault.allCases.count) { step += 1 }
        var tried = 0
        for index in stride(from: 0, to: faults.count, by: step) {
            let (point, fault) = faults[index]
            let outcome = try run.outcome(of: fault, at: point)
            #expect(outcome.isInjected, "\(fault) at \(point): \(outcome)")
            #expect(outcome.faults.isEmpty, "\(fault) at \(point): \(outcome)")
            tried += 1
        }
        print("figure: \(tried) of \(faults.count) faults at \(points.count) system calls, \(run)")
    }
}
