// Reload records on their way to the disk, which says of each whether it took it. Owns what could not
// be stored yet; the disk is touched on the store's thread only. Any thread.

internal import Clock
internal import Store
internal import Supervisor
internal import Synchronization

final class RecordKeeper: Sendable {
    /// Records of finished reloads that wait for a disk which takes them; the newest ones.
    static let unsavedCountMax = 200

    private let store: Store
    private let thread: WorkThread
    private let complain: @Sendable (String) -> Void
    /// What the disk did not take, by id.
    private let unsaved = Mutex<[String: ReloadRecord]>([:])

    init(
        store: Store, thread: WorkThread, complain: @escaping @Sendable (String) -> Void
    ) {
        self.store = store
        self.thread = thread
        self.complain = complain
    }

    /// Stores that a reload was asked for, with its key; `done` is called on the store's thread.
    func admit(
        _ record: ReloadRecord, key: IdempotencyKey?,
        done: @escaping @Sendable (ReloadFailure?) -> Void
    ) {
        thread.async { [self] in
            do {
                try store.save(record, key: key)
                done(nil)
            } catch {
                complain("recording reload \(record.id): \(error)")
                done(ReloadFailure(code: "store-failed", detail: "\(error)"))
            }
        }
    }

    /// Stores how a reload ended, or how far it is; `done` is called on the store's thread with the
    /// reason if it could not be. That is tried again with the next one.
    func save(
        _ record: ReloadRecord, done: @escaping @Sendable (String, ReloadFailure?) -> Void
    ) {
        thread.async { [self] in
            unsaved.withLock { $0[record.id] = record }
            for left in unsaved.withLock({ $0.values.sorted { $0.id < $1.id } }) {
                do {
                    try store.save(left)
                    unsaved.withLock { $0[left.id] = nil }
                    done(left.id, nil)
                } catch {
                    complain("storing the record of reload \(left.id): \(error)")
                    done(left.id, ReloadFailure(code: "store-failed", detail: "\(error)"))
                }
            }
            boundUnsaved()
        }
    }

    private func boundUnsaved() {
        unsaved.withLock { unsaved in
            while unsaved.count > Self.unsavedCountMax, let oldest = unsaved.keys.min() {
                unsaved[oldest] = nil
            }
        }
    }

    /// Runs `body` on the store's thread.
    func read<Value: Sendable>(
        _ body: @escaping @Sendable (Store) throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            thread.async { [store] in continuation.resume(with: Result { try body(store) }) }
        }
    }
}
