// What the program's exit code says. A contract: scripts and systemd depend on it.

/// Exit codes of `apus`.
enum ExitStatus: Int32, Sendable, CaseIterable {
    case done = 0
    case other = 1
    case usage = 2
    case configurationInvalid = 3
    case waitExpired = 4
    case conflict = 5
    case notAllowed = 6
    case unreachable = 7
    /// The operation failed, and the generation before it still serves.
    case operationFailed = 8

    /// For people; the contract in one line.
    var meaning: String {
        switch self {
        case .done: "done"
        case .other: "another failure"
        case .usage: "a command line or a request that cannot be"
        case .configurationInvalid: "the configuration is invalid"
        case .waitExpired:
            "the time to wait is over, and what was begun goes on; of run: an address is taken"
        case .conflict: "a conflict with what is there, or a precondition that does not hold"
        case .notAllowed: "not allowed, or nobody has shown who asks"
        case .unreachable: "no master answers, or none that can be trusted"
        case .operationFailed: "the operation failed; the generation before it serves"
        }
    }

    /// Of an answer that is no success.
    init(problemCode code: String, httpStatus: Int) {
        switch (code, httpStatus) {
        case ("config-invalid", _), ("file-missing", _): self = .configurationInvalid
        case ("superseded", _), ("idempotency-key-reused", _): self = .conflict
        case ("request-invalid", _), ("invalid-parameter", _): self = .usage
        case ("shutting-down", _), ("not-ready", _), ("master-stuck", _): self = .other
        case ("spawn-failed", _), ("store-failed", _), (_, 422): self = .operationFailed
        case (_, 401), (_, 403): self = .notAllowed
        case (_, 409), (_, 412), (_, 428), (_, 429): self = .conflict
        default: self = .other
        }
    }
}

/// Ends the program with a status and, usually, a line for stderr.
struct CommandFailure: Error, Equatable {
    var status: ExitStatus
    /// Nil if everything has been said.
    var message: String?

    init(_ status: ExitStatus, _ message: String? = nil) {
        self.status = status
        self.message = message
    }
}
