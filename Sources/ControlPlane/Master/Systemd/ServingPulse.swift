// Whether the workers that serve make progress, as seen by the master's samples. A value.

internal import Clock
internal import Supervisor

struct ServingPulse: Sendable {
    /// The supervisor kills after 2 s without progress; a replacement then serves. Longer than
    /// that means that this did not work.
    static let patience: Duration = .seconds(4)
    /// Between two looks: more says that the master itself did not run, and nobody is to blame.
    static let pauseTolerance: Duration = .seconds(1)

    private var lastProgress: [WorkerID: Instant] = [:]
    private var lastLook: Instant?

    mutating func didProgress(_ worker: WorkerID, at now: Instant) {
        lastProgress[worker] = now
    }

    /// A worker that was not asked about before has all its time.
    mutating func isBeating(_ serving: [WorkerID], at now: Instant) -> Bool {
        let hasPaused = lastLook.map { now - $0 > Self.pauseTolerance } ?? false
        lastLook = now
        var known: [WorkerID: Instant] = [:]
        for worker in serving {
            known[worker] = hasPaused ? now : lastProgress[worker] ?? now
        }
        lastProgress = known
        return known.values.allSatisfy { now - $0 <= Self.patience }
    }
}
