import Testing

@testable import Supervisor

struct StopTests {
    @Test func gracefulDrains() {
        var driver = Driver()
        driver.reload()
        driver.reload()
        let effects = driver.send(.stopRequested(graceful: true))
        #expect(effects == [.release(generation: 2, successor: nil)])
        driver.send(.workerReleased(WorkerID(2)))
        #expect(driver.generation(2)?.phase == .leaving && driver.generation(2)?.reloads == 0)
        driver.send(.workerDrained(WorkerID(2)))
        driver.exit(WorkerID(2), WorkerExit(code: 0))
        #expect(!driver.effects.contains(.exit(code: 0)))
        driver.send(.workerDrained(WorkerID(1)))
        #expect(driver.exit(WorkerID(1), WorkerExit(code: 0)).last == .exit(code: 0))
        #expect(driver.supervisor.counters.workerExitsUnexpected == 0)
    }

    @Test func hardSignalsAll() {
        var driver = Driver()
        driver.reload()
        driver.reload()
        let effects = driver.send(.stopRequested(graceful: false))
        #expect(effects.signalled(.terminate) == [WorkerID(1), WorkerID(2)])
        #expect(driver.wait(10_100).signalled(.kill) == [WorkerID(1), WorkerID(2)])
        driver.exit(WorkerID(1), WorkerExit(signal: 9))
        #expect(driver.exit(WorkerID(2), WorkerExit(signal: 9)).last == .exit(code: 0))
    }

    @Test func aHardWishHurriesAGracefulOne() {
        var driver = Driver()
        driver.reload()
        driver.send(.stopRequested(graceful: true))
        #expect(driver.send(.stopRequested(graceful: true)).isEmpty)
        let effects = driver.send(.stopRequested(graceful: false))
        #expect(effects.signalled(.terminate) == [WorkerID(1)])
        #expect(driver.send(.stopRequested(graceful: false)).isEmpty)
    }

    /// In each stage of a reload: every caller is answered, everybody ends.
    @Test(arguments: ReloadOperation.Stage.allCases, [true, false])
    func duringAReload(stage: ReloadOperation.Stage, isGraceful: Bool) {
        var driver = Driver()
        driver.reload()
        driver.request()
        let waiting = driver.request()
        if stage >= .spawning { driver.send(.validated(reload: "rl_2", .success(driver.plan))) }
        if stage >= .waitingReady { driver.send(.started(generation: 2, pids: [200])) }
        if stage >= .accepting { driver.ready(2) }
        if stage >= .releasing { driver.accept(2) }
        if stage == .finished { driver.releaseOld(of: 2) }
        driver.send(.stopRequested(graceful: isGraceful))
        #expect(driver.record(waiting)?.status == .cancelled)
        #expect(driver.record(waiting)?.failure?.code == "shutting-down")
        if stage != .finished { #expect(driver.record("rl_2")?.status == .cancelled) }
        let late = driver.request()
        #expect(driver.record(late)?.failure?.code == "shutting-down")
        if stage == .spawning { driver.send(.started(generation: 2, pids: [200])) }
        for _ in 0..<2 {
            for id in driver.ids(1) + driver.ids(2) { driver.send(.workerReleased(id)) }
            for id in driver.ids(1) + driver.ids(2) { driver.exit(id, WorkerExit(code: 0)) }
        }
        #expect(driver.effects.last == .exit(code: 0))
        #expect(driver.supervisor.nextDeadline == nil)
    }

    @Test func noRestartWhileStopping() {
        var driver = Driver()
        driver.reload()
        driver.send(.stopRequested(graceful: true))
        let effects = driver.exit(WorkerID(1), WorkerExit(signal: 11))
        #expect(effects.starts.isEmpty && effects.last == .exit(code: 0))
    }

    @Test func anExitThatNobodyReportsIsNotWaitedFor() {
        var driver = Driver()
        driver.reload()
        driver.send(.stopRequested(graceful: false))
        driver.wait(10_100)
        #expect(driver.wait(10_000).last == .exit(code: 1))
    }

    @Test(
        arguments: [
            ("config-invalid", 3), ("file-missing", 3), ("listener-bind-failed", 4),
            ("spawn-failed", 1),
        ])
    func startupFails(code: String, exitCode: Int32) {
        var driver = Driver()
        driver.request(source: .startup)
        driver.send(.validated(reload: "rl_1", .success(driver.plan)))
        driver.send(.startFailed(generation: 1, ReloadFailure(code: code, detail: "")))
        #expect(driver.effects.last == .exit(code: exitCode))
    }

    /// What may be right in a moment is tried again by who supervises us, what is wrong is not.
    @Test(
        arguments: [(["lookup-failed"], 1), (["lookup-failed", "invalid-value"], 3)]
            as [([String], Int32)])
    func startupIsRefused(codes: [String], exitCode: Int32) {
        var driver = Driver()
        driver.request(source: .startup)
        let problems = codes.map { code in
            ReloadFailure.Problem(
                code: code, severity: "error", file: "f", line: 1, column: 1, pointer: "/process",
                message: "")
        }
        driver.send(
            .validated(
                reload: "rl_1",
                .failure(ReloadFailure(code: "config-invalid", detail: "", problems: problems))))
        #expect(driver.effects.last == .exit(code: exitCode))
    }

    @Test func afterAFailedStartupTheWorkersAreReapedFirst() {
        var driver = Driver()
        driver.plan.workers = 2
        driver.request(source: .startup)
        driver.start()
        driver.exit(WorkerID(1, 0), WorkerExit(code: 1))
        #expect(driver.effects.signalled(.terminate) == [WorkerID(1, 1)])
        #expect(!driver.effects.contains(.exit(code: 1)))
        #expect(driver.exit(WorkerID(1, 1), WorkerExit(signal: 15)).last == .exit(code: 1))
    }
}
