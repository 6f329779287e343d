// One thing that happened, as watchers of a master see it. Pure value, any thread.

public import Clock
public import JSON

/// An event of `GET /v1/events`.
public struct MasterEvent: Sendable, Equatable {
    /// The names are the contract.
    public enum Kind: String, Sendable, CaseIterable {
        case reloadQueued = "reload.queued"
        case reloadStarted = "reload.started"
        /// A step of it ended.
        case reloadStep = "reload.step"
        case reloadSucceeded = "reload.succeeded"
        case reloadFailed = "reload.failed"
        case reloadSuperseded = "reload.superseded"
        case reloadCancelled = "reload.cancelled"
        case generationInit = "generation.init"
        case generationReady = "generation.ready"
        case generationServing = "generation.serving"
        case generationLeaving = "generation.leaving"
        case generationSigterm = "generation.sigterm"
        case generationExited = "generation.exited"
        case generationCrashed = "generation.crashed"
        case configRevision = "config.revision"
        /// What the store had lost was found at the start.
        case stateDamaged = "state.damaged"
        /// A server came up, went down, or was taken out for a while.
        case serverHealth = "server.health"
        /// An operator changed something about a server.
        case serverChanged = "server.changed"
        /// What an operator wanted of a server gave way to a new configuration.
        case serverOverrideDropped = "server.override_dropped"
        /// A certificate of the admin API ends soon, or has ended.
        case certificateExpiring = "certificate.expiring"
    }

    /// Grows by one with each event of a master's life, and starts above those of earlier lives.
    public var sequence: UInt64
    public var kind: Kind
    public var at: WallTime
    /// What it is about, by the API's field names.
    public var details: JSONObject

    public init(sequence: UInt64, kind: Kind, at: WallTime, details: JSONObject) {
        self.sequence = sequence
        self.kind = kind
        self.at = at
        self.details = details
    }
}

/// What a reader who has seen the events up to some point has not seen yet.
public struct MasterEvents: Sendable, Equatable {
    /// Oldest first.
    public var events: [MasterEvent]
    /// Where to go on: the sequence of the last of `events`, or of the last one before them.
    public var position: UInt64
    /// Set when events between the reader's position and these are no longer kept, or its position
    /// is not of this master's life.
    public var hasGap: Bool

    public init(events: [MasterEvent], position: UInt64, hasGap: Bool) {
        self.events = events
        self.position = position
        self.hasGap = hasGap
    }
}
