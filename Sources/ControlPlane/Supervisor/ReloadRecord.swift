public import Clock

/// One reload operation as the API shows it.
public struct ReloadRecord: Sendable, Equatable {
    public enum Status: String, Sendable, CaseIterable {
        case queued = "QUEUED"
        case running = "RUNNING"
        case succeeded = "SUCCEEDED"
        case failed = "FAILED"
        case superseded = "SUPERSEDED"
        case cancelled = "CANCELLED"

        public var isTerminal: Bool { self != .queued && self != .running }
    }
    public enum Mode: String, Sendable, CaseIterable {
        case soft = "SOFT"
        case hard = "HARD"
    }
    public enum Source: String, Sendable, CaseIterable {
        case startup, api, signal
        /// The master itself: a crashed generation is replaced, a bad revision rolled back.
        case restart, rollback
    }
    public struct Trigger: Sendable, Equatable {
        public var source: Source
        /// `uid:0`, `signal:HUP`, `master`.
        public var principal: String
        public var reason: String?
        /// `Idempotency-Key` of the request.
        public var idempotencyKey: String?

        public init(
            source: Source, principal: String, reason: String? = nil,
            idempotencyKey: String? = nil
        ) {
            self.source = source
            self.principal = principal
            self.reason = reason
            self.idempotencyKey = idempotencyKey
        }
    }
    public enum StepName: String, Sendable, CaseIterable {
        case validate = "VALIDATE"
        case spawn = "SPAWN"
        case waitReady = "WAIT_READY"
        case switchListeners = "SWITCH"
        case retire = "RETIRE"
    }
    public struct Step: Sendable, Equatable {
        public var name: StepName
        public var status: Status
        public var startedAt: WallTime
        /// Nil while it runs.
        public var milliseconds: Int?

        public init(
            name: StepName, status: Status, startedAt: WallTime, milliseconds: Int? = nil
        ) {
            self.name = name
            self.status = status
            self.startedAt = startedAt
            self.milliseconds = milliseconds
        }
    }

    /// `rl_` and 16 characters, unique for the life of the state directory.
    public var id: String
    public var status: Status
    public var mode: Mode
    public var trigger: Trigger
    /// Nil until VALIDATE succeeded.
    public var revision: Int?
    public var fromGeneration: Int?
    public var toGeneration: Int?
    public var createdAt: WallTime
    public var finishedAt: WallTime?
    public var durationMilliseconds: Int?
    public var steps: [Step]
    /// SUCCEEDED without a new generation: the serving one runs this configuration already.
    public var isUnchanged: Bool
    /// Generations that got SIGTERM because of this reload.
    public var sigtermSentTo: [Int]
    /// Set with SUPERSEDED: the id of the reload that took its place.
    public var supersededBy: String?
    public var failure: ReloadFailure?
    /// Last lines of a failed generation's stderr.
    public var logTail: [String]

    /// A record known from elsewhere: the store, a test. The defaults are those of a new one.
    public init(
        id: String, status: Status = .queued, mode: Mode, trigger: Trigger, revision: Int? = nil,
        fromGeneration: Int? = nil, toGeneration: Int? = nil, createdAt: WallTime,
        finishedAt: WallTime? = nil, durationMilliseconds: Int? = nil, steps: [Step] = [],
        isUnchanged: Bool = false, sigtermSentTo: [Int] = [], supersededBy: String? = nil,
        failure: ReloadFailure? = nil,
        logTail: [String] = []
    ) {
        self.id = id
        self.status = status
        self.mode = mode
        self.trigger = trigger
        self.revision = revision
        self.fromGeneration = fromGeneration
        self.toGeneration = toGeneration
        self.createdAt = createdAt
        self.finishedAt = finishedAt
        self.durationMilliseconds = durationMilliseconds
        self.steps = steps
        self.isUnchanged = isUnchanged
        self.sigtermSentTo = sigtermSentTo
        self.supersededBy = supersededBy
        self.failure = failure
        self.logTail = logTail
    }
}

/// Why a reload failed: a stable code, words, and the place in the configuration if there is one.
public struct ReloadFailure: Error, Sendable, Equatable {
    /// From the problem catalogue: `config-invalid`, `file-missing`, `listener-bind-failed`,
    /// `spawn-failed`, `worker-exited-in-init`, `worker-refused`, `worker-protocol-error`,
    /// `ready-timeout`, `switch-failed`, `store-failed`, `cancelled`, `shutting-down`,
    /// `master-restarted`.
    public var code: String
    public var detail: String
    /// JSON pointer into the configuration.
    public var pointer: String?
    /// Every problem of an invalid configuration.
    public var problems: [Problem]

    public struct Problem: Sendable, Equatable {
        public var code: String
        public var severity: String
        public var file: String
        /// From 1.
        public var line: Int
        /// From 1.
        public var column: Int
        public var pointer: String
        public var message: String
        public var suggestion: String?
        public var owner: String?

        public init(
            code: String, severity: String, file: String, line: Int, column: Int,
            pointer: String, message: String, suggestion: String? = nil, owner: String? = nil
        ) {
            self.code = code
            self.severity = severity
            self.file = file
            self.line = line
            self.column = column
            self.pointer = pointer
            self.message = message
            self.suggestion = suggestion
            self.owner = owner
        }
    }

    public init(
        code: String, detail: String, pointer: String? = nil, problems: [Problem] = []
    ) {
        self.code = code
        self.detail = detail
        self.pointer = pointer
        self.problems = problems
    }
}
