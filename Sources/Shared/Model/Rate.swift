/// How often something may happen: `2/s`, `100/m`.
public struct Rate: Codable, Sendable, Equatable {
    /// At least 1.
    public var count: Int
    /// In which that many may happen; above zero.
    public var period: Duration

    public init(count: Int, period: Duration) {
        self.count = max(count, 1)
        self.period = period
    }

    /// From one to the next, where they come evenly.
    public var interval: Duration { period / count }
}
