// How other threads reach the loop: a queue and a poke. Any thread posts, only the loop takes.

internal import Clock
internal import Model
internal import Store
internal import Supervisor
internal import Synchronization
internal import Syscalls

final class Mailbox: Sendable {
    enum Message: Sendable {
        case reload(
            id: String, ReloadWish, reply: CheckedContinuation<ReloadRecord, any Error>)
        case cancelReload(id: String)
        case terminate(generation: Int)
        case stop(graceful: Bool)
        case endSessions(SessionWish, reply: CheckedContinuation<SessionCount, any Error>)
        /// An operator has changed something about a server.
        case changed(ServerWish)
        /// Something new about a server's name.
        case resolved(NameChange)
        case recorded(reload: String, ReloadFailure?)
        /// The last record of a reload is on disk, or why it is not.
        case stored(reload: String, ReloadFailure?)
        case validated(
            reload: String, Result<ValidRevision, ReloadFailure>, fallback: GenerationPlan?)
        /// What `start` needs from the disk is there, or is not.
        case prepared(generation: Int, Result<GenerationMaterial, ReloadFailure>)
        case startFailed(generation: Int, ReloadFailure)
        case reopenLogs(AccessLogs.Reply)
        case logsOpened(LogOpening, AccessLogs.Reply?)
    }

    /// What somebody asks for through the API.
    struct ReloadWish: Sendable {
        var mode: ReloadRecord.Mode
        var trigger: ReloadRecord.Trigger
        var options: ReloadOptions
        var key: IdempotencyKey?
    }

    private struct State {
        var messages: [Message] = []
        var isClosed = false
    }
    private let state = Mutex(State())
    private let poke: EventDescriptor

    init() throws(SystemError) {
        poke = try EventDescriptor()
    }

    /// To be added to a poll set.
    var rawValue: Int32 { poke.rawValue }

    /// False after `close`: nobody will read it.
    @discardableResult
    func post(_ message: Message) -> Bool {
        let isOpen = state.withLock { state in
            if !state.isClosed { state.messages.append(message) }
            return !state.isClosed
        }
        // A full counter (EAGAIN) is readable already.
        if isOpen { try? poke.signal() }
        return isOpen
    }

    /// All that was posted, in order.
    func take() -> [Message] {
        _ = try? poke.clear()
        return state.withLock { state in
            let messages = state.messages
            state.messages = []
            return messages
        }
    }

    /// The rest, after which nothing is accepted any more.
    func close() -> [Message] {
        state.withLock { state in
            state.isClosed = true
            let messages = state.messages
            state.messages = []
            return messages
        }
    }
}
