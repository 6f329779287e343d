import Supervisor

/// What the model world will do, by time; equal times in the order of entry.
struct Agenda {
    enum Occurrence {
        /// Reaches the supervisor.
        case event(SupervisorEvent)
        case spawn(generation: Int, GenerationPlan)
        case worker(WorkerID, Act)
        /// Somebody outside does something: see `World.makeMischief`.
        case mischief
        case calm
        case stop
    }

    /// What a model worker does, or what reaches it.
    enum Act {
        case becomeReady, refuse, takeListeners, letGo, finishDraining, getTerminate, getKill
        case showProgress, hang, lie
        case exit(WorkerExit)
    }

    private var entries: [(time: UInt64, order: Int, occurrence: Occurrence)] = []
    private var entryCount = 0

    var nextTime: UInt64? { entries.last?.time }

    mutating func add(_ occurrence: Occurrence, at time: UInt64) {
        entryCount += 1
        var low = 0
        var high = entries.count
        // Latest first, so that the next one is taken from the end.
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].time > time { low = middle + 1 } else { high = middle }
        }
        entries.insert((time, entryCount, occurrence), at: low)
    }

    mutating func takeNext() -> Occurrence? { entries.popLast()?.occurrence }
}
