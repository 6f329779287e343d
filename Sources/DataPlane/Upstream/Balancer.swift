// Which server an exchange goes to. Pure: what is known of the servers comes through `BalanceView`,
// chance comes from the caller. One for each backend in each loop. Hot.

internal import Model

/// What a policy may ask about the servers, by their places.
protocol BalanceView {
    /// May get an exchange: up, not full, not out by an operator.
    func isOpen(_ place: Int) -> Bool
    /// Exchanges assigned to it now, over all loops.
    func exchanges(_ place: Int) -> Int
    func latency(_ place: Int) -> LatencyPeak
    /// What failures add to its cost.
    func penalty(_ place: Int) -> ServerPenalty
}

struct Balancer {
    /// Draws before all servers are looked at one by one.
    private static var drawsMax: Int { 4 }
    /// For another one than the first.
    private static var otherDrawsMax: Int { 8 }
    /// Servers that are asked what is usual.
    private static var usualServersMax: Int { 16 }
    /// Microseconds, where nobody knows.
    private static var assumedLatency: Double { 1_000 }

    let kind: BalancePolicy.Kind
    private let boundPercent: Int?
    private var turns: WeightedRoundRobin
    /// Effective weights; those out of traffic have 0.
    private(set) var weights: [Int]
    /// Sums of `weights` up to each place, for drawing.
    private var sums: [Int] = []
    private var ring: HashRing?
    private var ringWeights: [Int] = []
    private let names: [Bytes]

    /// - Parameters:
    ///   - names: of the servers, as bytes of the configuration.
    ///   - weights: as many, 0…256.
    ///   - offset: turns to be passed over, so that loops do not begin with one server.
    init(_ policy: BalancePolicy, names: [Bytes], weights: [Int], offset: Int) {
        kind = policy.kind
        boundPercent = policy.boundPercent
        self.names = names
        self.weights = weights
        turns = WeightedRoundRobin(weights: weights, offset: offset)
        if kind == .hash { makeRing(weights) }
        sums = Self.sums(weights)
    }

    /// Servers came, went or weigh something else.
    /// - Parameter ringWeights: by configuration or operator, whether a server is out or not.
    mutating func change(weights: [Int], ringWeights: [Int]) {
        if weights != self.weights {
            self.weights = weights
            turns.change(weights: weights)
            sums = Self.sums(weights)
        }
        if kind == .hash, ringWeights != self.ringWeights { makeRing(ringWeights) }
    }

    /// The place of the server; nil if none may be used. `avoiding` one that has just failed works
    /// as long as there is another.
    @inline(__always)
    mutating func pick<View: BalanceView>(
        _ view: View, avoiding avoided: Int?, key: UInt64, now: Int64,
        random: inout SmallRandom
    ) -> Int? {
        guard let total = sums.last, total > 0 else { return nil }
        let pick: Int?
        switch kind {
        case .roundRobin: pick = nextTurn(view, avoided)
        case .leastConnections: pick = least(view, avoided)
        case .random:
            pick = draw(view, avoided, total, &random) { relativeExchanges($0, $1) }
        case .peakEWMA: pick = drawByLatency(view, avoided, total, now, &random)
        case .first: pick = first(view, avoided)
        case .hash: pick = hashed(view, avoided, key)
        }
        if pick == nil, let avoided, weights[avoided] > 0, view.isOpen(avoided) { return avoided }
        return pick
    }

    private mutating func makeRing(_ weights: [Int]) {
        ringWeights = weights
        ring = HashRing(names: names, weights: weights)
    }

    private static func sums(_ weights: [Int]) -> [Int] {
        var sum = 0
        return weights.map { weight in
            sum += max(0, weight)
            return sum
        }
    }

    /// A closed server loses its turn.
    private mutating func nextTurn<View: BalanceView>(
        _ view: View, _ avoided: Int?
    ) -> Int? {
        for _ in weights.indices {
            guard let place = turns.next(avoiding: avoided) else { return nil }
            if place != avoided, view.isOpen(place) { return place }
        }
        return usable(view, avoided)
    }

    /// Any open one: turns of heavy servers may hide a light one for more picks than there are.
    private func usable<View: BalanceView>(
        _ view: View, _ avoided: Int?
    ) -> Int? {
        weights.indices.first { $0 != avoided && weights[$0] > 0 && view.isOpen($0) }
    }

    /// The lowest load for the weight; ties go in turn, so that idle servers share.
    private mutating func least<View: BalanceView>(
        _ view: View, _ avoided: Int?
    ) -> Int? {
        let start = turns.next(avoiding: avoided) ?? 0
        var best: Int?
        var bestLoad = 0
        var place = start
        for _ in weights.indices {
            if place != avoided, weights[place] > 0, view.isOpen(place) {
                let load = view.exchanges(place) + 1
                if let leader = best, load * weights[leader] >= bestLoad * weights[place] {
                } else {
                    best = place
                    bestLoad = load
                }
            }
            place = place + 1 == weights.count ? 0 : place + 1
        }
        return best
    }

