// What becomes of a reload whose master died: it ends, once, and says so.

internal import Clock
internal import Supervisor

extension ReloadFailure {
    static let masterRestarted = ReloadFailure(
        code: "master-restarted",
        detail: "the master ended while this reload was not over; GET /v1/status tells what serves")
}

extension ReloadRecord {
    /// As it is if it was over.
    func interrupted(at now: WallTime) -> ReloadRecord {
        if status.isTerminal { return self }
        var record = self
        record.status = .failed
        record.failure = .masterRestarted
        record.finishedAt = now
        for index in record.steps.indices where record.steps[index].status == .running {
            record.steps[index].status = .failed
        }
        return record
    }
}
