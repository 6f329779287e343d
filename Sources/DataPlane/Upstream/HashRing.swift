// Consistent hashing: servers stand at many points of a circle, a key belongs to the next point. A
// server that goes takes only its own keys with it, and they spread over all others (Karger et al.,
// 1997); with a bound on the load a key moves on while its server is overloaded (Mirrokni et al.,
// 2017). The circle is of the configured weights: a server that is out for a while is passed over
// and gets its keys back. Pure, immutable.

internal import Syscalls

/// The points of all servers of a backend.
struct HashRing {
    /// Of the heaviest server.
    private static var pointsOfHeaviest: Int { 160 }
    private static var pointsMax: Int { 1 << 20 }

    private var hashes: [UInt64] = []
    private var owners: [UInt32] = []
    let serverCount: Int

    /// - Parameters:
    ///   - names: what servers are known by; their points do not depend on their places.
    ///   - weights: as many, 0…256. 0 has no point.
    init(names: [Bytes], weights: [Int]) {
        precondition(names.count == weights.count, "a weight for each name")
        serverCount = names.count
        let heaviest = max(1, weights.max() ?? 1)
        let each = min(Self.pointsOfHeaviest, Self.pointsMax / max(1, names.count))
        var points: [(hash: UInt64, owner: UInt32)] = []
        for (place, name) in names.enumerated() where weights[place] > 0 {
            let seed = KeyHash.hash(name, seed: 0)
            let count = max(1, each * weights[place] / heaviest)
            for number in 0..<count {
                let hash = KeyHash.mix(seed &+ UInt64(number) &* 0x9E37_79B9_7F4A_7C15)
                points.append((hash, UInt32(place)))
            }
        }
        points.sort { ($0.hash, $0.owner) < ($1.hash, $1.owner) }
        hashes = points.map(\.hash)
        owners = points.map(\.owner)
    }

    /// The first server from the key's place on that `isTaken` takes; nil if none does. Each server
    /// is asked a bounded number of times.
    @inline(__always)
    func pick(_ key: UInt64, where isTaken: (Int) -> Bool) -> Int? {
        guard !hashes.isEmpty else { return nil }
        var place = firstPoint(atOrAfter: key)
        var last = UInt32.max
        for _ in hashes.indices {
            let owner = owners[place]
            if owner != last, isTaken(Int(owner)) { return Int(owner) }
            last = owner
            place = place + 1 == hashes.count ? 0 : place + 1
        }
        return nil
    }

    private func firstPoint(atOrAfter key: UInt64) -> Int {
        var low = 0
        var high = hashes.count
        while low < high {
            let middle = (low + high) / 2
            if hashes[middle] < key { low = middle + 1 } else { high = middle }
        }
        return low == hashes.count ? 0 : low
    }
}

/// A hash of bytes that is the same in every worker and generation. Not secret: who can choose keys
/// can choose servers, and the bound on the load is what protects them.
enum KeyHash {
    /// FNV-1a, finished by `mix`.
    @inline(__always)
    static func hash(_ bytes: Bytes, seed: UInt64) -> UInt64 {
        var hash = 0xCBF2_9CE4_8422_2325 ^ seed
        var index = 0
        while index < bytes.count {
            hash = (hash ^ UInt64(bytes[index])) &* 0x100_0000_01B3
            index &+= 1
        }
        return mix(hash ^ UInt64(bytes.count))
    }

    /// The same for any case of ASCII letters.
    static func hashIgnoringCase(_ bytes: Bytes, seed: UInt64) -> UInt64 {
        var hash = 0xCBF2_9CE4_8422_2325 ^ seed
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            let isUpper = byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z")
            hash = (hash ^ UInt64(isUpper ? byte | 0x20 : byte)) &* 0x100_0000_01B3
            index &+= 1
        }
        return mix(hash ^ UInt64(bytes.count))
    }

    /// Of what an escaped text stands for.
    static func hash(_ text: DecodedText, seed: UInt64) -> UInt64 {
        var hash = 0xCBF2_9CE4_8422_2325 ^ seed
        var rest = text
        var count: UInt64 = 0
        while let byte = rest.next() {
            hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3
            count &+= 1
        }
        return mix(hash ^ count)
    }

    /// Of a client's address, without its port.
    static func hash(_ host: RawSocketAddress.Host, seed: UInt64) -> UInt64 {
        switch host {
        case .ipv4(let word): mix(seed ^ UInt64(word))
        case .ipv6(let high, let low): mix(mix(seed ^ high) ^ low)
        }
    }

    /// A bijection that lets every bit change every other (SplitMix64's finisher).
    @inline(__always)
    static func mix(_ value: UInt64) -> UInt64 {
        var word = value
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}
