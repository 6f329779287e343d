// What only events tell and snapshots forget: counts by reason and by step. Pure value; kept by
// `EventFeed`, shown in `MasterSnapshot`.

public import Clock
public import Supervisor

/// Counts since the master started. They never go down.
public struct MasterTally: Sendable, Equatable {
    /// Generations that got SIGTERM.
    public var sigterms: [GenerationRecord.SigtermReason: Int] = [:]
    /// How long the steps of finished reloads took.
    public var stepDurations: [ReloadRecord.StepName: DurationHistogram] = [:]
    /// When a reload last succeeded.
    public var lastSuccessAt: WallTime?

    public init() {}

    mutating func note(_ record: ReloadRecord) {
        for step in record.steps {
            guard let milliseconds = step.milliseconds else { continue }
            stepDurations[step.name, default: DurationHistogram()].add(milliseconds)
        }
        if record.status == .succeeded, record.trigger.source.isRequest {
            lastSuccessAt = record.finishedAt
        }
    }
}

/// How many durations were at most how long.
public struct DurationHistogram: Sendable, Equatable {
    /// Upper bounds, ascending, milliseconds.
    public static let boundsMilliseconds = [
        5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000,
    ]

    /// Durations up to each bound and above the one before; the last is above all bounds.
    public private(set) var counts = [Int](repeating: 0, count: boundsMilliseconds.count + 1)
    public private(set) var sumMilliseconds = 0

    public init() {}

    /// How many there are.
    public var count: Int { counts.reduce(0, +) }

    mutating func add(_ milliseconds: Int) {
        let place = Self.boundsMilliseconds.firstIndex { milliseconds <= $0 } ?? counts.count - 1
        counts[place] += 1
        let (sum, overflow) = sumMilliseconds.addingReportingOverflow(max(milliseconds, 0))
        sumMilliseconds = overflow ? .max : sum
    }
}

extension ReloadRecord.Source {
    /// Asked for by somebody, and not the master's own replacement of a crashed generation.
    public var isRequest: Bool { self != .restart && self != .rollback }
}
