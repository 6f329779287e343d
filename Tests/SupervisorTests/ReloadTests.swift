import Testing

@testable import Supervisor

struct ReloadTests {
    @Test func theOrderOfOneReload() {
        var driver = Driver()
        driver.reload()
        let begin = driver.effects.count
        driver.reload()
        let names = driver.effects[begin...].map(\.name)
        #expect(
            names == [
                "record", "validate", "start 2", "report", "handOff 2", "release 1 to 2", "report",
                "commitListeners 2", "report", "reloadFinished",
            ])
        let record = driver.record("rl_2")
        #expect(record?.steps.map(\.name) == ReloadRecord.StepName.allCases)
        #expect(record?.steps.allSatisfy { $0.status == .succeeded } == true)
        #expect(record?.fromGeneration == 1 && record?.toGeneration == 2)
        #expect(driver.supervisor.serving == 2)
        #expect(driver.generation(1)?.phase == .leaving && driver.generation(1)?.reloads == 1)
    }

    @Test func aGenerationIsReadyWhenAllItsWorkersAre() {
        var driver = Driver()
        driver.plan.workers = 2
        driver.request()
        driver.start()
        driver.send(.workerReady(WorkerID(1, 0)))
        #expect(driver.generation(1)?.status == .initializing)
        driver.send(.workerReady(WorkerID(1, 0)))
        #expect(driver.generation(1)?.status == .initializing)
        driver.send(.workerReady(WorkerID(1, 1)))
        #expect(driver.generation(1)?.status == .ready)
        driver.send(.workerAccepting(WorkerID(1, 1)))
        #expect(driver.supervisor.serving == nil)
        driver.send(.workerAccepting(WorkerID(1, 0)))
        #expect(driver.supervisor.serving == 1)
    }

    @Test func nobodyLeavesBeforeEveryWorkerReleased() {
        var driver = Driver()
        driver.plan.workers = 2
        driver.reload()
        driver.request()
        driver.start()
        driver.ready(2)
        driver.accept(2)
        driver.send(.workerReleased(WorkerID(1, 1)))
        #expect(driver.supervisor.serving == 1 && driver.generation(2)?.phase == .starting)
        driver.send(.workerReleased(WorkerID(1, 0)))
        #expect(driver.supervisor.serving == 2 && driver.generation(1)?.phase == .leaving)
    }

    /// R9: one runs, one waits, everybody gets an answer.
    @Test func aHundredAtOnceStartTwo() {
        var driver = Driver()
        driver.reload()
        let begin = driver.effects.count
        for _ in 0..<100 { driver.request() }
        driver.bringUp()
        #expect(driver.supervisor.queue.running == nil)
        driver.wait(100)
        driver.bringUp()
        let effects = Array(driver.effects[begin...])
        #expect(effects.starts == [2, 3])
        let finished = effects.finished
        #expect(Set(finished.map(\.id)).count == 100 && finished.count == 100)
        #expect(finished.count { $0.status == .succeeded } == 2)
        let superseded = finished.filter { $0.status == .superseded }
        #expect(superseded.count == 98)
        #expect(superseded.first?.supersededBy == "rl_4")
        #expect(driver.supervisor.reloads.allSatisfy(\.status.isTerminal) == true)
    }

    /// A stream of wishes, one every 20 ms, is served about twice a second.
    @Test func aBurstIsSettledBeforeItsLastIsStarted() {
        var driver = Driver()
        driver.reload()
        let begin = driver.effects.count
        driver.request()
        driver.request()
        driver.bringUp()
        for _ in 0..<20 {
            driver.wait(20)
            driver.request()
        }
        #expect(Array(driver.effects[begin...]).starts == [2])
        driver.wait(100)
        driver.bringUp()
        #expect(Array(driver.effects[begin...]).starts == [2, 3])
    }

    @Test func aLoneRequestDoesNotWait() {
        var driver = Driver()
        driver.reload()
        driver.request()
        #expect(driver.supervisor.queue.running != nil)
    }

    @Test func aRepeatedIdIsOneRequest() {
        var driver = Driver()
        let event = SupervisorEvent.reloadRequested(
            id: "rl_x", mode: .soft, trigger: ReloadRecord.Trigger(source: .api, principal: "uid:0")
        )
        driver.send(event)
        #expect(driver.send(event).isEmpty)
        driver.bringUp()
        #expect(driver.send(event).isEmpty)
    }

    /// Each: what goes wrong in generation 2, and the code that the caller gets.
    @Test(
        arguments: [
            ("exits in INIT", "worker-exited-in-init"), ("refuses", "worker-refused"),
            ("lies", "worker-protocol-error"), ("hangs in INIT", "ready-timeout"),
            ("is not spawned", "spawn-failed"), ("is never answered", "ready-timeout"),
            ("does not accept", "switch-failed"), ("dies while switching", "switch-failed"),
            ("cannot be handed over", "switch-failed"),
        ])
    func aFailedReloadChangesNothing(fault: String, code: String) {
        var driver = Driver()
        driver.reload()
        driver.reload()
        let before = [driver.generation(1), driver.generation(2)]
        driver.request()
        provoke(fault, &driver)
        #expect(driver.record("rl_3")?.status == .failed)
        #expect(driver.record("rl_3")?.failure?.code == code)
        #expect([driver.generation(1), driver.generation(2)] == before)
        #expect(driver.effects.contains(.abandonListeners(generation: 3)))
        #expect(driver.supervisor.serving == 2)
        #expect(driver.reload() == 4)
        #expect(driver.supervisor.serving == 4)
    }

    private func provoke(_ fault: String, _ driver: inout Driver) {
        let worker = WorkerID(3)
        switch fault {
        case "is not spawned", "is never answered":
            driver.send(.validated(reload: "rl_3", .success(driver.plan)))
            if fault == "is never answered" {
                driver.wait(31_000)
            } else {
                driver.send(
                    .startFailed(
                        generation: 3, ReloadFailure(code: "spawn-failed", detail: "EAGAIN")))
            }
            return
        default: driver.start()
        }
        switch fault {
        case "exits in INIT":
            driver.exit(worker, WorkerExit(code: 1))
            #expect(driver.record("rl_3")?.logTail == ["last words"])
        case "refuses":
            driver.send(.workerRefused(worker, ReloadFailure(code: "worker-refused", detail: "x")))
        case "lies":
            driver.send(.workerReleased(worker))
            #expect(driver.effects.signalled(.kill) == [worker])
        case "hangs in INIT":
            driver.wait(31_000)
            #expect(driver.effects.signalled(.terminate) == [worker])
            #expect(driver.generation(3)?.sigtermReason == .readyTimeout)
            #expect(driver.effects.signalled(.kill).isEmpty)
            driver.wait(10_000)
            #expect(driver.effects.signalled(.kill) == [worker])
        default: driver.ready(3)
        }
        switch fault {
        case "does not accept": driver.wait(6000)
        case "dies while switching": driver.exit(worker, WorkerExit(signal: 11))
        case "cannot be handed over":
            driver.send(
                .switchFailed(generation: 3, ReloadFailure(code: "switch-failed", detail: "x")))
        default: break
        }
    }

    @Test func whoAcceptedInAFailedSwitchDrains() {
        var driver = Driver()
        driver.reload()
        driver.plan.workers = 2
        driver.request()
        driver.start()
        driver.ready(2)
        driver.send(.workerAccepting(WorkerID(2, 0)))
        let effects = driver.wait(6000)
        #expect(effects.contains(.release(generation: 2, successor: 1)))
        #expect(effects.signalled(.kill) == [WorkerID(2, 1)])
        #expect(effects.signalled(.terminate).isEmpty)
        driver.send(.workerReleased(WorkerID(2, 0)))
        #expect(driver.generation(2)?.phase == .leaving && driver.generation(2)?.reloads == 0)
        #expect(driver.generation(2)?.status == .ready)
        #expect(driver.supervisor.serving == 1)
    }

    @Test func anOldWorkerThatDoesNotReleaseIsKilledAndTheSwitchGoesOn() {
        var driver = Driver()
        driver.reload()
        driver.request()
        driver.start()
        driver.ready(2)
        driver.accept(2)
        let effects = driver.wait(6000)
        #expect(effects.signalled(.kill) == [WorkerID(1)])
        #expect(driver.supervisor.serving == 2)
        #expect(driver.record("rl_2")?.status == .succeeded)
        driver.exit(WorkerID(1), WorkerExit(signal: 9))
        #expect(driver.supervisor.counters.workerExitsUnexpected == 1)
        #expect(driver.supervisor.serving == 2 && driver.supervisor.restartDueAt == nil)
    }

    @Test func cancelBeforeTheSwitchOnly() {
        var driver = Driver()
        driver.reload()
        let running = driver.request()
        let waiting = driver.request()
        driver.start()
        driver.send(.reloadCancelled(id: waiting))
        #expect(driver.record(waiting)?.status == .cancelled)
        driver.send(.reloadCancelled(id: running))
        #expect(driver.record(running)?.status == .cancelled)
        #expect(driver.generation(2)?.sigtermReason == .cancelled)
        let late = driver.request()
        driver.start()
        driver.ready(3)
        driver.send(.reloadCancelled(id: late))
        driver.send(.terminateRequested(generation: 3))
        #expect(driver.record(late)?.status == .running)
    }

    @Test func aConfigurationThatIsNeverReadFailsAfterAMinute() {
        var driver = Driver()
        driver.reload()
        driver.request()
        driver.wait(61_000)
        #expect(driver.record("rl_2")?.failure?.code == "config-invalid")
        #expect(driver.supervisor.serving == 1)
    }

    @Test func historiesAreBounded() {
        var driver = Driver()
        driver.plan.maxReloads = 0
        for _ in 0..<250 {
            let number = driver.reload()
            if number > 1 { driver.exit(WorkerID(number - 1), WorkerExit(signal: 15)) }
        }
        #expect(driver.supervisor.reloads.count == 200)
        #expect(driver.supervisor.reloads.first?.id == "rl_250")
        #expect(driver.supervisor.generations.map(\.generation) == (200...250).reversed())
    }

    /// The answer to `start` comes when its reload is long over: nobody may stay behind.
    @Test(arguments: [5000, 12_000] as [UInt64])
    func whoIsSpawnedTooLateIsSentAway(delay: UInt64) {
        var driver = Driver()
        driver.reload()
        driver.request()
        driver.send(.validated(reload: "rl_2", .success(driver.plan)))
        driver.wait(30_001 + delay)
        #expect(driver.record("rl_2")?.status == .failed)
        let effects = driver.send(.started(generation: 2, pids: [200]))
        #expect(effects.signalled(delay < 10_000 ? .terminate : .kill) == [WorkerID(2)])
    }

    @Test func restoredHistoryGoesOn() {
        let old = ReloadRecord(
            id: "rl_old", status: .succeeded, mode: .soft,
            trigger: ReloadRecord.Trigger(source: .api, principal: "uid:0"),
            createdAt: Driver.moment(0).wall)
        var driver = Driver(Supervisor(nextGeneration: 41, reloads: [old]))
        #expect(driver.reload() == 41)
        #expect(driver.supervisor.reloads.map(\.id) == ["rl_1", "rl_old"])
    }
}

extension SupervisorEffect {
    var name: String {
        switch self {
        case .record: "record"
        case .reloadRejected: "rejected"
        case .validate: "validate"
        case .start(let generation, _): "start \(generation)"
        case .handOff(let generation): "handOff \(generation)"
        case .release(let generation, let successor):
            "release \(generation) to \(successor.map(String.init) ?? "nobody")"
        case .commitListeners(let generation): "commitListeners \(generation)"
        case .abandonListeners(let generation): "abandonListeners \(generation)"
        case .signal(let id, let signal): "\(signal) \(id)"
        case .reloadFinished: "reloadFinished"
        case .report: "report"
        case .exit(let code): "exit \(code)"
        }
    }
}