    private func first<View: BalanceView>(
        _ view: View, _ avoided: Int?
    ) -> Int? {
        usable(view, avoided)
    }

    /// Two by weight, and of these the one that is better off (Mitzenmacher, 2001); with nothing
    /// between them the first, so that idle servers are picked by weight. One that is drawn twice has
    /// its turn, as its weight wants, unless another one is far better off: else a slow one of ten
    /// would have a hundredth of all requests, and of two a quarter.
    @inline(__always)
    private func draw<View: BalanceView>(
        _ view: View, _ avoided: Int?, _ total: Int, _ random: inout SmallRandom,
        _ cost: (View, Int) -> Double
    ) -> Int? {
        guard let one = drawOne(view, avoided, total, &random) else { return nil }
        guard weights.count > 1 else { return one }
        var advantage = 1.0
        for _ in 0..<Self.otherDrawsMax {
            guard let other = drawOne(view, avoided, total, &random) else { break }
            if other != one {
                return cost(view, other) * advantage < cost(view, one) ? other : one
            }
            advantage = 2
        }
        return one
    }

    /// What a server of the usual weight would have to do.
    @inline(__always)
    private func relativeExchanges<View: BalanceView>(_ view: View, _ place: Int) -> Double {
        Double(view.exchanges(place)) * 100 / Double(weights[place])
    }

    private func drawByLatency<View: BalanceView>(
        _ view: View, _ avoided: Int?, _ total: Int, _ now: Int64, _ random: inout SmallRandom
    ) -> Int? {
        draw(view, avoided, total, &random) { view, place in
            let latency = view.latency(place)
            let expected =
                latency.isUnknown
                ? usualLatency(view, besides: place, now: now) ?? Self.assumedLatency
                : latency.microseconds(at: now)
            return expected * (relativeExchanges(view, place) + 1)
                * view.penalty(place).factor(at: now)
        }
    }

    /// In microseconds, of some of the other servers that are in traffic; nil: none of them is known.
    /// The harmonic mean, so that a slow one among them does not make the others look slow.
    func usualLatency<View: BalanceView>(
        _ view: View, besides place: Int, now: Int64
    ) -> Double? {
        var rates = 0.0
        var count = 0
        var other = place
        for _ in 0..<min(Self.usualServersMax, weights.count - 1) {
            other = other + 1 == weights.count ? 0 : other + 1
            guard weights[other] > 0, view.isOpen(other) else { continue }
            let latency = view.latency(other)
            guard !latency.isUnknown else { continue }
            rates += 1 / max(1, latency.microseconds(at: now))
            count += 1
        }
        return count == 0 ? nil : Double(count) / rates
    }

    private func drawOne<View: BalanceView>(
        _ view: View, _ avoided: Int?, _ total: Int, _ random: inout SmallRandom
    ) -> Int? {
        for _ in 0..<Self.drawsMax {
            let place = owner(of: Int(random.next(below: Int64(total))))
            if place != avoided, view.isOpen(place) { return place }
        }
        // Most are closed: all open ones, from a place by chance on.
        let start = Int(random.next(below: Int64(weights.count)))
        for step in weights.indices {
            let place = (start + step) % weights.count
            if place != avoided, weights[place] > 0, view.isOpen(place) { return place }
        }
        return nil
    }

    /// The place whose share of the sum a number falls into.
    private func owner(of number: Int) -> Int {
        var low = 0
        var high = sums.count - 1
        while low < high {
            let middle = (low + high) / 2
            if sums[middle] <= number { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private func hashed<View: BalanceView>(
        _ view: View, _ avoided: Int?, _ key: UInt64
    ) -> Int? {
        guard let ring else { return nil }
        guard let boundPercent else {
            return ring.pick(key) { $0 != avoided && weights[$0] > 0 && view.isOpen($0) }
        }
        var all = 1
        for place in weights.indices where weights[place] > 0 { all += view.exchanges(place) }
        let total = max(1, sums.last ?? 1)
        let found = ring.pick(key) { place in
            guard place != avoided, weights[place] > 0, view.isOpen(place) else { return false }
            // exchanges + 1 <= bound × share of the weight, rounded up.
            let limit = (all * weights[place] * boundPercent + total * 100 - 1) / (total * 100)
            return view.exchanges(place) < limit
        }
        return found ?? ring.pick(key) { $0 != avoided && weights[$0] > 0 && view.isOpen($0) }
    }
}
