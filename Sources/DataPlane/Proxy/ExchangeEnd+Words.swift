// The ends and phases of an exchange in words, for the log. Pure.

extension ExchangeEnd {
    /// Who ended it, and how.
    var word: StaticString {
        switch self {
        case .normal: "completed"
        case .local: "answered"
        case .refused: "refused"
        case .clientAbort: "client-abort"
        case .clientTimeout: "client-timeout"
        case .serverAbort: "server-abort"
        case .serverTimeout: "server-timeout"
        case .resource: "resources"
        case .killed: "killed"
        case .serverDown: "server-down"
        case .backupOver: "backup-over"
        }
    }

    /// Neither a clean end nor an answer that the configuration wanted: logged in any case. A refusal
    /// is none, or a flood of refused requests would switch sampling off.
    var isFault: Bool {
        switch self {
        case .normal, .local, .refused: false
        case .clientAbort, .clientTimeout, .serverAbort, .serverTimeout, .resource, .killed,
            .serverDown, .backupOver:
            true
        }
    }
}

extension Exchange.Phase {
    /// What went on when the end became known.
    var word: StaticString {
        switch self {
        case .request: "request"
        case .queued: "queue"
        case .connecting: "connect"
        case .awaitingResponse: "response-head"
        case .responding: "response"
        case .tunnelling: "tunnel"
        case .answering: "answer"
        }
    }
}
