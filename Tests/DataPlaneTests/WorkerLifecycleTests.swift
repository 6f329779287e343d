import Testing

@testable import DataPlane

/// The whole life of a worker with two loops, event by event, and what must not be.
@Suite struct WorkerLifecycleTests {
    private enum Phase: CaseIterable {
        case waiting, starting, ready, adopting, serving, releasing, draining, stopping, gone
    }

    /// A lifecycle in the given phase, reached the ordinary way.
    private static func lifecycle(in phase: Phase) -> WorkerLifecycle {
        var machine = WorkerLifecycle()
        if phase == .waiting { return machine }
        _ = machine.didReceivePrepare(loopCount: 2)
        if phase == .starting { return machine }
        if phase == .stopping || phase == .gone {
            _ = machine.didReceiveTerminate()
            if phase == .gone { for loop in 0..<2 { _ = machine.loopStopped(loop) } }
            return machine
        }
        for loop in 0..<2 { _ = machine.loopRuns(loop) }
        if phase == .ready { return machine }
        _ = machine.didReceiveHandoff(listenerCount: 3)
        if phase == .adopting { return machine }
        for loop in 0..<2 { _ = machine.loopAccepts(loop) }
        if phase == .serving { return machine }
        _ = machine.didReceiveRelease()
        if phase == .releasing { return machine }
        for loop in 0..<2 { _ = machine.loopReleased(loop) }
        return machine
    }

    @Test func anOrdinaryLife() {
        var machine = WorkerLifecycle()
        #expect(machine.didReceivePrepare(loopCount: 2) == .startLoops)
        #expect(machine.loopRuns(1) == .none)
        #expect(machine.loopRuns(0) == .sendReady)
        #expect(machine.didReceiveHandoff(listenerCount: 3) == .adoptListeners)
        #expect(machine.loopAccepts(0) == .none)
        #expect(machine.loopAccepts(1) == .sendAccepting(listenerCount: 3))
        #expect(machine.didReceiveRelease() == .releaseLoops)
        #expect(machine.loopReleased(0) == .none)
        #expect(machine.loopReleased(1) == .closeListeners(listenerCount: 3))
        #expect(machine.loopDrained(1) == .none)
        #expect(machine.loopDrained(0) == .leave)
    }

    @Test func aRepeatedReportCountsOnce() {
        var machine = Self.lifecycle(in: .releasing)
        #expect(machine.loopReleased(0) == .none)
        #expect(machine.loopReleased(0) == .none)
        #expect(machine.loopReleased(99) == .none)
        #expect(machine.loopReleased(1) == .closeListeners(listenerCount: 3))
    }

    @Test func loopsMayBeDrainedBeforeTheLastOneLetGo() {
        var machine = Self.lifecycle(in: .releasing)
        _ = machine.loopReleased(0)
        _ = machine.loopDrained(0)
        _ = machine.loopDrained(1)
        #expect(machine.loopReleased(1) == .closeListenersAndLeave(listenerCount: 3))
    }

    @Test(arguments: Phase.allCases) private func terminateEndsEveryPhase(_ phase: Phase) {
        var machine = Self.lifecycle(in: phase)
        switch phase {
        case .waiting: #expect(machine.didReceiveTerminate() == .exit)
        case .stopping, .gone: #expect(machine.didReceiveTerminate() == .none)
        default: #expect(machine.didReceiveTerminate() == .stopLoops)
        }
    }

    @Test func aTerminatedWorkerDoesNotClaimToBeDrained() {
        var machine = Self.lifecycle(in: .serving)
        _ = machine.didReceiveTerminate()
        #expect(machine.loopStopped(0) == .none)
        #expect(machine.loopStopped(1) == .exit)
    }

    @Test(arguments: Phase.allCases) private func aLostMasterEndsOnlyWhoNeverServed(_ phase: Phase)
    {
        var machine = Self.lifecycle(in: phase)
        let action = machine.didLoseMaster()
        switch phase {
        case .adopting, .serving, .releasing, .draining, .stopping, .gone: #expect(action == .none)
        case .waiting: #expect(action == .exit)
        case .starting, .ready: #expect(action == .stopLoops)
        }
    }

    @Test(arguments: Phase.allCases) private func listenersComeOnceAndOnlyWhenReady(_ phase: Phase)
    {
        var machine = Self.lifecycle(in: phase)
        let action = machine.didReceiveHandoff(listenerCount: 1)
        switch phase {
        case .ready: #expect(action == .adoptListeners)
        case .stopping, .gone: #expect(action == .none)
        default: #expect(action == .fail("listeners came in the wrong phase"))
        }
    }

    @Test(arguments: Phase.allCases) private func releaseInEveryPhase(_ phase: Phase) {
        var machine = Self.lifecycle(in: phase)
        let action = machine.didReceiveRelease()
        switch phase {
        case .ready, .adopting, .serving: #expect(action == .releaseLoops)
        case .releasing, .draining, .stopping, .gone: #expect(action == .none)
        case .waiting, .starting: #expect(action == .fail("release came before ready"))
        }
    }

    @Test(arguments: Phase.allCases) private func prepareComesOnce(_ phase: Phase) {
        var machine = Self.lifecycle(in: phase)
        let action = machine.didReceivePrepare(loopCount: 1)
        #expect(action == (phase == .waiting ? .startLoops : .fail("prepare came twice")))
    }
}
