// Callers who want sessions ended. Workers are asked one after the other, so that `max` holds for
// all of them together; a wish is answered when the last one has answered, is gone, or has been
// silent for too long. The loop's.

internal import Clock
internal import Supervisor
internal import Wire

final class SessionDesk {
    /// For all workers of a wish together.
    static let patience: Duration = .seconds(1)

    private struct Pending {
        let wish: SessionWish
        let reply: CheckedContinuation<SessionCount, any Error>
        let deadline: Instant
        /// To be asked yet.
        var rest: [WorkerID]
        /// Asked now, and by which order.
        var asked: (worker: WorkerID, order: UInt64)?
        var count = SessionCount()
    }
    private let workers: WorkerTable
    private var pending: [Pending] = []
    private var lastOrder: UInt64 = 0

    init(_ workers: WorkerTable) {
        self.workers = workers
    }

    /// When `tend` has something to do at the latest.
    var nextDeadline: Instant? { pending.map(\.deadline).min() }

    func begin(
        _ wish: SessionWish, reply: CheckedContinuation<SessionCount, any Error>, at now: Instant
    ) {
        let asked = workers.ids.filter {
            wish.generation == nil || $0.generation == wish.generation
        }
        pending.append(
            Pending(wish: wish, reply: reply, deadline: now + Self.patience, rest: asked))
        tend(at: now)
    }

    func didAnswer(_ worker: WorkerID, _ outcome: SessionOutcome, at now: Instant) {
        guard
            let place = pending.firstIndex(where: {
                $0.asked?.order == outcome.id && $0.asked?.worker == worker
            })
        else { return }
        pending[place].count.matched += outcome.matched
        pending[place].count.ended += outcome.ended
        pending[place].asked = nil
        tend(at: now)
    }

    /// Asks whoever is next, gives up on whoever is gone or late, and answers wishes that are over.
    func tend(at now: Instant) {
        for place in pending.indices.reversed() {
            advance(&pending[place], at: now)
            guard pending[place].asked == nil else { continue }
            let done = pending.remove(at: place)
            done.reply.resume(returning: done.count)
        }
    }

    private func advance(_ pending: inout Pending, at now: Instant) {
        if let (worker, _) = pending.asked {
            // What a worker did that died meanwhile nobody knows; its sessions have ended with it.
            let isGone = !workers.isThere(worker)
            if !isGone, now < pending.deadline { return }
            pending.count.silent.append(worker)
            pending.asked = nil
        }
        while !pending.rest.isEmpty {
            let worker = pending.rest.removeFirst()
            guard now < pending.deadline else {
                pending.count.silent.append(worker)
                continue
            }
            guard workers.isThere(worker) else { continue }
            lastOrder += 1
            let wish = pending.wish
            let order = SessionOrder(
                id: lastOrder, max: wish.max - pending.count.ended, backend: wish.backend,
                server: wish.server, client: wish.client,
                minAgeMilliseconds: Int(clamping: wish.minAge.wholeMilliseconds))
            do throws(WorkerSendError) {
                try workers.endSessions(order, of: worker)
                pending.asked = (worker, lastOrder)
                return
            } catch {
                pending.count.silent.append(worker)
            }
        }
    }

    /// The master ends.
    func finish() {
        for pending in pending { pending.reply.resume(throwing: MasterError.stopped) }
        pending = []
    }
}
