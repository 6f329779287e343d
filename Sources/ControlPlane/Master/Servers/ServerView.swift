// Servers of the generation that serves, as the API and the log show them: what the configuration
// says, what an operator said, what checks and exchanges have found. Pure values; every number but
// the configuration's comes from workers and may be any.

public import Clock
internal import Model
public import SharedState

/// A backend with its servers.
public struct BackendView: Sendable, Equatable {
    public var name: String
    /// `http` or `tcp`.
    public var mode: String
    public var balance: String
    /// In order of their names.
    public var servers: [ServerView]

    public init(name: String, mode: String, balance: String, servers: [ServerView]) {
        self.name = name
        self.mode = mode
        self.balance = balance
        self.servers = servers
    }
}

/// One server at one moment.
public struct ServerView: Sendable, Equatable {
    /// In one word, whether it takes traffic, and why not.
    public enum OperationalState: String, Sendable, CaseIterable {
        /// Its name was not found yet: there is nowhere to send anything.
        case unresolved = "UNRESOLVED"
        /// It is not checked: it takes traffic.
        case noCheck = "NO_CHECK"
        /// Its first check has not ended.
        case unchecked = "UNCHECKED"
        case up = "UP"
        case goingDown = "GOING_DOWN"
        case down = "DOWN"
        case goingUp = "GOING_UP"
        /// Well by its checks, if it has any, but out for a while because exchanges failed.
        case ejected = "EJECTED"
    }

    /// Of a server that is checked.
    public struct Check: Sendable, Equatable {
        public var health = ServerHealthState.unchecked
        public var finding = ServerCheckFinding(.none)
        /// Nil: there was none yet.
        public var lastAt: WallTime?
        public var lastMicroseconds: UInt64 = 0
        /// Since when it is up or down.
        public var changedAt: WallTime?

        public init() {}
    }

    /// Since the name came to be known.
    public struct Counts: Sendable, Equatable {
        public var checksPassed: UInt64 = 0
        public var checksFailed: UInt64 = 0
        public var checkMicroseconds: UInt64 = 0
        public var timesDown: UInt64 = 0
        public var ejections: UInt64 = 0

        public init() {}
    }

    public var backend: String
    public var name: String
    /// Where it is now, `10.0.0.11:8080`; nil: nobody knows.
    public var address: String?
    /// As the configuration has it: the same, or `app.internal:8080`.
    public var configuredAddress: String
    public var addressOverride: String?
    /// Nil: it has no name.
    public var resolution: NameView?
    public var adminState = ServerAdminState.ready
    public var configuredWeight: Int
    public var weightOverride: Int?
    /// Nil: it has no limit.
    public var configuredLimit: Int?
    public var limitOverride: Int?
    /// Nil: it is not checked.
    public var check: Check?
    /// A server that was not checked yet takes no traffic.
    public var startsDown = false
    /// Of an ejection that lasts.
    public var ejectedForMilliseconds: Int64?
    public var counts = Counts()

    public init(backend: String, name: String, address: String, configuredWeight: Int) {
        self.backend = backend
        self.name = name
        self.address = address
        configuredAddress = address
        self.configuredWeight = configuredWeight
    }

    public var operationalState: OperationalState {
        if address == nil { return .unresolved }
        let state: OperationalState =
            switch check?.health {
            case nil: .noCheck
            case .unchecked: .unchecked
            case .up: .up
            case .goingDown: .goingDown
            case .down: .down
            case .goingUp: .goingUp
            }
        return isHealthy && ejectedForMilliseconds != nil ? .ejected : state
    }

    /// By its checks.
    private var isHealthy: Bool {
        guard let check else { return true }
        return check.health == .unchecked ? !startsDown : check.health.takesTraffic
    }

    /// By its checks and its exchanges; what the operator wants is not asked.
    public var isUp: Bool { address != nil && isHealthy && ejectedForMilliseconds == nil }

    /// Exchanges at once; nil: no limit.
    public var effectiveLimit: Int? { limitOverride ?? configuredLimit }

    /// What the balancing goes by.
    public var effectiveWeight: Int {
        isUp && adminState == .ready ? weightOverride ?? configuredWeight : 0
    }
}

extension ServerView {
    /// - Parameters:
    ///   - record: nil where the shared memory had no room for the server.
    ///   - now: for what ends at a time.
    init(_ server: Server, of backend: Backend, record: ServerRecord?, now: Instant) {
        self.init(
            backend: backend.name, name: server.name, address: server.address.description,
            configuredWeight: server.weight)
        configuredLimit = server.maxConnections
        adminState = server.configuredState
        guard let record else { return }
        adminState = record.adminStateOverride ?? server.configuredState
        weightOverride = record.weightOverride
        limitOverride = record.maxConnectionsOverride
        counts.checksPassed = record[.checksPassed]
        counts.checksFailed = record[.checksFailed]
        counts.checkMicroseconds = record[.checkMicroseconds]
        counts.timesDown = record[.timesDown]
        counts.ejections = record[.ejections]
        if let settings = backend.check, server.check.isEnabled {
            startsDown = settings.initialState == .down
            var check = Check()
            check.health = record.healthState
            check.finding = ServerCheckFinding(word: record[.lastCheckResult])
            check.lastAt = Self.time(record[.lastCheckAt])
            check.lastMicroseconds = record[.lastCheckMicroseconds]
            check.changedAt = Self.time(record[.healthChangedAt])
            self.check = check
        }
        if let ejection = backend.ejection {
            let milliseconds = Int64(clamping: now.nanoseconds / 1_000_000)
            let left = Int64(clamping: record[.ejectedUntil]).subtractingReportingOverflow(
                milliseconds)
            let most = max(ejection.baseTime, ejection.maxTime).wholeMilliseconds
            if !left.overflow, (1...max(1, most)).contains(left.partialValue) {
                ejectedForMilliseconds = left.partialValue
            }
        }
    }

    /// A worker's word for a moment: nothing beyond a year from the epoch's first 10,000 is one.
    private static func time(_ milliseconds: UInt64) -> WallTime? {
        guard (1...253_402_300_799_000).contains(milliseconds) else { return nil }
        return WallTime(milliseconds: Int64(milliseconds))
    }
}
