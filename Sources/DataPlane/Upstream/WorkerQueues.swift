// All queues of a worker, and the thread that listens for other workers: it sleeps until one of
// them leaves a permit here, or has found out something about a server. It is started with the first
// exchange that has to wait; where servers are checked or taken out, when the worker begins to serve.

internal import Model
internal import SharedState
internal import Synchronization
internal import Syscalls

/// Made once in the main thread, before the loops; then used by all of them.
final class WorkerQueues: Sendable {
    /// By the place of the backend.
    let queues: [BackendQueue]
    let worker: QueueWorker?
    private let links = Guarded<[LoopLink]>([])
    private let listening = Guarded(false)
    private let changes: ServerChanges
    private let hasNews: Bool
    private let isStopped = Atomic(false)
    private let runningLoops = Atomic(0)

    /// - Parameters:
    ///   - rules: of each server, by backend.
    ///   - slot: the worker's in the shared state; where there can be none, nothing has a limit.
    init(_ backends: [Backend], rules: [[ServerRules]], traffic: TrafficRecords, slot: Int) {
        let worker = QueueWorker(traffic.region, slot: slot)
        self.worker = worker
        changes = traffic.serverChanges
        hasNews = backends.contains { $0.check != nil || $0.ejection != nil }
        queues =
            worker.map { worker in
                backends.enumerated().map { place, backend in
                    BackendQueue(
                        backend, place: place, rules: rules[place], traffic: traffic,
                        worker: worker)
                }
            } ?? []
    }

    /// All loops of the worker, by index; before they run.
    func connect(_ links: [LoopLink]) {
        self.links.withLock { $0 = links }
        runningLoops.store(links.count, ordering: .relaxed)
    }

    /// The last one lets the listener end.
    func loopDidEnd() {
        guard runningLoops.subtract(1, ordering: .relaxed).newValue == 0 else { return }
        isStopped.store(true, ordering: .sequentiallyConsistent)
        worker?.bell.ringAll()
    }

    /// False: the system has no thread for it.
    func listen() -> Bool {
        listening.withLock { isListening in
            if isListening { return true }
            do throws(SystemError) {
                try Thread.start(name: "queue-bell") { self.listenUntilStopped() }
                isListening = true
            } catch {
                return false
            }
            return true
        }
    }

    /// Where workers find out something about servers. Without a thread loops learn of it when they
    /// next wake up.
    func listenForNews() {
        if hasNews { _ = listen() }
    }

    /// Lets all other workers look at their servers (`ServerChanges` has moved).
    func tellOtherWorkers() {
        guard let worker else { return }
        WorkerBell.ringOthers(than: worker.bell.slot, in: worker.region)
    }

    private func listenUntilStopped() {
        guard let bell = worker?.bell else { return }
        var seenChanges: UInt64?
        while true {
            // In this order: who stops us rings afterwards.
            let count = bell.count
            if isStopped.load(ordering: .sequentiallyConsistent) { return }
            let numbers = bell.takeNumbers()
            for queue in queues {
                for answer in queue.attend(rung: numbers) { deliver(answer) }
            }
            let changeCount = changes.count
            if changeCount != seenChanges {
                seenChanges = changeCount
                for link in links.withLock({ $0 }) { link.mailbox.post(.command(.attend)) }
            }
            bell.wait(from: count)
        }
    }

    /// Tells a loop; from any thread. A permit that its loop takes no more goes to the next.
    func deliver(_ answer: QueueAnswer) {
        var next: QueueAnswer? = answer
        while let answer = next {
            if links.withLock({ $0[answer.loop] }).mailbox.post(.queue(answer)) { return }
            next = takeBack(answer)
        }
    }

    /// What became of a permit that nobody has taken.
    func takeBack(_ answer: QueueAnswer) -> QueueAnswer? {
        guard let permit = answer.permit, let server = answer.server else { return nil }
        return queues[answer.backend].takeBack(permit, server: server)
    }
}

/// The queues as one loop uses them. Its own answers need no mailbox. The loop's thread only.
final class LoopQueues {
    private let queues: WorkerQueues
    private let loop: Int
    private(set) var answers: [QueueAnswer] = []
    private var spare: [QueueAnswer] = []

    init(_ queues: WorkerQueues, loop: Int) {
        self.queues = queues
        self.loop = loop
    }

    /// Tells whoever it is for.
    func deliver(_ answer: QueueAnswer?) {
        guard let answer else { return }
        if answer.loop == loop { answers.append(answer) } else { queues.deliver(answer) }
    }

    /// What waits for this loop.
    func takeAnswers() -> [QueueAnswer] {
        swap(&answers, &spare)
        return spare
    }

    /// The exchange that it was for is gone.
    func refuse(_ answer: QueueAnswer) {
        deliver(queues.takeBack(answer))
    }

    /// At the loop's end, when its mailbox is closed: nothing goes to it any more.
    func end() {
        for answer in takeAnswers() {
            if let next = queues.takeBack(answer) { queues.deliver(next) }
        }
        didTake()
    }

    /// They are dealt with: the memory is used again.
    func didTake() { spare.removeAll(keepingCapacity: true) }
}
