// What master and workers share of one server: what an operator said of it at run time, what its
// health checks found, what is in use of it. It belongs to the name `backend/server` and outlives
// every worker, so a new generation begins with what is known. Words are atomic, one by one; each
// has one kind of writer, named below. Nobody uses a word as an index or a size unchecked.

internal import CLinux

/// A word of a server record. The raw value is a place in shared memory: append, never reorder, and
/// change `RegionLayout.version` when a place gets another meaning.
@frozen
public enum ServerWord: Int, CaseIterable, Sendable {
    // Written by the master, when an operator says so (or a configuration takes it back).
    /// 0: what the configuration says; else `ServerAdminState`, of which `ready` is written as 3.
    case adminState = 0
    /// 0: the configured weight; else the weight plus one.
    case weightOverride = 1
    /// 0: the configured limit; else the limit plus one.
    case maxConnectionsOverride = 2
    /// Sessions that were assigned before this number was raised are to end.
    case epoch = 3
    /// Why, for the log: `SessionEndReason`.
    case epochReason = 4
    /// Generations with a lower number use it no more: the configuration that came after theirs does
    /// not have it.
    case retiredBefore = 5

    // Written by whoever checks: one loop of one worker of the serving generation.
    /// `ServerHealthState` in the lowest byte, successes or failures in a row in the next.
    case health = 8
    /// Wall clock, milliseconds since 1970; 0: never.
    case healthChangedAt = 9
    case lastCheckAt = 10
    case lastCheckMicroseconds = 11
    /// What the last check found: `ServerCheckResult` in the lowest byte, the status of an answer
    /// from bit 16.
    case lastCheckResult = 12
    /// When it last came back to take traffic, wall milliseconds: slow start counts from here. Also
    /// written by the first loop that sees it come back from maintenance.
    case cameUpAt = 13
    /// Of what is asked and where; 0: nothing.
    case checkDefinition = 14
    /// `lastCheckAt` of the last check that came to an end: another value there is a check that is under
    /// way, or whose worker has let go of it.
    case lastVerdictOf = 15

    // Written by any worker that sees exchanges fail.
    /// Taken out for a while until this moment, milliseconds of CLOCK_MONOTONIC, which all processes
    /// of a machine share and nobody sets; 0: not.
    case ejectedUntil = 16
    /// How often, ever.
    case ejections = 17
    /// Exchanges that failed in a row, over all loops.
    case failuresInRow = 18
    /// Ejections in a row: the next is longer.
    case ejectionsInRow = 19

    // Counts of whoever checks.
    case checksPassed = 20
    case checksFailed = 21
    /// Of all checks that ended, together.
    case checkMicroseconds = 22
    /// How often it went down.
    case timesDown = 23
}

/// What an operator wants of a server.
@frozen
public enum ServerAdminState: UInt8, CaseIterable, Sendable {
    case ready = 0
    /// Only what belongs to it by persistence.
    case drain = 1
    /// Nothing; idle connections are closed.
    case maintenance = 2

    /// As `ServerWord.adminState` has it: 0 is nobody's wish.
    public var word: UInt64 { self == .ready ? 3 : UInt64(rawValue) }

    /// READY, DRAIN or MAINT: the word of the API.
    public var apiName: String {
        switch self {
        case .ready: "READY"
        case .drain: "DRAIN"
        case .maintenance: "MAINT"
        }
    }
}

/// Why the sessions of a server are to end (`ServerWord.epochReason`).
@frozen
public enum SessionEndReason: UInt8, CaseIterable, Sendable {
    case unknown = 0
    /// Its health checks fail, and the configuration says so.
    case markedDown = 1
    /// It is a backup, and a server that is none came up.
    case backupOver = 2
    /// The configuration does not have it any more, and the one that had it says so.
    case removed = 3
}

/// What health checks say of a server.
@frozen
public enum ServerHealthState: UInt8, CaseIterable, Sendable {
    /// Not checked, or not yet: takes traffic.
    case unchecked = 0
    case up = 1
    /// Fails, but not often enough in a row: takes traffic.
    case goingDown = 2
    case down = 3
    /// Succeeds again, but not often enough in a row: takes no traffic.
    case goingUp = 4

    public var takesTraffic: Bool {
        switch self {
        case .unchecked, .up, .goingDown: true
        case .down, .goingUp: false
        }
    }
}

/// A handle on one record. Copied freely, any thread.
@safe
public struct ServerRecord: @unchecked Sendable {
    // SAFETY: Sendable, because the region stays mapped for ever and all words are atomic; `init`
    // checked that all 64 of them are within it.
    let words: UnsafeMutablePointer<UInt64>
    private let changes: ServerChanges

    /// How many words there are; not all have a name yet.
    static let wordCount = RegionLayout.serverRecordBytes / RegionLayout.wordBytes

    /// Nil if there can be no such record; 0 is the number of those for which there was no room.
    public init?(_ region: SharedRegion, number: Int) {
        guard let offset = RegionLayout.serverOffset(number) else { return nil }
        unsafe words = region.word(offset)
        changes = ServerChanges(region)
    }

