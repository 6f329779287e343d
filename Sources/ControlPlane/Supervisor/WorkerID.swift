/// One worker: its generation and its place in it. Never reused, unlike a pid.
public struct WorkerID: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// 1…
    public var generation: Int
    /// 0…<`GenerationPlan.workers`.
    public var index: Int

    public init(generation: Int, index: Int) {
        self.generation = generation
        self.index = index
    }

    public var description: String { "\(generation).\(index)" }

    public static func < (left: WorkerID, right: WorkerID) -> Bool {
        (left.generation, left.index) < (right.generation, right.index)
    }
}

/// How a worker ended: exactly one of the two is set.
public struct WorkerExit: Sendable, Equatable {
    /// 0…255.
    public var code: Int32?
    /// 1…64.
    public var signal: Int32?

    public init(code: Int32? = nil, signal: Int32? = nil) {
        self.code = code
        self.signal = signal
    }
}
