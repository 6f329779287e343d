// The queue of one backend in one worker, shared by its loops. Looking for a permit and standing in
// line are one step, under one lock; whoever gives a permit back hands it to the next in line
// without setting it free. Between workers the same holds by the order of two words in shared
// memory (`WaitingWorkers`). So there is no state in which a permit is free, somebody waits for it
// and nobody is about to act, and no timer that rescues anybody. Untouched where no server of the
// backend has a limit. docs/decisions/0011-permits-and-queues.md

internal import Model
internal import SharedState

/// What a waiter is told, on its way to its loop.
struct QueueAnswer: BitwiseCopyable, Sendable {
    var loop: Int
    var exchange: UInt64
    var sequence: UInt64
    /// Place of the backend.
    var backend: Int
    /// Place of the server to go to; nil: no server is left that would take it.
    var server: Int?
    /// The permit that goes with it; nil: the server has no limit.
    var permit: Int?
}

final class BackendQueue: Sendable {
    /// How standing in line went.
    enum Joining {
        case waits(QueueTicket)
        /// A permit was found free after all. Others may have been answered before.
        case answered(QueueAnswer)
        case full
        /// As many wait for the waiter's own server as may.
        case laneIsFull
    }
    let place: Int
    private let state: Guarded<QueueState>

    init(
        _ backend: Backend, place: Int, rules: [ServerRules], traffic: TrafficRecords,
        worker: QueueWorker
    ) {
        self.place = place
        state = Guarded(
            QueueState(
                backend, place: place, rules: rules, traffic: traffic, worker: worker))
    }

    /// Stands in line, and looks for a permit once more. What is to be told to others comes in
    /// `answers`.
    func join(_ waiter: Waiter, answers: inout [QueueAnswer]) -> Joining {
        var taken: [QueueAnswer] = []
        let joining = state.withLock { state -> Joining in
            let ticket: QueueTicket
            switch state.join(waiter) {
            case .stands(let place): ticket = place
            case .laneIsFull: return .laneIsFull
            case .isFull: return .full
            }
            taken = state.takeAnswers()
            let own = taken.firstIndex { $0.sequence == ticket.sequence }
            return own.map { .answered(taken.remove(at: $0)) } ?? .waits(ticket)
        }
        answers = taken
        return joining
    }

    /// Leaves the line. An answer that is on its way already finds nobody.
    func leave(_ ticket: QueueTicket) {
        state.withLock { $0.leave(ticket) }
    }

    /// Takes a permit back that the worker holds: it goes to the next in line, here or elsewhere.
    /// What is returned must reach its loop; if that is gone, the permit comes back here.
    func takeBack(_ permit: Int, server place: Int) -> QueueAnswer? {
        state.withLock { $0.passOn(permit, server: place) }
    }

    /// A permit was set free, and somebody waits.
    func didFree(near permit: Int, server place: Int) -> QueueAnswer? {
        state.withLock { $0.passFree(near: permit, server: place) }
    }

    /// Something about servers has changed: who may go elsewhere does, who may be served now is,
    /// and who has nowhere to go is told.
    /// - Parameters: milliseconds of the loop's clock, and since 1970.
    func attend(now: Int64, wall: Int64) -> [QueueAnswer] {
        state.withLock { state in
            state.attend(now: now, wall: wall)
            return state.takeAnswers()
        }
    }

    /// The bell rang for these servers.
    func attend(rung numbers: WorkerBell.Numbers) -> [QueueAnswer] {
        state.withLock { state in
            state.attend(rung: numbers)
            return state.takeAnswers()
        }
    }
}

/// Who the worker is, for others that hold permits.
struct QueueWorker: Sendable {
    let region: SharedRegion
    let bell: WorkerBell
    let holder: PermitHolder

    /// Nil for a slot that there cannot be.
    init?(_ region: SharedRegion, slot: Int) {
        guard let bell = WorkerBell(region, slot: slot) else { return nil }
        self.region = region
        self.bell = bell
        holder = PermitHolder(slot: slot, incarnation: bell.incarnation)
    }

    func bell(of slot: Int) -> WorkerBell? { WorkerBell(region, slot: slot) }
}
