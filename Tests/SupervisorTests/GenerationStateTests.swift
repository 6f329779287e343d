import Clock
import Testing

@testable import Supervisor

/// Every phase and every command: what moves, what stays.
struct GenerationStateTests {
    enum Command: CaseIterable { case handOff, release, withdraw, leave, terminate, kill, exit }

    /// What of it can be seen.
    struct Outcome: Equatable {
        var phase: GenerationRecord.Phase
        var effectCount: Int

        init(_ phase: GenerationRecord.Phase, _ effectCount: Int) {
            self.phase = phase
            self.effectCount = effectCount
        }
    }

    static let now = Driver.moment(1000)

    /// One worker, brought as far as an orderly life goes.
    static func generation(_ phase: GenerationRecord.Phase) -> GenerationState {
        var generation = GenerationState(
            number: 7, plan: GenerationPlan(revision: 1, sha256: ""), at: now)
        _ = generation.didStart(pids: [70], at: now)
        if phase == .starting { return generation }
        _ = generation.didReportReady(0, at: now)
        _ = generation.handOff()
        _ = generation.didReportAccepting(0)
        _ = generation.serve(at: now)
        if phase == .serving { return generation }
        _ = generation.release(to: 8, timeout: .seconds(1), at: now.instant)
        _ = generation.didReportReleased(0)
        _ = generation.leave(reloads: 1, at: now)
        if phase == .leaving { return generation }
        _ = generation.didReportDrained(0, at: now.instant)
        _ = generation.didExit(0, WorkerExit(code: 0), at: now)
        return generation
    }

    static let table: [(GenerationRecord.Phase, [Outcome])] = [
        // handOff, release, withdraw, leave, terminate, kill, exit
        (
            .starting,
            [
                Outcome(.starting, 1), Outcome(.starting, 1), Outcome(.starting, 2),
                Outcome(.leaving, 1), Outcome(.starting, 2), Outcome(.starting, 1),
                Outcome(.exited, 0),
            ]
        ),
        (
            .serving,
            [
                Outcome(.serving, 1), Outcome(.serving, 1), Outcome(.serving, 1),
                Outcome(.leaving, 1), Outcome(.serving, 2), Outcome(.serving, 1),
                Outcome(.exited, 0),
            ]
        ),
        (
            .leaving,
            [
                Outcome(.leaving, 1), Outcome(.leaving, 0), Outcome(.leaving, 2),
                Outcome(.leaving, 0), Outcome(.leaving, 2), Outcome(.leaving, 1),
                Outcome(.exited, 0),
            ]
        ),
        (
            .exited,
            [
                Outcome(.exited, 1), Outcome(.exited, 0), Outcome(.exited, 0),
                Outcome(.exited, 0), Outcome(.exited, 0), Outcome(.exited, 0),
                Outcome(.exited, 0),
            ]
        ),
    ]

    static func run(_ command: Command, on generation: inout GenerationState) -> Int {
        switch command {
        case .handOff: generation.handOff().count
        case .release: generation.release(to: 8, timeout: .seconds(1), at: now.instant).count
        case .withdraw: generation.withdraw(for: 6, reason: .cancelled, at: now).count
        case .leave: generation.leave(reloads: 1, at: now).count
        case .terminate: generation.terminate(.api, at: now).count
        case .kill: generation.kill(0).count
        case .exit: exit(&generation)
        }
    }

    private static func exit(_ generation: inout GenerationState) -> Int {
        _ = generation.didExit(0, WorkerExit(signal: 9), at: now)
        return 0
    }

    @Test func tableIsWhole() {
        #expect(Self.table.map(\.0) == GenerationRecord.Phase.allCases)
        #expect(Self.table.allSatisfy { $0.1.count == Command.allCases.count } == true)
    }

    @Test(arguments: table)
    func commands(phase: GenerationRecord.Phase, outcomes: [Outcome]) {
        for (command, outcome) in zip(Command.allCases, outcomes) {
            var generation = Self.generation(phase)
            let count = Self.run(command, on: &generation)
            #expect(
                Outcome(generation.phase, count) == outcome, "\(command) while \(phase)")
        }
    }

    @Test func messagesFromWorkersThatDoNotExistAreIgnored() {
        var generation = Self.generation(.serving)
        for index in [-1, 1, 64] {
            #expect(generation.didReportReady(index, at: Self.now) == .ignored)
            #expect(generation.didReportReleased(index) == .ignored)
            #expect(generation.didExit(index, WorkerExit(code: 0), at: Self.now) == nil)
            #expect(generation.kill(index).isEmpty)
        }
    }

    @Test func theFirstUnexpectedExitIsShown() {
        let plan = GenerationPlan(revision: 1, sha256: "", workers: 3)
        var generation = GenerationState(number: 1, plan: plan, at: Self.now)
        _ = generation.didStart(pids: [1, 2, 3], at: Self.now)
        #expect(generation.didExit(1, WorkerExit(signal: 11), at: Self.now) == false)
        #expect(generation.record.exit == nil)
        _ = generation.terminate(.cancelled, at: Self.now)
        #expect(generation.didExit(0, WorkerExit(code: 0), at: Self.now) == true)
        #expect(generation.didExit(2, WorkerExit(code: 0), at: Self.now) == true)
        #expect(generation.record.phase == .exited)
        #expect(generation.record.status == .initializing)
        #expect(generation.record.exit == WorkerExit(signal: 11))
        #expect(!generation.record.exitExpected)
    }
}
