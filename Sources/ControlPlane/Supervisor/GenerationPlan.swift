/// What the supervisor must know of a valid revision to start and retire a generation of it.
public struct GenerationPlan: Sendable, Equatable {
    public var revision: Int
    /// Lower-case hexadecimal digest of the revision's text.
    public var sha256: String
    /// Digest of the values that the text takes from elsewhere; empty if it takes none.
    public var contentSHA256: String
    /// 1…64.
    public var workers: Int
    /// 0…1000; nil is unlimited.
    public var maxReloads: Int?
    public var readyTimeout: Duration
    public var switchTimeout: Duration
    public var killAfter: Duration
    public var hardStopAfter: Duration
    public var probation: Duration
    /// Between reloads by the API, on average: `process.reload_rate`.
    public var reloadInterval: Duration

    public init(
        revision: Int, sha256: String, contentSHA256: String = "", workers: Int = 1,
        maxReloads: Int? = 50,
        readyTimeout: Duration = .seconds(30), switchTimeout: Duration = .seconds(5),
        killAfter: Duration = .seconds(10), hardStopAfter: Duration = .seconds(3600),
        probation: Duration = .seconds(5), reloadInterval: Duration = .milliseconds(500)
    ) {
        self.revision = revision
        self.sha256 = sha256
        self.contentSHA256 = contentSHA256
        self.workers = workers
        self.maxReloads = maxReloads
        self.readyTimeout = readyTimeout
        self.switchTimeout = switchTimeout
        self.killAfter = killAfter
        self.hardStopAfter = hardStopAfter
        self.probation = probation
        self.reloadInterval = reloadInterval
    }

    /// Whether a generation of `other` would run what one of this runs.
    func isSameConfiguration(as other: GenerationPlan) -> Bool {
        sha256 == other.sha256 && contentSHA256 == other.contentSHA256
    }
}
