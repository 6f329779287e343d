// What operators want of servers, on its way to the disk and from there to the servers' records: a
// change is durable before it is so, and so before it is answered. Owns what the disk did not take
// yet; the disk is touched on the store's thread only, which makes changes one after the other. Any
// thread.

internal import Store
internal import Synchronization

final class OverrideKeeper: Sendable {
    /// How long a change waits for the disk.
    static let patience: Duration = .seconds(10)

    private struct Name: Hashable {
        var backend: String
        var server: String
    }

    private let store: Store
    private let thread: WorkThread
    private let traffic: TrafficTable
    private let mailbox: Mailbox
    private let complain: @Sendable (String) -> Void
    /// Servers of which the disk may have something else than what is so.
    private let unsaved = Mutex<Set<Name>>([])

    init(
        store: Store, thread: WorkThread, traffic: TrafficTable, mailbox: Mailbox,
        complain: @escaping @Sendable (String) -> Void
    ) {
        self.store = store
        self.thread = thread
        self.traffic = traffic
        self.mailbox = mailbox
        self.complain = complain
    }

    /// Changes a server. Throws `MasterError.storeFailed` where the disk does not take it, and nothing
    /// has happened; `notRecorded` where it takes too long, and it may happen yet.
    func change(_ wish: ServerWish) async throws(MasterError) -> ServerWishOutcome {
        typealias Answer = Result<ServerWishOutcome, MasterError>
        let (answers, answer) = AsyncStream<Answer>.makeStream()
        thread.async { [self] in
            do throws(StoreError) {
                answer.yield(.success(try carryOut(wish)))
            } catch {
                answer.yield(.failure(.storeFailed("\(error)")))
            }
            answer.finish()
        }
        let limit = Task {
            if (try? await Task.sleep(for: Self.patience)) != nil { answer.finish() }
        }
        defer { limit.cancel() }
        for await outcome in answers { return try outcome.get() }
        throw .notRecorded
    }

    /// A generation serves now: its configuration goes before what was wanted of the same thing, and
    /// what is no longer wanted is forgotten, on the disk as soon as that takes it.
    func drop(serving: Int) -> [DroppedOverride] {
        let dropped = traffic.dropOverrides(serving: serving)
        let isWaiting = unsaved.withLock { unsaved in
            for override in dropped {
                unsaved.insert(Name(backend: override.backend, server: override.server))
            }
            return !unsaved.isEmpty
        }
        if isWaiting { thread.async { self.settle() } }
        return dropped
    }

    // MARK: On the store's thread

    private func carryOut(_ wish: ServerWish) throws(StoreError) -> ServerWishOutcome {
        settle()
        let name = Name(backend: wish.backend, server: wish.server)
        while true {
            let plan: TrafficTable.OverridePlan
            switch traffic.plan(wish) {
            case .success(let found): plan = found
            case .failure(let refusal):
                settle()
                return refusal.outcome
            }
            // Should the disk fail, it may have taken it all the same.
            unsaved.withLock { _ = $0.insert(name) }
            try store.save(plan.override)
            // A generation that serves since then may have another configuration.
            guard traffic.carryOut(plan) else { continue }
            unsaved.withLock { _ = $0.remove(name) }
            mailbox.post(.changed(wish))
            return .done
        }
    }

    /// Stores what is so of each server where that may not be what the disk has. On the store's thread.
    func settle() {
        for name in unsaved.withLock({ $0 }) {
            do {
                try store.save(traffic.override(backend: name.backend, server: name.server))
                unsaved.withLock { _ = $0.remove(name) }
            } catch {
                complain("storing what is wanted of \(name.backend)/\(name.server): \(error)")
                return
            }
        }
    }
}
