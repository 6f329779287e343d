// The shortest way from one list of lines to another, by E. Myers, An O(ND) Difference Algorithm
// (1986), with a bound on what is searched. Pure, any thread.

/// One line of a difference, with the number of lines before it on either side.
struct LineEdit: Equatable {
    /// By the sign that diff(1) gives it.
    enum Kind: String {
        case keep = " "
        case remove = "-"
        case insert = "+"
    }
    var kind: Kind
    var line: String
    var oldIndex: Int
    var newIndex: Int
}

enum LineEdits {
    /// Insertions and deletions that are searched for: time and memory grow with their square.
    private static let editCountMax = 1_000

    /// Edits in order; what both have in common is kept, if it is found within the bound.
    static func between(_ old: [String], _ new: [String]) -> [LineEdit] {
        var numbers: [String: Int] = [:]
        func number(_ line: String) -> Int {
            if let known = numbers[line] { return known }
            numbers[line] = numbers.count
            return numbers.count - 1
        }
        let before = old.map(number)
        let after = new.map(number)
        let prefix = zip(before, after).prefix { $0 == $1 }.count
        let suffix = zip(before[prefix...].reversed(), after[prefix...].reversed())
            .prefix { $0 == $1 }.count
        let oldMiddle = Array(before[prefix..<(before.count - suffix)])
        let newMiddle = Array(after[prefix..<(after.count - suffix)])
        let middle =
            shortest(oldMiddle, newMiddle)
            ?? [LineEdit.Kind](repeating: .remove, count: oldMiddle.count)
            + [LineEdit.Kind](repeating: .insert, count: newMiddle.count)
        let kinds =
            [LineEdit.Kind](repeating: .keep, count: prefix) + middle
            + [LineEdit.Kind](repeating: .keep, count: suffix)
        return edits(kinds, old, new)
    }

    private static func edits(
        _ kinds: [LineEdit.Kind], _ old: [String], _ new: [String]
    ) -> [LineEdit] {
        var oldIndex = 0
        var newIndex = 0
        return kinds.map { kind in
            let edit = LineEdit(
                kind: kind, line: kind == .insert ? new[newIndex] : old[oldIndex],
                oldIndex: oldIndex, newIndex: newIndex)
            if kind != .insert { oldIndex += 1 }
            if kind != .remove { newIndex += 1 }
            return edit
        }
    }

    /// How far each diagonal has come (an x of the paper for each k) after some edits.
    private struct Front {
        /// From diagonal -`reach` to `reach`.
        var ends: [Int]
        let reach: Int

        init(reach: Int) {
            self.reach = reach
            ends = Array(repeating: 0, count: 2 * reach + 1)
        }

        subscript(_ diagonal: Int) -> Int {
            get { ends[diagonal + reach] }
            set { ends[diagonal + reach] = newValue }
        }

        /// Whether the best way to a diagonal is an insertion (from the one above it) and not a
        /// removal (from the one below), with so many edits.
        func comesByInsertion(_ diagonal: Int, _ count: Int) -> Bool {
            diagonal == -count || (diagonal != count && self[diagonal - 1] < self[diagonal + 1])
        }
    }

    /// Nil where more edits are needed than are searched for.
    private static func shortest(_ old: [Int], _ new: [Int]) -> [LineEdit.Kind]? {
        var fronts: [Front] = []
        var last = Front(reach: 1)
        for count in 0...min(old.count + new.count, editCountMax) {
            fronts.append(last)
            var front = Front(reach: count + 2)
            for diagonal in -last.reach...last.reach { front[diagonal] = last[diagonal] }
            for diagonal in stride(from: -count, through: count, by: 2) {
                var x =
                    last.comesByInsertion(diagonal, count)
                    ? last[diagonal + 1] : last[diagonal - 1] + 1
                while x < old.count, x - diagonal < new.count, old[x] == new[x - diagonal] {
                    x += 1
                }
                front[diagonal] = x
                if x >= old.count, x - diagonal >= new.count {
                    return way(through: fronts, oldCount: old.count, newCount: new.count)
                }
            }
            last = front
        }
        return nil
    }

    /// Back from the end, edit by edit.
    private static func way(
        through fronts: [Front], oldCount: Int, newCount: Int
    ) -> [LineEdit.Kind] {
        var kinds: [LineEdit.Kind] = []
        var (x, y) = (oldCount, newCount)
        for (count, front) in fronts.enumerated().reversed() {
            let diagonal = x - y
            let isInsertion = front.comesByInsertion(diagonal, count)
            let previous = diagonal + (isInsertion ? 1 : -1)
            let start = count == 0 ? 0 : front[previous]
            let startY = count == 0 ? 0 : start - previous
            while x > start, y > startY {
                kinds.append(.keep)
                (x, y) = (x - 1, y - 1)
            }
            if count > 0 { kinds.append(isInsertion ? .insert : .remove) }
            (x, y) = (start, startY)
        }
        return kinds.reversed()
    }
}
