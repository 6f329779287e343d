// What other threads hand to one loop: commands from the worker's main thread, accepted connections
// from the other loops. Any thread posts, the owner takes. Cold: one message per connection at
// most.

internal import Syscalls

/// Messages in order, and the descriptor that wakes their reader.
final class Mailbox<Message: Sendable>: Sendable {
    private struct State: Sendable {
        var messages: [Message] = []
        var isClosed = false
    }
    private let state = Guarded(State())
    private let bell: EventDescriptor

    /// Throws where the system has no descriptor left.
    init() throws(SystemError) {
        bell = try EventDescriptor()
    }

    /// Readable while messages wait.
    var descriptor: Int32 { bell.rawValue }

    /// Adds a message and wakes the reader. False: the reader has gone and will not read it.
    @discardableResult
    func post(_ message: Message) -> Bool {
        let (isFirst, isClosed) = state.withLock { state in
            if state.isClosed { return (false, true) }
            state.messages.append(message)
            return (state.messages.count == 1, false)
        }
        // An eventfd that cannot be written to is full, so its reader is awake.
        if isFirst { _ = try? bell.signal() }
        return !isClosed
    }

    /// Everything that waits, in the order of posting.
    func takeAll() -> [Message] {
        _ = try? bell.clear()
        return state.withLock { state in
            let taken = state.messages
            state.messages.removeAll()
            return taken
        }
    }

    /// Takes the rest, and nothing any more.
    func close() -> [Message] {
        state.withLock { state in
            state.isClosed = true
            let taken = state.messages
            state.messages = []
            return taken
        }
    }
}
