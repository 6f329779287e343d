import Clock

@testable import Supervisor

/// The model of everything outside the supervisor: the master's hands, workers, clients of the
/// API, and what can go wrong with each. One thread, one seed, one agenda.
struct World {
    static let stormSeconds = 5...25
    /// Everything is well this long after the last fault: the longest back-off, a reload, a drain.
    static let settleSeconds: UInt64 = 90
    static let stopSeconds: UInt64 = 60

    var random: SplitMix64
    var faults: FaultProfile
    var supervisor: Supervisor
    var agenda = Agenda()
    var now: UInt64 = 1_000_000_000
    var workers: [WorkerID: ModelWorker] = [:]
    var observer = Observer()
    var requestCount = 0
    var isStopWished = false
    var exitCode: Int32?
    /// Until then the master does not run; what is due waits.
    var pausedUntil: UInt64 = 0
    var revision = 1
    private var isCalm = false
    private var mustSettleAt: UInt64 = 0
    private(set) var steps = 0
    let traces: Bool
    private(set) var trace: [String] = []

    init(seed: UInt64, sabotage: Sabotage = [], traces: Bool = false) {
        random = SplitMix64(seed: seed)
        faults = FaultProfile(random: &random)
        supervisor = Supervisor(nextGeneration: random.number(in: 1...5))
        supervisor.sabotage = sabotage
        observer.hasLastGood = random.happens(300)
        self.traces = traces
    }

    // MARK: A whole life

    /// Nil if every invariant held; else what broke.
    mutating func run() -> String? {
        request(source: .startup)
        let storm = random.milliseconds(
            in: Self.stormSeconds.lowerBound * 1000...Self.stormSeconds.upperBound * 1000)
        agenda.add(.mischief, at: now + random.milliseconds(in: 0...500))
        agenda.add(.calm, at: now + storm)
        let end = now + storm + (Self.settleSeconds + Self.stopSeconds) * 1_000_000_000
        while exitCode == nil && now < end {
            if let breach = step() { return "step \(steps), \(clock): \(breach)" }
        }
        return observer.breachAtEnd(exitCode: exitCode, workers: workers).map {
            "at the end: \($0)"
        }
    }

    var clock: String {
        let milliseconds = now / 1_000_000
        return "\(milliseconds / 1000).\(String(1000 + milliseconds % 1000).dropFirst()) s"
    }

    private mutating func step() -> String? {
        steps += 1
        let deadline = supervisor.nextDeadline?.nanoseconds ?? .max
        let due = agenda.nextTime ?? .max
        if deadline < due {
            now = max(now, deadline + random.microseconds(in: 0...2000), pausedUntil)
            return deliver(.tick)
        }
        guard let occurrence = agenda.takeNext() else { return "nothing will ever happen" }
        now = max(now, due)
        switch occurrence {
        case .event(let event):
            now = max(now, pausedUntil)
            return deliver(event)
        case .spawn(let generation, let plan): spawn(generation, plan)
        case .worker(let id, let act): perform(act, by: id)
        case .mischief: makeMischief()
        case .calm: calmDown()
        case .stop: return stop()
        }
        return nil
    }

    // MARK: The supervisor's turn

    private mutating func deliver(_ event: SupervisorEvent) -> String? {
        let moment = Moment(
            instant: Instant(nanoseconds: now), wall: WallTime(milliseconds: Int64(now / 1_000_000))
        )
        let effects = supervisor.handle(event, at: moment)
        note(event, effects)
        // Nothing but one worker's deadline changes then.
        if case .workerProgressed = event, effects.isEmpty { return nil }
        if case .stopRequested = event { observer.isStopWished = true }
        for effect in effects { observer.note(effect, workers: workers, now: now) }
        for effect in effects { carryOut(effect) }
        return observer.breach(
            after: event, effects, supervisor: supervisor, workers: workers, now: now)
    }

    private mutating func note(_ event: SupervisorEvent, _ effects: [SupervisorEffect]) {
        guard traces else { return }
        if case .workerProgressed = event, effects.isEmpty { return }
        if case .tick = event, effects.isEmpty { return }
        trace.append("\(clock)  \(event)")
        for effect in effects { trace.append("            → \(effect)") }
    }

    mutating func noteWorld(_ words: @autoclosure () -> String) {
        guard traces else { return }
        trace.append("\(clock)  world: \(words())")
    }

    // MARK: Wishes

    mutating func request(source: ReloadRecord.Source) {
        requestCount += 1
        let id = "rl_\(requestCount)"
        observer.requested.insert(id)
        let event = SupervisorEvent.reloadRequested(
            id: id, mode: random.happens(150) ? .hard : .soft,
            trigger: ReloadRecord.Trigger(source: source, principal: "uid:0"),
            options: ReloadOptions(
                ifChanged: random.happens(200), onBusy: random.happens(100) ? .reject : .queue))
        agenda.add(.event(event), at: now)
        if random.happens(faults.messageRepeated) { agenda.add(.event(event), at: now) }
    }

    mutating func makeMischief() {
        guard !isStopWished && !isCalm else { return }
        if random.happens(faults.stopsEarly) { agenda.add(.stop, at: now) }
        let generation = supervisor.nextGeneration - random.number(in: 0...4)
        switch random.number(in: 0...99) {
        case 0..<55: request(source: random.pick([.api, .api, .signal]))
        case 55..<60: for _ in 0..<random.pick([2, 3, 10, 40]) { request(source: .api) }
        case 60..<66:
            let id = random.happens(200) ? "unknown" : "rl_\(random.number(in: 1...requestCount))"
            agenda.add(.event(.reloadCancelled(id: id)), at: now)
        case 66..<72: agenda.add(.event(.terminateRequested(generation: generation)), at: now)
        default: break
        }
        if random.happens(faults.attack) { attack() }
        let pause =
            random.happens(300)
            ? random.milliseconds(in: 0...20)
            : random.milliseconds(in: 20...2500)
        agenda.add(.mischief, at: now + pause)
    }

    private mutating func attack() {
        let victims = workers.values.filter(\.isAlive).map(\.id).sorted()
        guard !victims.isEmpty else { return }
        let victim = random.pick(victims)
        switch random.number(in: 0...9) {
        case 0...4:
            let exit = random.pick([
                WorkerExit(signal: 9), WorkerExit(signal: 11), WorkerExit(code: 1),
            ])
            agenda.add(.worker(victim, .exit(exit)), at: now)
        case 5...6: agenda.add(.worker(victim, .hang), at: now)
        case 7...8: agenda.add(.worker(victim, .lie), at: now)
        default:
            pausedUntil = now + random.milliseconds(in: 500...6000)
            noteWorld("the master pauses")
        }
    }

    /// From here on nothing new goes wrong; what hangs stays so.
    private mutating func calmDown() {
        faults = .calm
        isCalm = true
        mustSettleAt = now + Self.settleSeconds * 1_000_000_000
        agenda.add(.stop, at: now + 1_000_000_000)
        noteWorld("calm")
    }

    /// Once all is settled, or should be.
    private mutating func stop() -> String? {
        guard !isStopWished else { return nil }
        if isCalm, let breach = observer.breachWhenSettled(supervisor) {
            guard now < mustSettleAt else { return breach }
            agenda.add(.stop, at: now + 1_000_000_000)
            return nil
        }
        isStopWished = true
        let isGraceful = random.happens(600)
        agenda.add(.event(.stopRequested(graceful: isGraceful)), at: now)
        if random.happens(300) {
            agenda.add(
                .event(.stopRequested(graceful: random.happens(500))),
                at: now + random.milliseconds(in: 0...3000))
        }
        return nil
    }
}
