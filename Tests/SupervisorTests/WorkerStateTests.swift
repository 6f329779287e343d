import Clock
import Testing

@testable import Supervisor

/// The whole table: every stage and every message, forbidden ones included.
struct WorkerStateTests {
    enum Message: CaseIterable { case ready, refused, accepting, released, drained }
    enum Answer { case advanced, ignored, violation }

    static let table: [(WorkerState.Stage, [Answer])] = [
        //               ready      refused     accepting   released    drained
        (.spawning, [.advanced, .advanced, .violation, .violation, .violation]),
        (.preparing, [.advanced, .advanced, .violation, .violation, .violation]),
        (.ready, [.ignored, .violation, .violation, .violation, .violation]),
        (.adopting, [.ignored, .advanced, .advanced, .violation, .violation]),
        (.accepting, [.ignored, .violation, .ignored, .violation, .violation]),
        (.releasing, [.ignored, .violation, .ignored, .advanced, .violation]),
        (.released, [.ignored, .violation, .ignored, .ignored, .advanced]),
        (.drained, [.ignored, .violation, .ignored, .ignored, .ignored]),
        (.exited, [.ignored, .ignored, .ignored, .ignored, .ignored]),
    ]
    let now = Driver.moment(1000).instant

    func send(_ message: Message, to worker: inout WorkerState) -> Answer {
        let reply =
            switch message {
            case .ready: worker.didReportReady(at: now)
            case .refused: worker.didRefuse()
            case .accepting: worker.didReportAccepting()
            case .released: worker.didReportReleased()
            case .drained: worker.didReportDrained(at: now, exitTimeout: .seconds(1))
            }
        return switch reply {
        case .advanced: .advanced
        case .ignored: .ignored
        case .violation: .violation
        }
    }

    @Test func tableIsWhole() {
        #expect(Self.table.map(\.0) == WorkerState.Stage.allCases)
    }

    @Test(arguments: table)
    func messages(stage: WorkerState.Stage, answers: [Answer]) {
        for (message, answer) in zip(Message.allCases, answers) {
            var worker = WorkerState(stage: stage)
            #expect(send(message, to: &worker) == answer, "\(message) in \(stage)")
            if answer != .advanced { #expect(worker.stage == stage) }
        }
    }

    @Test(arguments: WorkerState.Stage.allCases, Message.allCases)
    func aKilledOneIsNotListenedTo(stage: WorkerState.Stage, message: Message) {
        var worker = WorkerState(stage: stage)
        guard worker.kill() else {
            #expect(stage == .spawning || stage == .exited)
            return
        }
        #expect(send(message, to: &worker) == .ignored)
        #expect(worker.stage == stage && !worker.isLive)
    }

    @Test(arguments: WorkerState.Stage.allCases)
    func signalsGoOnceAndOnlyToThoseWhoAreThere(stage: WorkerState.Stage) {
        let isThere = stage != .spawning && stage != .exited
        var worker = WorkerState(stage: stage)
        #expect(worker.terminate(killAt: now) == isThere)
        #expect(worker.terminate(killAt: now) == false)
        #expect(worker.kill() == isThere)
        #expect(worker.kill() == false)
        #expect(worker.terminate(killAt: now) == false)
    }

    @Test(
        arguments: [
            (WorkerState.Stage.accepting, WorkerExit(code: 0), false),
            (.released, WorkerExit(code: 0), true),
            (.released, WorkerExit(signal: 11), false),
            (.drained, WorkerExit(code: 1), true),
        ])
    func whichExitIsExpected(stage: WorkerState.Stage, exit: WorkerExit, isExpected: Bool) {
        var worker = WorkerState(stage: stage)
        #expect(worker.didExit(exit) == isExpected)
        #expect(worker.didExit(exit) == nil)
        var terminated = WorkerState(stage: stage)
        _ = terminated.terminate(killAt: now)
        #expect(terminated.didExit(exit) == true)
    }
}
