@testable import Supervisor

/// The master's hands.
extension World {
    mutating func carryOut(_ effect: SupervisorEffect) {
        switch effect {
        case .record(let record): self.record(record)
        case .validate(let reload): validate(reload)
        case .start(let generation, let plan):
            agenda.add(
                .spawn(generation: generation, plan), at: now + random.milliseconds(in: 1...10))
        case .handOff(let generation): handOff(generation)
        case .release(let generation, _):
            for id in ids(of: generation) { tell(id, .letGo) }
        case .signal(let id, .terminate):
            agenda.add(.worker(id, .getTerminate), at: now + random.microseconds(in: 10...500))
        case .signal(let id, .kill):
            agenda.add(.worker(id, .getKill), at: now + random.microseconds(in: 10...500))
        case .exit(let code): exitCode = code
        case .commitListeners, .abandonListeners, .reloadFinished, .reloadRejected, .report:
            break
        }
    }

    private mutating func record(_ record: ReloadRecord) {
        guard !random.happens(faults.answerLost) else { return }
        let failure =
            random.happens(faults.diskFails)
            ? ReloadFailure(code: "store-failed", detail: "simulated") : nil
        let event = SupervisorEvent.recorded(reload: record.id, failure)
        agenda.add(.event(event), at: now + random.milliseconds(in: 0...20))
        if random.happens(faults.messageRepeated) {
            agenda.add(.event(event), at: now + random.milliseconds(in: 0...500))
        }
    }

    private mutating func validate(_ reload: String) {
        guard !random.happens(faults.answerLost) else { return }
        let result: Result<GenerationPlan, ReloadFailure>
        if random.happens(faults.invalidConfiguration) {
            let code = random.pick(["config-invalid", "file-missing"])
            result = .failure(ReloadFailure(code: code, detail: "simulated"))
        } else {
            if random.happens(700) { revision += 1 }
            result = .success(plan(revision: revision))
        }
        let fallback: GenerationPlan? =
            observer.hasLastGood ? plan(revision: max(revision - 1, 1)) : nil
        let event = SupervisorEvent.validated(
            reload: reload, result, fallback: supervisor.serving == nil ? fallback : nil)
        agenda.add(.event(event), at: now + random.milliseconds(in: 1...20))
        if random.happens(faults.messageRepeated) {
            agenda.add(.event(event), at: now + random.milliseconds(in: 1...500))
        }
    }

    private mutating func plan(revision: Int) -> GenerationPlan {
        GenerationPlan(
            revision: revision, sha256: "\(revision)", workers: random.pick([1, 1, 1, 2, 3]),
            maxReloads: random.pick([0, 1, 1, 2, 3, 50, nil]),
            readyTimeout: .milliseconds(random.number(in: 500...3000)),
            switchTimeout: .milliseconds(random.number(in: 200...1000)),
            killAfter: .milliseconds(random.number(in: 300...2000)),
            hardStopAfter: .milliseconds(random.number(in: 500...20_000)),
            probation: .milliseconds(random.number(in: 500...5000)),
            reloadInterval: random.pick([.zero, .zero, .milliseconds(100), .seconds(2)]))
    }

    mutating func spawn(_ generation: Int, _ plan: GenerationPlan) {
        if random.happens(faults.spawnFails) {
            let code = random.pick(["spawn-failed", "listener-bind-failed"])
            agenda.add(
                .event(
                    .startFailed(
                        generation: generation, ReloadFailure(code: code, detail: "simulated"))),
                at: now)
            return
        }
        guard !random.happens(faults.answerLost) else { return }
        for index in 0..<plan.workers {
            let id = WorkerID(generation: generation, index: index)
            workers[id] = ModelWorker(id: id)
            agenda.add(.worker(id, firstAct()), at: now + random.milliseconds(in: 2...60))
            agenda.add(.worker(id, .showProgress), at: now + random.milliseconds(in: 1...700))
        }
        let pids = (0..<plan.workers).map { Int32(generation * 100 + $0) }
        // Less than the supervisor waits: a later one is of workers that nobody can ever reach.
        let isLate = random.happens(faults.answerLost)
        agenda.add(
            .event(.started(generation: generation, pids: pids)),
            at: now + random.milliseconds(in: isLate ? 0...8000 : 0...1))
        // Its workers speak before the supervisor knows that they live.
        if isLate { for id in ids(of: generation) { workers[id]?.isSuspect = true } }
    }

    private mutating func firstAct() -> Agenda.Act {
        guard random.happens(faults.failsInInit) else { return .becomeReady }
        let crash = WorkerExit(signal: random.pick([6, 9, 11]))
        let exits: [Agenda.Act] = [.exit(WorkerExit(code: 1)), .exit(crash)]
        return random.pick([.refuse, .hang, .lie] + exits)
    }

    private mutating func handOff(_ generation: Int) {
        if random.happens(faults.failsInSwitch / 3) {
            agenda.add(
                .event(
                    .switchFailed(
                        generation: generation,
                        ReloadFailure(code: "switch-failed", detail: "simulated"))),
                at: now + random.milliseconds(in: 0...2))
            return
        }
        for id in ids(of: generation) {
            var act = Agenda.Act.takeListeners
            if random.happens(faults.failsInSwitch) {
                act = random.pick([.hang, .refuse, .lie, .exit(WorkerExit(signal: 11))])
            }
            tell(id, act)
        }
    }

    /// Through the channel to the worker, which keeps order.
    private mutating func tell(_ id: WorkerID, _ act: Agenda.Act) {
        let time = max(now + random.microseconds(in: 50...3000), workers[id]?.lastArrival ?? 0)
        workers[id]?.lastArrival = time
        agenda.add(.worker(id, act), at: time)
    }

    func ids(of generation: Int) -> [WorkerID] {
        workers.keys.filter { $0.generation == generation }.sorted()
    }
}
