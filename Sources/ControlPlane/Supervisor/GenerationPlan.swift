/// What the supervisor must know of a valid revision to start and retire a generation of it.
public struct GenerationPlan: Sendable, Equatable {
    public var revision: Int
    /// Lower-case hexadecimal digest of the revision's text.
    public var sha256: String
    /// 1…64.
    public var workers: Int
    /// 0…1000; nil is unlimited.
    public var maxReloads: Int?
    public var readyTimeout: Duration
    public var switchTimeout: Duration
    public var killAfter: Duration
    public var hardStopAfter: Duration
    public var probation: Duration

    public init(
        revision: Int, sha256: String, workers: Int = 1, maxReloads: Int? = 50,
        readyTimeout: Duration = .seconds(30), switchTimeout: Duration = .seconds(5),
        killAfter: Duration = .seconds(10), hardStopAfter: Duration = .seconds(3600),
        probation: Duration = .seconds(5)
    ) {
        self.revision = revision
        self.sha256 = sha256
        self.workers = workers
        self.maxReloads = maxReloads
        self.readyTimeout = readyTimeout
        self.switchTimeout = switchTimeout
        self.killAfter = killAfter
        self.hardStopAfter = hardStopAfter
        self.probation = probation
    }
}
