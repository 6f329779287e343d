// Suggestions for misspelt names. Pure, any thread.

enum NearestName {
    /// The candidate that takes the fewest edits from `name`, at most a third of its length.
    static func of(_ name: String, in candidates: [String]) -> String? {
        let lengthMax = 64
        let written = Array(name.utf8.prefix(lengthMax))
        var nearest: (name: String, distance: Int)?
        for candidate in candidates {
            let distance = distance(written, Array(candidate.utf8))
            if distance < nearest?.distance ?? .max { nearest = (candidate, distance) }
        }
        guard let nearest, nearest.distance <= max(1, written.count / 3) else { return nil }
        return nearest.name
    }

    /// Levenshtein's, with two neighbours swapped as one edit.
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var beforeLast = [Int](repeating: 0, count: right.count + 1)
        var last = Array(0...right.count)
        for row in left.indices {
            var current = [row + 1]
            for column in right.indices {
                let same = left[row] == right[column]
                var least = min(
                    last[column + 1] + 1, current[column] + 1, last[column] + (same ? 0 : 1))
                if row > 0, column > 0, left[row] == right[column - 1],
                    left[row - 1] == right[column]
                {
                    least = min(least, beforeLast[column - 1] + 1)
                }
                current.append(least)
            }
            (beforeLast, last) = (last, current)
        }
        return last[right.count]
    }
}
