// Where the buckets of one table are, in an area of the shared memory that several tables divide
// among them.

/// Where the cells of one limit or one table of clients are. The master says where they begin; how
/// many there are follows from the configuration.
public struct TablePlacement: Sendable, Equatable {
    /// The first bucket, of eight cells each.
    public var firstBucket: Int
    /// A power of two.
    public var bucketCount: Int

    public init(firstBucket: Int, bucketCount: Int) {
        self.firstBucket = firstBucket
        self.bucketCount = bucketCount
    }

    /// Buckets with at least so many cells, at most `countMax`: a power of two.
    static func bucketCount(cells: Int, atMost countMax: Int) -> Int {
        var count = 1
        while count * cellsPerBucket < cells, count < countMax { count *= 2 }
        return count
    }

    static let cellsPerBucket = 8
}
