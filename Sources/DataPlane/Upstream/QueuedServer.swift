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
    private var serverLimit = ServerLimit()
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
        serverLimit.take(holder, hint: hint)
    }

    var permits: ServerPermits? { serverLimit.permits }
    /// 0: none.
    var limit: Int { serverLimit.inForce }

    /// Whether whoever has this permit may hand it on.
    func isOpen(_ permit: Int) -> Bool { permits?.isOpen(permit, below: limit) ?? false }

    mutating func readStanding(now: Int64, wall: Int64) {
        standing = ServerStanding(record, rules, now: now, wall: wall)
        rampPercent = standing.rampPercent(over: slowStart, wall: wall)
    }

    mutating func readPermits(in region: SharedRegion) {
        serverLimit.read(
            record, configured: configuredLimit, rampPercent: rampPercent, in: region)
    }
}