    /// Whatever somebody wrote: any number.
    public subscript(_ word: ServerWord) -> UInt64 {
        // SAFETY: every case is below `wordCount`.
        unsafe clinux_load_acquire(words + word.rawValue)
    }

    /// Stores, and lets every loop look at its servers again.
    public func set(_ word: ServerWord, _ value: UInt64) {
        // SAFETY: every case is below `wordCount`.
        unsafe clinux_store_release(words + word.rawValue, value)
        changes.bump()
    }

    /// Stores what is only shown, so nobody has to look.
    public func note(_ word: ServerWord, _ value: UInt64) {
        // SAFETY: every case is below `wordCount`.
        unsafe clinux_store_release(words + word.rawValue, value)
    }

    /// Stores, and returns what was there; in one order with everybody's exchanges and
    /// `readInOrder`. Nobody is told.
    public func exchange(_ word: ServerWord, _ value: UInt64) -> UInt64 {
        // SAFETY: every case is below `wordCount`.
        unsafe clinux_exchange(words + word.rawValue, value)
    }

    /// Reads in one order with everybody's exchanges.
    public func readInOrder(_ word: ServerWord) -> UInt64 {
        // SAFETY: every case is below `wordCount`.
        unsafe clinux_load_ordered(words + word.rawValue)
    }

    /// Adds to what is only counted; returns the new value.
    @discardableResult
    public func count(_ word: ServerWord, _ amount: UInt64 = 1) -> UInt64 {
        // SAFETY: every case is below `wordCount`.
        unsafe clinux_fetch_add_release(words + word.rawValue, amount) &+ amount
    }

    /// Lets every loop look again, after several words were noted.
    public func announce() { changes.bump() }

    /// Adds one, and lets every loop look; returns the new value.
    @discardableResult
    public func advance(_ word: ServerWord) -> UInt64 {
        // SAFETY: every case is below `wordCount`.
        let value = unsafe clinux_fetch_add_release(words + word.rawValue, 1) &+ 1
        changes.bump()
        return value
    }

    /// All words at zero, for a new name. The master's, when nobody uses the record.
    public func clear() {
        // SAFETY: all words are within the record.
        for index in 0..<Self.wordCount { unsafe clinux_store(words + index, 0) }
    }

    /// Ends the sessions that the server has now, in all workers.
    public func endSessions(because reason: SessionEndReason) {
        note(.epochReason, UInt64(reason.rawValue))
        advance(.epoch)
    }

    /// The generations before this one let go of it: their sessions with it end, and none begins.
    public func retire(before generation: Int) {
        note(.retiredBefore, UInt64(max(0, generation)))
        endSessions(because: .removed)
    }

    /// Whether the generation is one of those. What cannot be a number of one retires nobody.
    public func isRetired(for generation: Int) -> Bool {
        generation < Int(exactly: self[.retiredBefore]) ?? 0
    }

    /// Out of range is `unknown`.
    public var epochReason: SessionEndReason {
        SessionEndReason(rawValue: UInt8(truncatingIfNeeded: self[.epochReason])) ?? .unknown
    }

    /// Nil: as configured. Out of range is `ready`.
    public var adminStateOverride: ServerAdminState? {
        let word = self[.adminState]
        if word == 0 { return nil }
        return ServerAdminState(rawValue: UInt8(truncatingIfNeeded: word)) ?? .ready
    }

    /// What an operator wants of a server that is ready by its configuration.
    public var adminState: ServerAdminState { adminStateOverride ?? .ready }

    /// Out of range is `unchecked`.
    public var healthState: ServerHealthState {
        ServerHealthState(rawValue: UInt8(truncatingIfNeeded: self[.health] & 0xFF)) ?? .unchecked
    }

    /// 0…256; nil: as configured.
    public var weightOverride: Int? {
        let value = self[.weightOverride]
        return (1...257).contains(value) ? Int(value) - 1 : nil
    }

    /// 0…10 000 000, 0 being no limit; nil: as configured.
    public var maxConnectionsOverride: Int? {
        let value = self[.maxConnectionsOverride]
        return (1...10_000_001).contains(value) ? Int(value) - 1 : nil
    }
}

/// One word for all servers: who sees it move looks at the records it knows. A loop looks at it once
/// a round, so it learns of a change within its longest wait even if nobody wakes it.
@safe
public struct ServerChanges: @unchecked Sendable {
    // SAFETY: as `ServerRecord`.
    private let word: UnsafeMutablePointer<UInt64>

    public init(_ region: SharedRegion) {
        unsafe word = region.word(
            RegionLayout.HeaderWord.serverChanges.rawValue * RegionLayout.wordBytes)
    }

    /// What it is now; only its movement means something.
    public var count: UInt64 {
        unsafe clinux_load_acquire(word)
    }

    func bump() {
        _ = unsafe clinux_fetch_add_release(word, 1)
    }
}
