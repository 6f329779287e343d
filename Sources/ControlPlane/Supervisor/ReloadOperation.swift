// One reload on its way: its record and which answer it waits for. Pure value; `Supervisor`
// decides when it moves.

import Clock

/// ```
/// queued ─▶ validating ─▶ spawning ─▶ waitingReady ─▶ accepting ─▶ releasing ─▶ finished
///                 └────────────┴────────────┴──────────────┴─▶ finished (nothing has changed)
/// ```
/// From `releasing` on there is no way back: the old generation has begun to let go.
struct ReloadOperation: Sendable {
    static let validateTimeout: Duration = .seconds(60)
    /// For the disk to take a record.
    static let recordTimeout: Duration = .seconds(10)

    enum Stage: Int, Sendable, CaseIterable, Comparable {
        case queued, validating, spawning, waitingReady, accepting, releasing, finished

        static func < (left: Stage, right: Stage) -> Bool { left.rawValue < right.rawValue }
    }

    private(set) var stage = Stage.queued
    private(set) var record: ReloadRecord
    /// By when `stage` must be over; nil where something else guards it.
    private(set) var deadline: Instant?
    private(set) var plan: GenerationPlan?
    /// Set on a replacement of a crashed generation.
    let restart: PendingRestart?
    let options: ReloadOptions
    /// By when its record must be durable; nil: it is, or need not be to start. Whoever asks through
    /// the API can ask again, but a signal must reload with a full disk, too.
    private(set) var recordDeadline: Instant?
    private let createdAt: Instant
    private var stepStartedAt: Instant

    init(
        id: String, mode: ReloadRecord.Mode, trigger: ReloadRecord.Trigger, at now: Moment,
        restart: PendingRestart? = nil, options: ReloadOptions = ReloadOptions()
    ) {
        record = ReloadRecord(id: id, mode: mode, trigger: trigger, createdAt: now.wall)
        self.restart = restart
        self.options = options
        recordDeadline = trigger.source == .api ? now.instant + Self.recordTimeout : nil
        createdAt = now.instant
        stepStartedAt = now.instant
    }

    /// Asked for by somebody, so that it ages leavers; not the supervisor's own replacement.
    var isByRequest: Bool { restart == nil }

    /// Whether it may still be called off.
    var isRevocable: Bool { stage < .accepting }

    var isRecorded: Bool { recordDeadline == nil }

    // MARK: Steps

    mutating func validate(from serving: Int?, at now: Moment) {
        record.fromGeneration = serving
        enter(.validating, step: .validate, deadline: now.instant + Self.validateTimeout, at: now)
    }

    mutating func spawn(
        _ generation: Int, _ plan: GenerationPlan, from serving: Int?, at now: Moment
    ) {
        self.plan = plan
        record.revision = plan.revision
        record.fromGeneration = serving
        record.toGeneration = generation
        enter(.spawning, step: .spawn, deadline: now.instant + plan.readyTimeout, at: now)
    }

    /// The deadline is still that of `spawn`: `readyTimeout` covers both.
    mutating func awaitReady(at now: Moment) {
        enter(.waitingReady, step: .waitReady, deadline: deadline, at: now)
    }

    mutating func awaitAccepting(timeout: Duration, at now: Moment) {
        enter(.accepting, step: .switchListeners, deadline: now.instant + timeout, at: now)
    }

    /// `old` serves now: a crash may have changed that since the reload began. It guards its own
    /// release.
    mutating func awaitReleased(by old: Int?) {
        record.fromGeneration = old
        stage = .releasing
        deadline = nil
    }

    mutating func retire(sigtermSentTo generations: [Int], at now: Moment) {
        endStep(.succeeded, at: now)
        record.steps.append(step(.retire, at: now))
        record.sigtermSentTo = generations
    }

    mutating func noteRecorded() { recordDeadline = nil }

    /// VALIDATE found what serves already.
    mutating func noteUnchanged(_ revision: Int) {
        record.revision = revision
        record.isUnchanged = true
    }

    mutating func attach(logTail: [String]) { record.logTail = logTail }

    mutating func forgive(until instant: Instant) {
        if let deadline { self.deadline = max(deadline, instant) }
        if let recordDeadline { self.recordDeadline = max(recordDeadline, instant) }
    }

    // MARK: Ends

    mutating func finish(
        _ status: ReloadRecord.Status, _ failure: ReloadFailure? = nil,
        supersededBy successor: String? = nil, at now: Moment
    ) {
        endStep(status, at: now)
        stage = .finished
        deadline = nil
        record.status = status
        record.failure = failure
        record.supersededBy = successor
        record.finishedAt = now.wall
        record.durationMilliseconds = Int(
            clamping: (now.instant - createdAt).wholeMilliseconds)
    }

    // MARK: Private

    private mutating func enter(
        _ stage: Stage, step name: ReloadRecord.StepName, deadline: Instant?, at now: Moment
    ) {
        endStep(.succeeded, at: now)
        self.stage = stage
        self.deadline = deadline
        record.status = .running
        record.steps.append(step(name, at: now))
        stepStartedAt = now.instant
    }

    private func step(_ name: ReloadRecord.StepName, at now: Moment) -> ReloadRecord.Step {
        ReloadRecord.Step(name: name, status: .running, startedAt: now.wall)
    }

    private mutating func endStep(_ status: ReloadRecord.Status, at now: Moment) {
        guard let last = record.steps.indices.last, record.steps[last].status == .running else {
            return
        }
        record.steps[last].status = status
        record.steps[last].milliseconds = Int(
            clamping: (now.instant - stepStartedAt).wholeMilliseconds)
        stepStartedAt = now.instant
    }
}
