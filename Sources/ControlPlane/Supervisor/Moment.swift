public import Clock

/// The time of one event, taken once by the master: the supervisor itself reads no clock.
public struct Moment: Sendable, Equatable {
    /// Decides: deadlines, ages.
    public var instant: Instant
    /// Is shown: `created_at` and the like.
    public var wall: WallTime

    public init(instant: Instant, wall: WallTime) {
        self.instant = instant
        self.wall = wall
    }
}
