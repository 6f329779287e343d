// Balancing of one backend in one loop: smooth weighted round robin, which spreads a heavy server's
// turns evenly between those of the others instead of in a row. Pure; one thread.

/// Turns in proportion to weights. Within a sum of weights of picks each server gets its weight.
struct WeightedRoundRobin {
    private var weights: [Int]
    private var currents: [Int]
    private var total: Int
    /// All weights are the same: then it is plain rotation, without a look at every server.
    private var isUniform: Bool
    private var cursor = 0

    /// - Parameter offset: turns to be passed over, so that loops do not begin with one server.
    init(weights: [Int], offset: Int) {
        self.weights = weights
        currents = Array(repeating: 0, count: weights.count)
        total = weights.reduce(0, +)
        isUniform = !weights.isEmpty && weights.allSatisfy { $0 > 0 && $0 == weights.first }
        guard total > 0 else { return }
        if isUniform {
            cursor = offset % weights.count
        } else {
            // Later turns repeat after a cycle of `total`; a few are enough to set loops apart.
            for _ in 0..<(offset % min(total, 1024)) { _ = next(avoiding: nil) }
        }
    }

    /// Other weights for the same servers. Whose turn is next stays as far as it can.
    mutating func change(weights: [Int]) {
        precondition(weights.count == self.weights.count, "the servers of a backend are constant")
        self.weights = weights
        total = weights.reduce(0, +)
        isUniform = !weights.isEmpty && weights.allSatisfy { $0 > 0 && $0 == weights.first }
        for place in weights.indices {
            currents[place] = isUniform ? 0 : min(max(currents[place], -total), total)
        }
    }

    /// Place of the server whose turn it is; nil if none has a weight. `avoiding` a server that has
    /// just failed works as long as there is another.
    @inline(__always)
    mutating func next(avoiding avoided: Int?) -> Int? {
        if isUniform {
            var pick = advance()
            if pick == avoided { pick = advance() }
            return pick
        }
        return smoothNext(avoiding: avoided)
    }

    @inline(__always)
    private mutating func advance() -> Int {
        let pick = cursor
        cursor = pick + 1 == weights.count ? 0 : pick + 1
        return pick
    }

    private mutating func smoothNext(avoiding avoided: Int?) -> Int? {
        var best: Int?
        for index in weights.indices where weights[index] > 0 {
            currents[index] += weights[index]
            if index == avoided { continue }
            if let leader = best, currents[index] <= currents[leader] { continue }
            best = index
        }
        // Only the avoided one has a weight.
        if best == nil, let avoided, weights[avoided] > 0 { best = avoided }
        guard let best else { return nil }
        currents[best] -= total
        return best
    }
}
