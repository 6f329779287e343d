import Testing

@testable import Supervisor

/// `max_reloads` to the letter: who gets SIGTERM at which reload, and never twice.
struct LeaverTests {
    /// Whom each of the reloads 2, 3, 4, 5 signals.
    @Test(
        arguments: [
            (0, ReloadRecord.Mode.soft, [[1], [2], [3], [4]]),
            (1, .soft, [[], [1], [2], [3]]),
            (2, .soft, [[], [], [1], [2]]),
            (50, .soft, [[], [], [], []]),
            (nil, .soft, [[], [], [], []]),
            // A hard reload ends the one it replaces, whatever its age; nobody gets two.
            (0, .hard, [[1], [2], [3], [4]]),
            (1, .hard, [[1], [2], [3], [4]]),
            (nil, .hard, [[1], [2], [3], [4]]),
        ] as [(Int?, ReloadRecord.Mode, [[Int]])])
    func sentences(maxReloads: Int?, mode: ReloadRecord.Mode, expected: [[Int]]) {
        var driver = Driver()
        driver.plan.maxReloads = maxReloads
        driver.reload()
        for (index, victims) in expected.enumerated() {
            let begin = driver.effects.count
            driver.reload(mode)
            let effects = Array(driver.effects[begin...])
            #expect(effects.signalled(.terminate).map(\.generation) == victims)
            #expect(driver.record("rl_\(index + 2)")?.sigtermSentTo == victims)
        }
        let sigterms = driver.effects.signalled(.terminate)
        #expect(Set(sigterms).count == sigterms.count)
        #expect(driver.generation(1)?.reloads == 4)
    }

    @Test func fiftyReloadsAreSurvivedAndFiftyOneAreNot() {
        var driver = Driver()
        driver.plan.maxReloads = 50
        for _ in 0..<51 { driver.reload() }
        #expect(driver.generation(1)?.reloads == 50)
        #expect(driver.effects.signalled(.terminate).isEmpty)
        driver.reload()
        #expect(driver.effects.signalled(.terminate) == [WorkerID(1)])
        #expect(driver.generation(1)?.sigtermReason == .maxReloads)
    }

    @Test func theNewPlanDecides() {
        var driver = Driver()
        driver.plan.maxReloads = nil
        for _ in 0..<4 { driver.reload() }
        driver.plan.maxReloads = 1
        driver.reload()
        #expect(driver.effects.signalled(.terminate).map(\.generation) == [1, 2, 3])
    }

    @Test func sigtermThenSigkill() {
        var driver = Driver()
        driver.plan.maxReloads = 0
        driver.plan.killAfter = .seconds(2)
        driver.reload()
        driver.reload()
        #expect(driver.wait(1990).signalled(.kill).isEmpty)
        #expect(driver.wait(20).signalled(.kill) == [WorkerID(1)])
        #expect(driver.generation(1)?.sigkillSent == true)
        driver.exit(WorkerID(1), WorkerExit(signal: 9))
        #expect(driver.generation(1)?.exitExpected == true)
    }

    @Test func hardStop() {
        var driver = Driver()
        driver.plan.hardStopAfter = .seconds(5)
        driver.reload()
        driver.reload()
        #expect(driver.wait(4900).signalled(.terminate).isEmpty)
        #expect(driver.wait(200).signalled(.terminate) == [WorkerID(1)])
        #expect(driver.generation(1)?.sigtermReason == .hardStopAfter)
        #expect(driver.generation(1)?.hardStopAt == Driver.moment(6000).wall)
    }

    @Test func terminateByRequest() {
        var driver = Driver()
        driver.reload()
        driver.reload()
        #expect(driver.send(.terminateRequested(generation: 2)).isEmpty)
        driver.send(.terminateRequested(generation: 1))
        driver.send(.terminateRequested(generation: 1))
        #expect(driver.effects.signalled(.terminate) == [WorkerID(1)])
        #expect(driver.generation(1)?.sigtermReason == .api)
    }

    @Test func aDrainedLeaverExitsByItselfOrIsStuck() {
        var driver = Driver()
        driver.reload()
        driver.reload()
        driver.send(.workerDrained(WorkerID(1)))
        let effects = driver.wait(11_000)
        #expect(effects.contains(.report(.workerStuck(WorkerID(1)))))
        #expect(effects.signalled(.kill) == [WorkerID(1)])
    }
}
