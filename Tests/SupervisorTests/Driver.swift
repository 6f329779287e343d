import Clock

@testable import Supervisor

/// A supervisor with a hand-wound clock, and short words for the usual events.
struct Driver {
    var supervisor: Supervisor
    /// Milliseconds.
    private(set) var time: UInt64 = 1000
    var plan = GenerationPlan(revision: 1, sha256: "", reloadInterval: .zero)
    /// Of all events so far.
    private(set) var effects: [SupervisorEffect] = []
    private var requestCount = 0

    init(_ supervisor: Supervisor = Supervisor()) { self.supervisor = supervisor }

    var moment: Moment { Self.moment(time) }

    static func moment(_ milliseconds: UInt64) -> Moment {
        Moment(
            instant: Instant(nanoseconds: milliseconds * 1_000_000),
            wall: WallTime(milliseconds: Int64(milliseconds)))
    }

    @discardableResult
    mutating func send(_ event: SupervisorEvent) -> [SupervisorEffect] {
        let own = supervisor.handle(event, at: moment)
        effects += own
        return own
    }

    /// Lets time pass as the master would, with healthy workers all the while.
    @discardableResult
    mutating func wait(_ milliseconds: UInt64, except hung: Set<WorkerID> = [])
        -> [SupervisorEffect]
    {
        var own: [SupervisorEffect] = []
        let end = time + milliseconds
        while time < end {
            let deadline = supervisor.nextDeadline?.nanoseconds ?? .max
            time = min(end, max(time + 1, min(deadline / 1_000_000 + 1, time + 1000)))
            for generation in supervisor.roster.live where !generation.isExited {
                for index in generation.workers.indices where !hung.contains(generation.id(index)) {
                    own += send(.workerProgressed(generation.id(index)))
                }
            }
            own += send(.tick)
        }
        return own
    }

    @discardableResult
    mutating func request(
        _ mode: ReloadRecord.Mode = .soft, source: ReloadRecord.Source = .api,
        options: ReloadOptions = ReloadOptions(), isRecorded: Bool = true
    ) -> String {
        requestCount += 1
        let id = "rl_\(requestCount)"
        send(
            .reloadRequested(
                id: id, mode: mode,
                trigger: ReloadRecord.Trigger(source: source, principal: "uid:0"),
                options: options))
        if isRecorded { send(.recorded(reload: id, nil)) }
        return id
    }

    /// Answers everything the running reload waits for until it is over; the generation.
    @discardableResult
    mutating func reload(_ mode: ReloadRecord.Mode = .soft) -> Int {
        request(mode)
        return bringUp()
    }

    /// From the validated configuration to SERVING.
    @discardableResult
    mutating func bringUp() -> Int {
        let number = start()
        ready(number)
        accept(number)
        releaseOld(of: number)
        return number
    }

    /// Up to WAIT_READY; the generation.
    @discardableResult
    mutating func start() -> Int {
        let running = supervisor.queue.running
        if let running, running.stage == .validating {
            send(.validated(reload: running.record.id, .success(plan)))
        }
        let number = supervisor.queue.running?.record.toGeneration ?? 0
        let count = supervisor.roster[number]?.workers.count ?? 0
        send(.started(generation: number, pids: (0..<count).map { Int32(100 * number + $0) }))
        return number
    }

    mutating func ready(_ number: Int) {
        for id in ids(number) { send(.workerReady(id)) }
    }

    mutating func accept(_ number: Int) {
        for id in ids(number) { send(.workerAccepting(id)) }
    }

    mutating func releaseOld(of number: Int) {
        guard let old = supervisor.queue.running?.record.fromGeneration else { return }
        for id in ids(old) { send(.workerReleased(id)) }
    }

    @discardableResult
    mutating func exit(_ id: WorkerID, _ exit: WorkerExit) -> [SupervisorEffect] {
        send(.workerExited(id, exit, logTail: ["last words"]))
    }

    func ids(_ number: Int) -> [WorkerID] {
        guard let generation = supervisor.roster[number] else { return [] }
        return generation.workers.indices.map(generation.id)
    }

    func generation(_ number: Int) -> GenerationRecord? {
        supervisor.generations.first { $0.generation == number }
    }

    func record(_ id: String) -> ReloadRecord? { supervisor.reloads.first { $0.id == id } }
}

extension [SupervisorEffect] {
    var starts: [Int] {
        compactMap { if case .start(let generation, _) = $0 { generation } else { nil } }
    }
    func signalled(_ signal: SupervisorEffect.Signal) -> [WorkerID] {
        compactMap { if case .signal(let id, signal) = $0 { id } else { nil } }
    }
    var finished: [ReloadRecord] {
        compactMap { if case .reloadFinished(let record) = $0 { record } else { nil } }
    }
}

extension WorkerID {
    init(_ generation: Int, _ index: Int = 0) { self.init(generation: generation, index: index) }
}
