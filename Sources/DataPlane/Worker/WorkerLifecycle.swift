// The life of a worker as a value: what its main thread does next when the master, a loop or a
// signal says something. It owns no descriptor and does no I/O; `WorkerMain` carries the actions
// out. Its counterpart in the master is the pure supervisor.
//
//   waiting ─prepare─▶ starting ─all run─▶ ready ─handoff─▶ adopting ─all accept─▶ serving
//      │                                     └────────┬──────────┴──────────────────┘
//      │                                       release│
//      │                                              ▼
//      └──────────TERM────────▶ stopping ◀─TERM── releasing ─all let go─▶ draining ─all empty─▶ gone

/// State and transitions of one worker.
struct WorkerLifecycle {
    private enum State: Equatable {
        case waiting
        case starting(running: LoopSet)
        case ready
        case adopting(listenerCount: Int, accepting: LoopSet)
        case serving(listenerCount: Int)
        case releasing(listenerCount: Int, released: LoopSet, drained: LoopSet)
        case draining(drained: LoopSet)
        case stopping(stopped: LoopSet)
        case gone
    }

    enum Action: Equatable {
        case none
        case startLoops
        case sendReady
        /// Post the listeners just received to every loop.
        case adoptListeners
        case sendAccepting(listenerCount: Int)
        /// Tell every loop to let go of its listeners.
        case releaseLoops
        /// Every loop let go: close the descriptors, then acknowledge.
        case closeListeners(listenerCount: Int)
        /// As `closeListeners`, and nothing is left to drain either.
        case closeListenersAndLeave(listenerCount: Int)
        case stopLoops
        /// Say `drained` if the master is there, and exit with 0.
        case leave
        /// Exit with 0 without a word: told to end, nothing was drained.
        case exit
        /// The other side broke the protocol: exit with 1, saying why.
        case fail(String)
    }

    private var state = State.waiting
    private var loopCount = 0

    /// Whether connections may be there, so that losing the master is no reason to exit.
    var hasServed: Bool {
        switch state {
        case .adopting, .serving, .releasing, .draining: true
        case .waiting, .starting, .ready, .stopping, .gone: false
        }
    }

    /// Whether `prepare` is still awaited: its packet carries descriptors that others do not.
    var awaitsPrepare: Bool { state == .waiting }

    mutating func didReceivePrepare(loopCount: Int) -> Action {
        guard state == .waiting else { return .fail("prepare came twice") }
        self.loopCount = loopCount
        state = .starting(running: LoopSet())
        return .startLoops
    }

    mutating func didReceiveHandoff(listenerCount: Int) -> Action {
        switch state {
        case .ready:
            state = .adopting(listenerCount: listenerCount, accepting: LoopSet())
            return .adoptListeners
        case .stopping, .gone:
            return .none
        case .waiting, .starting, .adopting, .serving, .releasing, .draining:
            return .fail("listeners came in the wrong phase")
        }
    }

    /// From the master, or by SIGUSR1 where the master is gone.
    mutating func didReceiveRelease() -> Action {
        switch state {
        case .ready:
            state = .releasing(listenerCount: 0, released: LoopSet(), drained: LoopSet())
            return .releaseLoops
        case .adopting(let count, _), .serving(let count):
            state = .releasing(listenerCount: count, released: LoopSet(), drained: LoopSet())
            return .releaseLoops
        case .releasing, .draining, .stopping, .gone:
            return .none
        case .waiting, .starting:
            return .fail("release came before ready")
        }
    }

    /// SIGTERM: end now.
    mutating func didReceiveTerminate() -> Action {
        switch state {
        case .waiting:
            state = .gone
            return .exit
        case .starting, .ready, .adopting, .serving, .releasing, .draining:
            state = .stopping(stopped: LoopSet())
            return .stopLoops
        case .stopping, .gone:
            return .none
        }
    }

    /// The master's end of the control channel is closed.
    mutating func didLoseMaster() -> Action {
        hasServed ? .none : didReceiveTerminate()
    }

    mutating func loopRuns(_ loop: Int) -> Action {
        guard case .starting(var running) = state else { return .none }
        running.insert(loop)
        guard running.count == loopCount else {
            state = .starting(running: running)
            return .none
        }
        state = .ready
        return .sendReady
    }

    mutating func loopAccepts(_ loop: Int) -> Action {
        guard case .adopting(let count, var accepting) = state else { return .none }
        accepting.insert(loop)
        guard accepting.count == loopCount else {
            state = .adopting(listenerCount: count, accepting: accepting)
            return .none
        }
        state = .serving(listenerCount: count)
        return .sendAccepting(listenerCount: count)
    }

    mutating func loopReleased(_ loop: Int) -> Action {
        guard case .releasing(let count, var released, let drained) = state else { return .none }
        released.insert(loop)
        guard released.count == loopCount else {
            state = .releasing(listenerCount: count, released: released, drained: drained)
            return .none
        }
        guard drained.count == loopCount else {
            state = .draining(drained: drained)
            return .closeListeners(listenerCount: count)
        }
        state = .gone
        return .closeListenersAndLeave(listenerCount: count)
    }

    mutating func loopDrained(_ loop: Int) -> Action {
        switch state {
        case .releasing(let count, let released, var drained):
            drained.insert(loop)
            state = .releasing(listenerCount: count, released: released, drained: drained)
            return .none
        case .draining(var drained):
            drained.insert(loop)
            guard drained.count == loopCount else {
                state = .draining(drained: drained)
                return .none
            }
            state = .gone
            return .leave
        case .waiting, .starting, .ready, .adopting, .serving, .stopping, .gone:
            return .none
        }
    }

    mutating func loopStopped(_ loop: Int) -> Action {
        guard case .stopping(var stopped) = state else { return .none }
        stopped.insert(loop)
        guard stopped.count == loopCount else {
            state = .stopping(stopped: stopped)
            return .none
        }
        state = .gone
        return .exit
    }
}

/// A set of loop indices, 0…63: a repeated report counts once.
struct LoopSet: Equatable {
    private var bits: UInt64 = 0

    var count: Int { bits.nonzeroBitCount }

    mutating func insert(_ loop: Int) {
        guard (0..<64).contains(loop) else { return }
        bits |= 1 << UInt64(loop)
    }

    mutating func remove(_ loop: Int) {
        guard (0..<64).contains(loop) else { return }
        bits &= ~(1 << UInt64(loop))
    }
}
