@testable import Supervisor

/// What workers do.
extension World {
    mutating func perform(_ act: Agenda.Act, by id: WorkerID) {
        guard let worker = workers[id], worker.isAlive else { return }
        if case .exit(let exit) = act { return die(id, exit) }
        if case .getKill = act { return die(id, WorkerExit(signal: 9)) }
        if case .showProgress = act {
            agenda.add(.worker(id, .showProgress), at: now + 700_000_000)
        }
        guard !worker.isHung else { return }
        switch act {
        case .becomeReady: say(.workerReady(id), as: id)
        case .refuse:
            say(
                .workerRefused(id, ReloadFailure(code: "worker-refused", detail: "simulated")),
                as: id)
            agenda.add(
                .worker(id, .exit(WorkerExit(code: 2))), at: now + random.milliseconds(in: 0...50))
        case .takeListeners:
            workers[id]?.isAccepting = true
            say(.workerAccepting(id), as: id)
        case .letGo: letGo(id)
        case .finishDraining:
            say(.workerDrained(id), as: id)
            agenda.add(
                .worker(id, .exit(WorkerExit(code: 0))), at: now + random.milliseconds(in: 0...20))
        case .getTerminate: getTerminate(id)
        case .showProgress: say(.workerProgressed(id), as: id)
        case .hang:
            workers[id]?.isHung = true
            workers[id]?.isSuspect = true
            noteWorld("\(id) hangs")
        case .lie: lie(id)
        case .exit, .getKill: break
        }
    }

    private mutating func letGo(_ id: WorkerID) {
        if random.happens(faults.failsToRelease) {
            return perform(random.pick([.hang, .lie, .exit(WorkerExit(signal: 11))]), by: id)
        }
        workers[id]?.isAccepting = false
        say(.workerReleased(id), as: id)
        let drain =
            random.happens(500)
            ? random.milliseconds(in: 1...200)
            : random.milliseconds(in: 200...15_000)
        agenda.add(.worker(id, .finishDraining), at: now + drain)
    }

    private mutating func getTerminate(_ id: WorkerID) {
        if random.happens(faults.ignoresTerminate) { return perform(.hang, by: id) }
        let exit = random.happens(500) ? WorkerExit(code: 0) : WorkerExit(signal: 15)
        agenda.add(.worker(id, .exit(exit)), at: now + random.milliseconds(in: 0...200))
    }

    private mutating func lie(_ id: WorkerID) {
        workers[id]?.isSuspect = true
        workers[id]?.isLiar = true
        noteWorld("\(id) lies")
        say(
            random.pick([
                .workerReady(id), .workerAccepting(id), .workerReleased(id), .workerDrained(id),
                .workerViolated(id, "simulated"),
                .workerRefused(id, ReloadFailure(code: "worker-refused", detail: "simulated")),
            ]), as: id)
    }

    private mutating func die(_ id: WorkerID, _ exit: WorkerExit) {
        workers[id]?.isAlive = false
        workers[id]?.isAccepting = false
        noteWorld("\(id) dies: \(exit)")
        let event = SupervisorEvent.workerExited(id, exit, logTail: ["last words of \(id)"])
        agenda.add(.event(event), at: now + random.microseconds(in: 10...2000))
        if random.happens(faults.messageRepeated) { agenda.add(.event(event), at: now + 5_000_000) }
    }

    /// Through a channel that keeps order, unless this seed's does not.
    private mutating func say(_ event: SupervisorEvent, as id: WorkerID) {
        var time = now + random.microseconds(in: 20...2000)
        if random.happens(faults.messageLost) {
            workers[id]?.isSuspect = true
            return
        }
        if random.happens(faults.messageReordered) {
            workers[id]?.isSuspect = true
            time += random.milliseconds(in: 0...1500)
        } else {
            time = max(time, workers[id]?.lastDelivery ?? 0)
            workers[id]?.lastDelivery = time
        }
        agenda.add(.event(event), at: time)
        if random.happens(faults.messageRepeated) {
            agenda.add(.event(event), at: time + random.milliseconds(in: 0...100))
        }
    }
}
