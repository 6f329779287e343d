import Testing

@testable import Supervisor

struct CrashTests {
    static let kill = WorkerExit(signal: 9)

    @Test func theReplacementStartsInTheSameStep() {
        var driver = Driver()
        driver.reload()
        driver.reload()
        driver.wait(6000)
        let effects = driver.exit(WorkerID(2), Self.kill)
        #expect(effects.starts == [3])
        #expect(!effects.contains(.validate(reload: "rs_2_1")))
        #expect(driver.supervisor.serving == nil)
        driver.bringUp()
        #expect(driver.supervisor.serving == 3)
        #expect(driver.record("rs_2_1")?.trigger.source == .restart)
        #expect(driver.generation(1)?.reloads == 1 && driver.generation(1)?.sigtermSent == false)
        #expect(driver.generation(2)?.exitExpected == false)
    }

    @Test func theOthersServeOnUntilTheReplacementDoes() {
        var driver = Driver()
        driver.plan.workers = 2
        driver.reload()
        driver.exit(WorkerID(1, 0), Self.kill)
        #expect(driver.supervisor.serving == 1)
        driver.start()
        driver.ready(2)
        driver.accept(2)
        #expect(driver.effects.contains(.release(generation: 1, successor: 2)))
        driver.send(.workerReleased(WorkerID(1, 1)))
        #expect(driver.supervisor.serving == 2)
        #expect(driver.generation(1)?.phase == .leaving && driver.generation(1)?.reloads == 0)
    }

    @Test func aCrashLoopBacksOff() {
        var driver = Driver()
        driver.reload()
        var delays: [Int] = []
        for number in 1...12 {
            let effects = driver.exit(WorkerID(number), Self.kill)
            for case .report(.generationCrashed(_, _, let delay)) in effects {
                delays.append(delay)
            }
            driver.wait(UInt64(delays.last ?? 0) + 10)
            driver.bringUp()
        }
        #expect(
            delays == [
                0, 100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000,
            ])
        driver.wait(61_000)
        #expect(driver.exit(WorkerID(13), Self.kill).starts == [14])
    }

    @Test func aReplacementThatFailsIsTriedAgainForEver() {
        var driver = Driver()
        driver.reload()
        driver.exit(WorkerID(1), Self.kill)
        for number in 2...20 {
            driver.start()
            driver.exit(WorkerID(number), WorkerExit(code: 1))
            #expect(driver.record("rs_1_\(number - 1)")?.status == .failed)
            driver.wait(30_100)
        }
        driver.bringUp()
        #expect(driver.supervisor.serving == 21)
    }

    @Test func aBadRevisionIsRolledBackOnProbation() {
        var driver = Driver()
        driver.reload()
        driver.wait(6000)
        driver.plan.revision = 2
        driver.reload()
        driver.wait(1000)
        driver.exit(WorkerID(2), Self.kill)
        driver.bringUp()
        #expect(driver.generation(3)?.plan.revision == 1)
        #expect(driver.record("rs_2_1")?.trigger.source == .rollback)
        #expect(driver.effects.contains(.report(.rolledBack(fromRevision: 2, toRevision: 1))))
        #expect(driver.supervisor.desiredRevision == 2)
        #expect(driver.supervisor.appliedRevision == 1)
    }

    @Test func afterProbationARevisionIsGood() {
        var driver = Driver()
        driver.reload()
        driver.wait(6000)
        driver.plan.revision = 2
        driver.reload()
        driver.wait(6000)
        driver.exit(WorkerID(2), Self.kill)
        driver.bringUp()
        #expect(driver.generation(3)?.plan.revision == 2)
        driver.exit(WorkerID(3), Self.kill)
        driver.wait(200)
        driver.bringUp()
        #expect(driver.generation(4)?.plan.revision == 2)
    }

    @Test func aSucceededReloadByRequestEndsTheSeries() {
        var driver = Driver()
        driver.reload()
        for number in 1...4 {
            driver.exit(WorkerID(number), Self.kill)
            driver.wait(1000)
            driver.bringUp()
        }
        #expect(driver.supervisor.crashesInSeries == 4)
        driver.reload()
        #expect(driver.supervisor.crashesInSeries == 0)
        #expect(driver.exit(WorkerID(6), Self.kill).starts == [7])
    }

    @Test func aReloadByRequestReplacesTheReplacement() {
        var driver = Driver()
        driver.reload()
        driver.exit(WorkerID(1), Self.kill)
        driver.bringUp()
        driver.exit(WorkerID(2), Self.kill)
        #expect(driver.supervisor.restartDueAt != nil)
        driver.reload()
        #expect(driver.supervisor.serving == 3 && driver.supervisor.restartDueAt == nil)
    }

    @Test func failingReloadsDoNotStarveTheReplacement() {
        var driver = Driver()
        driver.reload()
        driver.request()
        driver.start()
        driver.exit(WorkerID(1), Self.kill)
        driver.request()
        driver.wait(200)
        driver.exit(WorkerID(2), Self.kill)
        // The waiter goes first, once.
        #expect(driver.supervisor.queue.running?.record.id == "rl_3")
        driver.request()
        driver.send(
            .validated(reload: "rl_3", .failure(ReloadFailure(code: "config-invalid", detail: ""))))
        #expect(driver.supervisor.queue.running?.record.id == "rs_1_1")
    }

    /// Found from outside within 3 s.
    @Test func aStuckWorkerIsReplaced() {
        var driver = Driver()
        driver.reload()
        driver.wait(5000)
        let effects = driver.wait(2600, except: [WorkerID(1)])
        #expect(effects.contains(.report(.workerStuck(WorkerID(1)))))
        #expect(effects.signalled(.kill) == [WorkerID(1)])
        #expect(effects.starts == [2])
    }

    @Test func aStuckLeaverIsKilledAndNobodyElseMinds() {
        var driver = Driver()
        driver.reload()
        driver.reload()
        let effects = driver.wait(3000, except: [WorkerID(1)])
        #expect(effects.signalled(.kill) == [WorkerID(1)])
        #expect(effects.starts.isEmpty)
    }

    @Test func aPauseOfTheMasterIsNobodysFault() {
        var driver = Driver()
        driver.reload()
        driver.wait(1000)
        let later = Driver.moment(driver.time + 600_000)
        #expect(driver.supervisor.handle(.tick, at: later) == [])
        #expect(driver.supervisor.serving == 1)
    }

    @Test func theNewOneDiesWhileTheOldLetsGo() {
        var driver = Driver()
        driver.reload()
        driver.wait(6000)
        driver.plan.revision = 2
        driver.request()
        driver.start()
        driver.ready(2)
        driver.accept(2)
        driver.exit(WorkerID(2), Self.kill)
        #expect(driver.supervisor.serving == 1)
        driver.send(.workerReleased(WorkerID(1)))
        #expect(driver.generation(1)?.phase == .leaving)
        #expect(driver.generation(2)?.phase == .exited)
        driver.bringUp()
        #expect(driver.supervisor.serving == 3)
        #expect(driver.generation(3)?.plan.revision == 1)
    }
}
