// What a queue knows of one server: whom it takes, and how many at once.

internal import Clock
internal import Model
internal import SharedState

struct QueuedServer {
    let number: Int
    let record: ServerRecord?
    let length: QueueLength?
    let rules: ServerRules
    let configuredLimit: Int
    let isBackup: Bool
    /// Milliseconds.
    let slowStart: Int64
    private(set) var permits: ServerPermits?
    /// 0: none.
    private(set) var limit = 0
    private(set) var standing = ServerStanding(weight: 100)
    /// Who waits for any server may be sent here.
    var takesNew = true
    private var rampPercent = 100
    var takesPersistent: Bool { standing.takesPersistent }
    /// Our bit is set: other workers know that somebody here waits.
    var isAnnounced = false
    /// The slot of the worker that was served last, for rotation.
    var lastServed = 0

    init(
        number: Int, record: ServerRecord?, length: QueueLength?, configured: Server,
        rules: ServerRules
    ) {
        self.number = number
        self.record = record
        self.length = length
        self.rules = rules
        configuredLimit = configured.maxConnections ?? 0
        isBackup = configured.isBackup
        slowStart = configured.slowStart.wholeMilliseconds
    }

    func take(_ holder: PermitHolder, hint: Int) -> Int? {
        permits?.take(holder, below: limit, hint: hint)
    }

    /// Whether whoever has this permit may hand it on.
    func isOpen(_ permit: Int) -> Bool { permits?.isOpen(permit, below: limit) ?? false }

    mutating func readStanding(now: Int64, wall: Int64) {
        standing = ServerStanding(record, rules, now: now)
        rampPercent = standing.rampPercent(over: slowStart, wall: wall)
    }

    /// There may be more permits than before, and another limit.
    mutating func readPermits(in region: SharedRegion) {
        guard let record else { return }
        let found = ServerPermits(region, record)
        // Never fewer, whatever somebody wrote there: those that are held must be known.
        if let permits, found.count < permits.count { return }
        permits = found
        limit = ServerLimit.inForce(
            configured: configuredLimit, record, found, rampPercent: rampPercent)
    }
}

enum ServerLimit {
    /// How many exchanges a server may have at once; 0: no limit. An operator's word goes before
    /// the configuration's; who starts slowly has a part of it, at least one.
    ///
    /// - Parameter rampPercent: 10…100.
    static func inForce(
        configured: Int, _ record: ServerRecord, _ permits: ServerPermits, rampPercent: Int
    ) -> Int {
        let limit = min(record.maxConnectionsOverride ?? configured, permits.count)
        return (limit * rampPercent + 99) / 100
    }
}
