// Waiting for a reload: until it is over and on disk, or until the generations that it replaced are
// gone as well. Holds no state; runs on the server's threads.

import Clock
import Master
import Supervisor

struct ReloadWaiting: Sendable {
    let port: any ControlPort

    /// The record when what was waited for is so, or will never be; else as it is when the time is
    /// over. With the snapshot that it is from.
    func end(
        of started: ReloadRecord, _ wait: ReloadWait
    ) async -> (ReloadRecord, MasterSnapshot) {
        let deadline = Instant.now() + wait.duration
        var record = started
        var snapshot = port.snapshot()
        while true {
            record = snapshot.reloads.first { $0.id == started.id } ?? record
            let left = deadline - Instant.now()
            let isHopeless = record.status.isTerminal && record.status != .succeeded
            if Self.isReached(isHopeless ? .finished : wait.goal, record, in: snapshot)
                || snapshot.unstored[record.id]?.isFailed == true || left <= .zero
            {
                return (record, snapshot)
            }
            let sequence = snapshot.sequence
            snapshot = await port.waitForChange(after: sequence, until: left)
            // Nothing new: the time is over, or there will never be anything new.
            if snapshot.sequence == sequence { return (record, snapshot) }
        }
    }

    static func isReached(
        _ goal: ReloadWait.Goal, _ record: ReloadRecord, in snapshot: MasterSnapshot
    ) -> Bool {
        guard record.status.isTerminal, snapshot.unstored[record.id] == nil else { return false }
        if goal == .finished { return true }
        // One that replaced nobody waits for those that were replaced before.
        let newest = record.toGeneration ?? snapshot.serving ?? .max
        return !snapshot.generations.contains { $0.phase == .leaving && $0.generation < newest }
    }
}

extension RecordStoring {
    fileprivate var isFailed: Bool { self != .pending }
}
