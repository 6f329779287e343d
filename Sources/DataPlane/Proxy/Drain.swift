// The end of a loop: listeners let go, accept queues emptied, what runs finished. A draining loop
// answers whatever still comes, with `Connection: close`, instead of closing under a client that is
// just about to speak; silent connections go late and not all at once.

internal import Synchronization
internal import Syscalls

/// How far the loop's end has come.
enum DrainState {
    case serving
    /// The listeners are let go; the queues of some are emptied, until empty twice in a row.
    case releasing(queues: [Int], emptyRounds: Int, checkAt: Int64, giveUpAt: Int64)
    /// `released` is reported; `drained` as soon as nothing is left.
    case draining
    case drained

    var isServing: Bool {
        if case .serving = self { return true }
        return false
    }
}

extension Engine {
    private static var queueCheckMilliseconds: Int64 { 20 }
    /// Without descriptors a queue cannot be emptied. Who waits for `released` has a deadline, and
    /// would end what runs here with it.
    private static var queueMaxMilliseconds: Int64 { 1_000 }
    /// A day: longer than any generation drains, and far from any overflow.
    private static var drainIdleMax: Int64 { 86_400_000 }

    mutating func release(draining queues: [Int], idleAfter: Int64, idleSpread: Int64) {
        guard drain.isServing else { return }
        takeWaiting()
        unregisterListeners()
        stopChecks()
        drain = .releasing(
            queues: queues, emptyRounds: queues.isEmpty ? 2 : 0, checkAt: now,
            giveUpAt: now + Self.queueMaxMilliseconds)
        drainIdleAfter = min(max(0, idleAfter), Self.drainIdleMax)
        drainIdleSpread = min(max(0, idleSpread), Self.drainIdleMax)
        spreadParked()
        var client = oldestClient
        while let idle = client {
            client = idle[].next
            guard idle[].state == .idle else { continue }
            clientTimers.arm(idle, at: min(idle[].timer.deadline, drainDeadline()))
        }
        tendDrain()
    }

    /// When an idle connection is closed.
    mutating func idleDeadline(_ keepAlive: Int64) -> Int64 {
        drain.isServing ? now &+ keepAlive : min(now + keepAlive, drainDeadline())
    }

    private mutating func drainDeadline() -> Int64 {
        now + drainIdleAfter + random.next(below: drainIdleSpread)
    }

    /// When `tendDrain` has something to look at.
    func nextDrainCheck() -> Int64? {
        switch drain {
        case .serving, .drained: nil
        case .releasing(_, _, let checkAt, _): checkAt
        case .draining: oldestClient == nil ? now + Self.queueCheckMilliseconds : nil
        }
    }

    mutating func tendDrain() {
        switch drain {
        case .serving, .drained: return
        case .releasing(let queues, let emptyRounds, let checkAt, let giveUpAt):
            if emptyRounds < 2 {
                guard checkAt <= now else { return }
                let isEmpty = emptyQueues(of: queues)
                drain = .releasing(
                    queues: queues, emptyRounds: isEmpty ? emptyRounds + 1 : 0,
                    checkAt: now + (isEmpty ? Self.queueCheckMilliseconds : 1),
                    giveUpAt: giveUpAt)
                if !isEmpty || emptyRounds + 1 < 2, now < giveUpAt { return }
            }
            drain = .draining
            link.hasReleased.store(true, ordering: .sequentiallyConsistent)
            reports.post(.released(listeners: listeners.count), loop: index)
            tendDrain()
        case .draining:
            // Another loop may have handed a connection over until it let go itself.
            guard oldestClient == nil,
                peers.allSatisfy({ $0.hasReleased.load(ordering: .sequentiallyConsistent) })
            else { return }
            readMailbox()
            guard oldestClient == nil, !isStopped else { return }
            drain = .drained
            // The worker may be gone in a moment.
            submitLog()
            reports.post(.drained, loop: index)
        }
    }

    /// `stop`: nothing is finished any more.
    mutating func closeEverything() {
        unregisterListeners()
        stopChecks()
        while let client = oldestClient {
            if let exchange = client[].exchange {
                abort(exchange, client, .killed, "stopped")
            } else {
                close(client)
            }
        }
        dismissParked()
        submitLog()
        recycleClosed()
        publish()
    }
}
