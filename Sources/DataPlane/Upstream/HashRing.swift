// Consistent hashing: servers stand at many points of a circle, a key belongs to the next point. A
// server that goes takes only its own keys with it, and they spread over all others (Karger et al.,
// 1997); with a bound on the load a key moves on while its server is overloaded (Mirrokni et al.,
// 2017). The circle is of the configured weights: a server that is out for a while is passed over
// and gets its keys back. Pure, immutable.

/// The points of all servers of a backend. How many a server has follows from its own weight alone:
/// whatever changes of one server moves keys to it or from it, and no others.
struct HashRing {
    /// Of a server of weight 100; a server of weight 1 has a hundredth.
    private static var pointsOfHundred: Int { 400 }
    /// Of all servers, should each have the greatest weight: 8 MB. Where there are so many servers that
    /// it would be more, all have fewer.
    private static var pointsMax: Int { 1 << 20 }
    private static var weightMax: Int { 256 }
    private static var ownerBits: UInt64 { 16 }
    private static var ownerMask: UInt64 { (1 << ownerBits) - 1 }

    /// Ascending: the upper 48 bits of a point's hash, and its server below.
    private var points: [UInt64] = []
    let serverCount: Int

    /// - Parameters:
    ///   - names: what servers are known by, 65,536 of them have points; these do not depend on
    ///     their places.
    ///   - weights: as many, 0…256. 0 has no point.
    init(names: [Bytes], weights: [Int]) {
        precondition(names.count == weights.count, "a weight for each name")
        serverCount = names.count
        let ofHundred = Self.pointsOfHundred(serverCount: names.count)
        for (place, name) in names.enumerated() where weights[place] > 0 && place <= Self.ownerMask
        {
            let seed = KeyHash.hash(name, seed: 0)
            for number in 0..<max(1, ofHundred * weights[place] / 100) {
                let hash = KeyHash.mix(seed &+ UInt64(number) &* 0x9E37_79B9_7F4A_7C15)
                points.append(hash & ~Self.ownerMask | UInt64(place))
            }
        }
        points.sort()
    }

    static func pointsOfHundred(serverCount: Int) -> Int {
        min(pointsOfHundred, pointsMax * 100 / weightMax / max(1, serverCount))
    }

    /// The first server from the key's place on that `isTaken` takes; nil if none does. Each server
    /// is asked a bounded number of times.
    @inline(__always)
    func pick(_ key: UInt64, where isTaken: (Int) -> Bool) -> Int? {
        guard !points.isEmpty else { return nil }
        var place = firstPoint(atOrAfter: key & ~Self.ownerMask)
        var last = UInt64.max
        for _ in points.indices {
            let owner = points[place] & Self.ownerMask
            if owner != last, isTaken(Int(owner)) { return Int(owner) }
            last = owner
            place = place + 1 == points.count ? 0 : place + 1
        }
        return nil
    }

    private func firstPoint(atOrAfter key: UInt64) -> Int {
        var low = 0
        var high = points.count
        while low < high {
            let middle = (low + high) / 2
            if points[middle] < key { low = middle + 1 } else { high = middle }
        }
        return low == points.count ? 0 : low
    }
}
