// "did you mean": the nearest of the names that would have been right.

enum Suggestion {
    /// More candidates or longer names are not looked through: this is a kindness, not a service.
    private static let candidateCountMax = 1_000
    private static let lengthMax = 64

    /// What others call it, who may have sent us the reader.
    private static let elsewhere = [
        "maxconn": "max_connections", "max_conns": "max_connections", "listen": "bind",
        "upstream": "backend", "upstreams": "backends", "clusters": "backends",
        "default_backend": "backend", "use_backend": "backend", "inter": "interval",
        "http-reuse": "reuse", "nbthread": "threads", "cookie": "stickiness",
    ]

    /// The nearest name, if it is near: a third of its letters may differ.
    static func nearest(to name: String, in candidates: [String]) -> String? {
        if let ours = elsewhere[name.lowercased()], candidates.contains(ours) { return ours }
        let letters = Array(name.lowercased().utf8)
        guard !letters.isEmpty, letters.count <= lengthMax else { return nil }
        var best: (distance: Int, name: String)?
        for candidate in candidates.prefix(candidateCountMax) where candidate != name {
            let other = Array(candidate.lowercased().utf8)
            let allowed = max(1, max(letters.count, other.count) / 3)
            guard other.count <= lengthMax, abs(other.count - letters.count) <= allowed else {
                continue
            }
            let distance = distance(letters, other)
            if distance <= allowed, distance < best?.distance ?? .max {
                best = (distance, candidate)
            }
        }
        return best?.name
    }

    /// Insertions, deletions, replacements and swaps of neighbours (optimal string alignment).
    static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for row in left.indices {
            var current = [row + 1]
            for column in right.indices {
                let replaced = last[column] + (left[row] == right[column] ? 0 : 1)
                var cost = min(replaced, last[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, left[row] == right[column - 1],
                    left[row - 1] == right[column]
                {
                    cost = min(cost, beforeLast[column - 1] + 1)
                }
                current.append(cost)
            }
            (beforeLast, last) = (last, current)
        }
        return last[right.count]
    }
}
