// The end: by request, or because the very first reload failed.

import Clock

extension Supervisor {
    struct Stopping: Sendable {
        /// Of the master.
        var code: Int32
        var isGraceful: Bool
        /// Set once nothing is left to be signalled: an exit nobody reports is not waited for.
        var deadline: Instant?
        var isOver = false
    }

    /// How long killed workers have to be reaped.
    static let reapTimeout: Duration = .seconds(10)

    /// A second wish can only hurry the first.
    mutating func stop(graceful: Bool, code: Int32, at now: Moment) {
        guard stopping == nil else {
            if !graceful { hurry(at: now) }
            return
        }
        stopping = Stopping(code: code, isGraceful: graceful)
        restart = nil
        callOffReloads(graceful: graceful, at: now)
        if graceful { drainAll(at: now) } else { terminateAll(at: now) }
    }

    private mutating func hurry(at now: Moment) {
        stopping?.isGraceful = false
        terminateAll(at: now)
    }

    private mutating func callOffReloads(graceful: Bool, at now: Moment) {
        if let waiting = queue.takeWaiting() {
            conclude(waiting, .cancelled, .shuttingDown, at: now)
        }
        guard let running = queue.takeRunning() else { return }
        if let number = running.record.toGeneration {
            // It may hold connections from the moment it was handed its listeners.
            if graceful && running.stage >= .accepting {
                drain(number, at: now)
            } else {
                sigterm(number, .shutdown, at: now)
            }
            effects.append(.abandonListeners(generation: number))
        }
        conclude(running, .cancelled, .shuttingDown, at: now)
    }

    private mutating func drainAll(at now: Moment) {
        if let serving { drain(serving, at: now) }
    }

    private mutating func drain(_ number: Int, at now: Moment) {
        effects +=
            roster.update(number) {
                $0.release(to: nil, timeout: $0.plan.switchTimeout, at: now.instant)
            } ?? []
    }

    private mutating func terminateAll(at now: Moment) {
        for number in roster.live.map(\.number) { sigterm(number, .shutdown, at: now) }
    }

    mutating func finishStop(at now: Moment) -> Bool {
        guard let stopping, !stopping.isOver else { return false }
        if roster.live.isEmpty {
            leave(with: stopping.code)
            return true
        }
        if stopping.deadline == nil && roster.live.allSatisfy(\.isBeyondSignals) {
            self.stopping?.deadline = now.instant + Self.reapTimeout
        }
        return false
    }

    /// The kernel does not let go of a worker (uninterruptible sleep); nothing here can help.
    mutating func leaveAnyway() {
        guard let stopping, !stopping.isOver else { return }
        leave(with: stopping.code == 0 ? 1 : stopping.code)
    }

    private mutating func leave(with code: Int32) {
        stopping?.isOver = true
        stopping?.deadline = nil
        effects.append(.exit(code: code))
    }
}
