// From what the supervisor decided to what systemd is to know. A value with one method per event;
// `now` is an argument. Driven by the master's loop through `SystemdService`.

internal import Clock
internal import Supervisor

struct ServiceState: Sendable {
    /// What of the master matters here, each time that something visible changed.
    struct Facts: Sendable {
        /// Newest first, as the supervisor keeps them.
        var generations: [GenerationRecord]
        var reloads: [ReloadRecord]
        var serving: Int?
        var desiredRevision: Int?
        var isStopping: Bool
    }

    /// How often more time is asked for while something takes long.
    static let extensionPeriod: Duration = .seconds(5)

    private(set) var notice = ServiceNotice()
    /// WATCHDOG_USEC halved, as sd_watchdog_enabled(3) recommends; nil: nobody watches.
    private let beatPeriod: Duration?
    private var nextBeat = Instant(nanoseconds: 0)
    private var nextExtension: Instant?
    private var pulse = ServingPulse()
    private var serving: [WorkerID] = []
    /// Ids of reloads that were looked at, and of those that earlier lives left.
    private var seen: Set<String>
    private let earlier: Set<String>

    init(watchdog: Duration?, earlierReloads: [ReloadRecord]) {
        beatPeriod = watchdog.map { $0 / 2 }
        seen = Set(earlierReloads.map(\.id))
        earlier = seen
    }

    mutating func didChange(_ facts: Facts) {
        let requested = facts.reloads.filter {
            [.api, .signal].contains($0.trigger.source) && !earlier.contains($0.id)
        }
        notice.reloadCount += requested.count { !seen.contains($0.id) }
        seen = Set(facts.reloads.map(\.id))
        let isReloading = requested.contains { !$0.status.isTerminal }
        let wasBusy = isBusy
        if facts.isStopping {
            notice.phase = .stopping
        } else if notice.phase != .starting || facts.serving != nil {
            notice.phase = isReloading ? .reloading : .ready
        }
        if isBusy != wasBusy { nextExtension = nil }
        notice.status = ServiceStatus.text(facts, ignoring: earlier)
        serving = Self.workers(of: facts)
    }

    mutating func didProgress(_ worker: WorkerID, at now: Instant) {
        pulse.didProgress(worker, at: now)
    }

    /// The loop has come round. A sign of life is given only if the serving generation's loops
    /// did so as well; without a serving generation the supervisor is busy with its replacement.
    mutating func didTurn(at now: Instant) {
        let isBeating = pulse.isBeating(serving, at: now)
        if let beatPeriod, isBeating, nextBeat <= now {
            notice.beatCount += 1
            nextBeat = now + beatPeriod
        }
        guard isBusy else { return }
        guard let due = nextExtension else {
            nextExtension = now + Self.extensionPeriod
            return
        }
        if due <= now {
            notice.extensionCount += 1
            nextExtension = now + Self.extensionPeriod
        }
    }

    /// Starts and reloads have deadlines of their own (`process.ready_timeout`), so asking for
    /// more time ends. A stop has none but systemd's: TimeoutStopSec is the operator's word.
    private var isBusy: Bool { notice.phase == .starting || notice.phase == .reloading }

    private static func workers(of facts: Facts) -> [WorkerID] {
        guard let serving = facts.generations.first(where: { $0.generation == facts.serving })
        else { return [] }
        return serving.workers.filter { $0.exit == nil }.map {
            WorkerID(generation: serving.generation, index: $0.index)
        }
    }
}
