// What may happen next to the model of permits, and what is wrong with a state.

extension PermitModel {
    enum Event: Hashable {
        case step(Int), timeOut(Int), die(Int), masterStep
    }

    var events: [Event] {
        var events: [Event] = []
        for index in threads.indices where workers[threads[index].worker].lives {
            if canStep(index) { events.append(.step(index)) }
            if threads[index].step == .waiting, threads[index].answer == nil, timeoutsLeft > 0 {
                events.append(.timeOut(index))
            }
        }
        if master != .idle { events.append(.masterStep) }
        if deathsLeft > 0, master == .idle {
            events += workers.indices.filter { workers[$0].lives }.map { .die($0) }
        }
        return events
    }

    private func canStep(_ index: Int) -> Bool {
        let worker = workers[threads[index].worker]
        switch threads[index].step {
        case .done: return false
        case .asleep: return worker.isRung
        case .waiting: return threads[index].answer != nil
        case .lockToJoin, .lockToLeave, .lockToPassOn, .lockToPassFree, .lockToHear:
            return worker.lock == nil
        default: return true
        }
    }

    /// Nil is as it should be; else what is wrong with this state.
    var fault: String? {
        for permit in permits.indices {
            let users = threads.indices.filter {
                workers[threads[$0].worker].lives && uses(permit, threads[$0])
            }
            if users.count > 1 { return "permit \(permit) is with \(users)" }
            if let user = users.first, permits[permit] & ~Self.grantedBit == Self.free {
                return "permit \(permit) is free and with \(user)"
            }
        }
        let waits = threads.contains {
            workers[$0.worker].lives && $0.step == .waiting && $0.answer == nil
        }
        let isQuiet = events.allSatisfy {
            switch $0 {
            case .step, .masterStep: false
            case .timeOut, .die: true
            }
        }
        guard isQuiet else { return nil }
        if waits { return "somebody waits and nobody will act: \(permits)" }
        if permits.contains(where: { $0 != Self.free }) { return "a permit is lost: \(permits)" }
        return nil
    }

    private func uses(_ permit: Int, _ thread: Thread) -> Bool {
        thread.answer == permit || thread.step == .holding(permit)
    }
}
