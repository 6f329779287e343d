// What a request may ask for, and when it is not even taken.

import Clock
import Testing

@testable import Supervisor

struct RequestTests {
    @Test func unchangedIsNoNewGeneration() {
        var driver = Driver()
        driver.reload()
        driver.reload()
        let begin = driver.effects.count
        driver.plan.revision = 9
        let id = driver.request(options: ReloadOptions(ifChanged: true))
        driver.send(.validated(reload: id, .success(driver.plan)))
        let record = driver.record(id)
        #expect(record?.status == .succeeded && record?.isUnchanged == true)
        #expect(record?.revision == 1 && record?.toGeneration == nil)
        #expect(record?.steps.map(\.name) == [.validate])
        #expect(Array(driver.effects[begin...]).starts.isEmpty)
        #expect(driver.generation(1)?.reloads == 1, "nobody aged")
        #expect(driver.supervisor.desiredRevision == 1 && driver.supervisor.appliedRevision == 1)
    }

    @Test(arguments: ["text", "content", "not asked for", "crashed"])
    func whatIsChangedIsReloaded(_ what: String) {
        var driver = Driver()
        driver.reload()
        if what == "text" { driver.plan.sha256 = "other" }
        if what == "content" { driver.plan.contentSHA256 = "other" }
        let id = driver.request(options: ReloadOptions(ifChanged: what != "not asked for"))
        if what == "crashed" { driver.exit(WorkerID(1), WorkerExit(signal: 11)) }
        driver.start()
        #expect(driver.record(id)?.toGeneration == 2)
    }

    @Test func rejectedWhileBusyLeavesNoRecord() {
        var driver = Driver()
        driver.reload()
        let running = driver.request()
        let refused = driver.request(options: ReloadOptions(onBusy: .reject))
        #expect(driver.record(refused) == nil)
        #expect(driver.effects.last == .reloadRejected(id: refused, .inProgress(reload: running)))
        driver.bringUp()
        let taken = driver.request(options: ReloadOptions(onBusy: .reject))
        #expect(driver.record(taken)?.status == .running)
    }

    @Test func nothingStartsBeforeItIsRecorded() {
        var driver = Driver()
        driver.reload()
        let id = driver.request(isRecorded: false)
        #expect(driver.record(id)?.status == .queued)
        driver.wait(9000)
        #expect(driver.record(id)?.status == .queued)
        driver.send(.recorded(reload: "other", nil))
        #expect(driver.record(id)?.status == .queued)
        driver.send(.recorded(reload: id, nil))
        #expect(driver.record(id)?.status == .running)
        // Twice, or late, is ignored.
        driver.send(.recorded(reload: id, ReloadFailure(code: "store-failed", detail: "")))
        #expect(driver.record(id)?.status == .running)
    }

    @Test func whatCannotBeRecordedHasNotHappened() {
        var driver = Driver()
        driver.reload()
        let begin = driver.effects.count
        let refused = driver.request(isRecorded: false)
        driver.send(
            .recorded(reload: refused, ReloadFailure(code: "store-failed", detail: "full")))
        #expect(driver.record(refused)?.failure?.detail == "full")
        let late = driver.request(isRecorded: false)
        driver.wait(10_100)
        #expect(driver.record(late)?.failure?.code == "store-failed")
        #expect(Array(driver.effects[begin...]).starts.isEmpty)
        #expect(driver.supervisor.serving == 1)
    }

    /// A signal reloads with a full disk, too.
    @Test func aSignalDoesNotWaitForTheDisk() {
        var driver = Driver()
        driver.reload()
        let id = driver.request(source: .signal, isRecorded: false)
        #expect(driver.record(id)?.status == .running)
        driver.send(.recorded(reload: id, ReloadFailure(code: "store-failed", detail: "full")))
        #expect(driver.bringUp() == 2)
        #expect(driver.record(id)?.status == .succeeded)
    }

    @Test func aBurstOfTwentyAndThenTheRate() {
        var driver = Driver()
        driver.plan.reloadInterval = .milliseconds(500)
        driver.request(source: .startup)
        driver.bringUp()
        let first = (0..<25).map { _ in driver.request() }
        #expect(first.count { driver.record($0) == nil } == 5)
        let waits = driver.effects.compactMap { effect in
            if case .reloadRejected(_, .tooMany(let wait)) = effect { wait } else { nil }
        }
        #expect(waits == Array(repeating: .milliseconds(500), count: 5))
        let signalled = driver.request(source: .signal)
        #expect(driver.record(signalled) != nil, "signals are not counted")
        driver.wait(1100)
        let later = (0..<5).map { _ in driver.request() }
        #expect(later.count { driver.record($0) == nil } == 3)
    }

    // MARK: The start

    @Test func anInvalidStartGoesBackToTheLastGoodRevision() {
        var driver = Driver(Supervisor(nextGeneration: 14))
        let id = driver.request(source: .startup)
        driver.send(
            .validated(
                reload: id, .failure(ReloadFailure(code: "config-invalid", detail: "1 error")),
                fallback: GenerationPlan(revision: 7, sha256: "good")))
        #expect(driver.record(id)?.status == .failed)
        #expect(driver.effects.contains(.report(.startsFromLastGood(revision: 7))))
        let generation = driver.bringUp()
        #expect(generation == 14 && driver.supervisor.serving == 14)
        let record = driver.record("rs_0_14")
        #expect(record?.status == .succeeded && record?.trigger.source == .rollback)
        #expect(driver.supervisor.appliedRevision == 7 && driver.supervisor.desiredRevision == nil)
        #expect(!driver.supervisor.isStopping)
    }

    @Test func withoutAGoodRevisionTheMasterLeaves() {
        var driver = Driver()
        let id = driver.request(source: .startup)
        driver.send(
            .validated(reload: id, .failure(ReloadFailure(code: "config-invalid", detail: ""))))
        #expect(driver.effects.last == .exit(code: 3))
    }

    @Test func aLastGoodRevisionThatDoesNotComeUpEndsTheStart() {
        var driver = Driver()
        let id = driver.request(source: .startup)
        driver.send(
            .validated(
                reload: id, .failure(ReloadFailure(code: "file-missing", detail: "")),
                fallback: driver.plan))
        let failure = ReloadFailure(code: "listener-bind-failed", detail: "in use")
        driver.send(.startFailed(generation: 1, failure))
        #expect(driver.effects.last == .exit(code: 4))
    }

    /// Once something has served, an invalid file is a failed reload and nothing else.
    @Test func aFallbackIsForTheStartOnly() {
        var driver = Driver()
        driver.reload()
        let id = driver.request()
        driver.send(
            .validated(
                reload: id, .failure(ReloadFailure(code: "config-invalid", detail: "")),
                fallback: driver.plan))
        #expect(driver.supervisor.serving == 1 && driver.effects.starts == [1])
    }
}
