// What the workers are doing, read from the shared memory when somebody asks. The loop says which
// workers there are, any thread reads; every number comes from a worker and may be any.

internal import Clock
internal import Foundation
internal import SharedState
internal import Supervisor
internal import Synchronization
internal import Syscalls

final class GaugeReader: Sendable {
    struct Entry: Sendable {
        var pid: Int32
        var slot: Int
        var loopCount: Int
    }
    private struct State {
        var entries: [WorkerID: Entry] = [:]
        /// Totals of workers that are gone.
        var retired: [String: UInt64] = [:]
        /// The highest that was seen of workers that live: their own words may go down.
        var peaks: [WorkerID: [String: UInt64]] = [:]
    }
    private let region: SharedRegion
    private let state = Mutex(State())

    init(_ region: SharedRegion) {
        self.region = region
    }

    func add(_ worker: WorkerID, _ entry: Entry) {
        state.withLock { $0.entries[worker] = entry }
    }

    /// Before the slot is given to another; keeps its totals.
    func remove(_ worker: WorkerID) {
        state.withLock { state in
            guard let entry = state.entries.removeValue(forKey: worker) else { return }
            Self.add(raise(&state.peaks[worker, default: [:]], by: entry), to: &state.retired)
            state.peaks[worker] = nil
        }
    }

    func read(at now: Instant) -> [WorkerID: WorkerGauges] {
        let (entries, reports) = state.withLock { state in
            (state.entries, state.entries.mapValues(report))
        }
        var result: [WorkerID: WorkerGauges] = [:]
        for (worker, report) in reports {
            var gauges = WorkerGauges()
            gauges.clientConnections = Int(clamping: report[.clientConnections])
            gauges.exchanges = Int(clamping: report[.exchangesInFlight])
            gauges.tunnels = Int(clamping: report[.tunnels])
            gauges.oldestSessionAgeSeconds = report.oldestSessionStartedNanoseconds.map {
                max(0, Int(clamping: (now - Instant(nanoseconds: $0)).wholeSeconds))
            }
            gauges.rssBytes = entries[worker].flatMap { Self.residentBytes(pid: $0.pid) }
            gauges.counters = counters(of: report)
            result[worker] = gauges
        }
        return result
    }

    /// Totals over live workers and those that are gone: they never go down.
    func totals() -> [String: UInt64] {
        state.withLock { state in
            var totals = state.retired
            for (worker, entry) in state.entries {
                Self.add(raise(&state.peaks[worker, default: [:]], by: entry), to: &totals)
            }
            return totals
        }
    }

    private func raise(
        _ peaks: inout [String: UInt64], by entry: Entry
    ) -> [String: UInt64] {
        peaks.merge(counters(of: report(entry)), uniquingKeysWith: max)
        return peaks
    }

    /// Too much is the most, and not little again.
    private static func add(_ counts: [String: UInt64], to totals: inout [String: UInt64]) {
        for (name, count) in counts {
            let (sum, overflow) = totals[name, default: 0].addingReportingOverflow(count)
            totals[name] = overflow ? .max : sum
        }
    }

    private func report(_ entry: Entry) -> WorkerReport {
        WorkerReport(
            loops: (0..<entry.loopCount).compactMap {
                LoopReport(region, slot: entry.slot, loop: $0)
            })
    }

    private func counters(of report: WorkerReport) -> [String: UInt64] {
        var counters: [String: UInt64] = [:]
        for counter in LoopCounter.allCases { counters["\(counter)"] = report[counter] }
        return counters
    }

    /// Second field of /proc/PID/statm, in pages (proc_pid_statm(5)).
    private static func residentBytes(pid: Int32) -> Int? {
        guard let text = try? Files.read("/proc/\(pid)/statm", maxBytes: 4096) else { return nil }
        let fields = String(decoding: text, as: UTF8.self).split(separator: " ")
        guard fields.count > 1, let pages = Int(fields[1]) else { return nil }
        let (bytes, overflow) = pages.multipliedReportingOverflow(by: pageBytes)
        return overflow ? nil : bytes
    }

    private static let pageBytes = Int(sysconf(Int32(_SC_PAGESIZE)))
}
