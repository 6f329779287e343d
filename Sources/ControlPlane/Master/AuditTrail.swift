// The audit on its way to the store, on a thread of its own: who asks for a change waits until it
// is written, who is refused does not, and the master's loop never hears of either. What a full
// disk does not take is in the log all the same. Any thread.

internal import Store
internal import Synchronization
internal import Syscalls

final class AuditTrail: Sendable {
    /// Refusals that wait to be written; more are counted. Changes always wait.
    static let refusalCountMax = 1024
    /// How long an answer is held back for a slow disk: the line stays in the queue.
    static let patience = Duration.seconds(5)

    private struct State {
        var waiting: [StoredAudit] = []
        var refusalCount = 0
        var dropCount = 0
        var isWriting = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }
    private let state = Mutex(State())
    private let store: Store
    private let thread: WorkThread
    private let complain: @Sendable (String) -> Void

    init(
        store: Store, complain: @escaping @Sendable (String) -> Void
    ) throws(SystemError) {
        thread = try WorkThread(name: "audit")
        self.store = store
        self.complain = complain
    }

    /// A change: returns when it is on the disk, or after `patience`.
    func record(change line: StoredAudit) async {
        let (ends, end) = AsyncStream<Void>.makeStream()
        let write = Task {
            await withCheckedContinuation { self.append(line, $0) }
            end.finish()
        }
        let limit = Task {
            try? await Task.sleep(for: Self.patience)
            end.finish()
        }
        for await _ in ends {}
        limit.cancel()
        _ = write
    }

    /// A refusal: returns at once.
    func record(refusal line: StoredAudit) {
        append(line, nil)
    }

    /// Waits for what was recorded, at most this long.
    func flush(atMost limit: Duration) {
        thread.sync(atMost: limit) {}
    }

    func lines(_ filter: AuditFilter) async throws -> [StoredAudit] {
        try await withCheckedThrowingContinuation { continuation in
            thread.async { [store] in
                continuation.resume(with: Result { try store.audit(filter) })
            }
        }
    }

    /// Without a waiter it is a refusal.
    private func append(_ line: StoredAudit, _ waiter: CheckedContinuation<Void, Never>?) {
        let mustStart = state.withLock { state in
            if let waiter {
                state.waiters.append(waiter)
            } else if state.refusalCount >= Self.refusalCountMax {
                state.dropCount += 1
                return false
            } else {
                state.refusalCount += 1
            }
            state.waiting.append(line)
            if state.isWriting { return false }
            state.isWriting = true
            return true
        }
        if mustStart { thread.async { self.write() } }
    }

    /// On the thread: everything that waits in one transaction, until nothing does.
    private func write() {
        while true {
            let taken = state.withLock { state in
                let taken = state
                state.waiting = []
                state.waiters = []
                (state.refusalCount, state.dropCount) = (0, 0)
                if taken.waiting.isEmpty { state.isWriting = false }
                return taken
            }
            if taken.waiting.isEmpty { return }
            do {
                try store.add(taken.waiting)
            } catch {
                complain("the audit is not recorded, and only in this log: \(error)")
            }
            if taken.dropCount > 0 {
                complain("\(taken.dropCount) refused requests are missing in the audit: too many")
            }
            for waiter in taken.waiters { waiter.resume() }
        }
    }
}
