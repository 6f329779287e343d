// Who asked for a reload and has not been told yet. The loop's.

internal import Clock
internal import Supervisor

struct ReloadReply {
    /// A disk that hangs is not waited for any longer: a little more than the supervisor does.
    static let timeout: Duration = .seconds(12)

    /// Its record is on disk, or the attempt failed and the supervisor knows.
    var isRecorded = false
    var rejection: ReloadRejection?
    private let continuation: CheckedContinuation<ReloadRecord, any Error>
    private let deadline: Instant

    init(_ continuation: CheckedContinuation<ReloadRecord, any Error>, at now: Instant) {
        self.continuation = continuation
        deadline = now + Self.timeout
    }

    /// Whether the caller was told.
    func answer(with record: ReloadRecord?, at now: Instant, isLast: Bool) -> Bool {
        if let rejection {
            continuation.resume(throwing: MasterError.rejected(rejection))
        } else if let record, isRecorded || record.status == .failed {
            continuation.resume(returning: record)
        } else if isRecorded || isLast {
            continuation.resume(throwing: MasterError.stopped)
        } else if deadline <= now {
            continuation.resume(throwing: MasterError.notRecorded)
        } else {
            return false
        }
        return true
    }
}
