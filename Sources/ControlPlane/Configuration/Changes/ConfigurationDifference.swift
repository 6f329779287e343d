// What leads from one effective document to another. Names are compared by name and routes by id,
// so nothing is told twice because something else moved. Takes time in proportion to the documents
// (times its logarithm for routes that moved). Pure, any thread.

import JSON

/// The changes between two configurations.
public struct ConfigurationDifference: Sendable, Equatable {
    /// In the order of the document; within a mapping first what is removed.
    public private(set) var changes: [ConfigurationChange] = []
    private var path: [String] = []

    /// What leads from `old` to `new`. Empty if the two configurations are equal.
    public init(from old: EffectiveDocument, to new: EffectiveDocument) {
        compare(old.value, new.value)
    }

    /// The heaviest impact, nil where nothing changes.
    public var impact: ChangeImpact? { changes.map(\.impact).max() }

    private mutating func compare(_ old: JSONValue, _ new: JSONValue) {
        switch (old, new) {
        case (.object(let old), .object(let new)):
            compare(old.members, new.members)
        case (.array(let old), .array(let new)) where isRouteList:
            compareRoutes(old, new)
        default:
            if old != new { note(.replace) }
        }
    }

    private mutating func compare(_ old: [JSONObject.Member], _ new: [JSONObject.Member]) {
        if old.map(\.name) == new.map(\.name) {
            for (before, after) in zip(old, new) {
                inside(after.name) { $0.compare(before.value, after.value) }
            }
            return
        }
        let before = Dictionary(
            old.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
        let names = Set(new.map(\.name))
        // Where order carries a meaning (headers), a new order is a change of the whole.
        guard
            old.map(\.name).filter(names.contains) == new.map(\.name).filter({ before[$0] != nil })
        else {
            note(.replace)
            return
        }
        for member in old where !names.contains(member.name) {
            inside(member.name) { $0.note(.remove) }
        }
        for member in new {
            inside(member.name) { difference in
                if let value = before[member.name] {
                    difference.compare(value, member.value)
                } else {
                    difference.note(.add)
                }
            }
        }
    }

    // MARK: Routes

    /// `/frontends/NAME/routes`
    private var isRouteList: Bool {
        path.count == 3 && path[0] == "frontends" && path[2] == "routes"
    }

    /// A route that stands elsewhere among those that stayed is replaced as a whole.
    private mutating func compareRoutes(_ old: [JSONValue], _ new: [JSONValue]) {
        let before = Dictionary(
            old.enumerated().map { (Self.id($1), (place: $0, route: $1)) },
            uniquingKeysWith: { first, _ in first })
        let ids = Set(new.map(Self.id))
        for route in old where !ids.contains(Self.id(route)) {
            inside(Self.id(route)) { $0.note(.remove) }
        }
        let places = new.compactMap { before[Self.id($0)]?.place }
        let inOrder = Set(LongestIncreasing.subsequence(of: places))
        for route in new {
            inside(Self.id(route)) { difference in
                guard let known = before[Self.id(route)] else {
                    difference.note(.add)
                    return
                }
                if inOrder.contains(known.place) {
                    difference.compare(known.route, route)
                } else {
                    difference.note(.replace)
                }
            }
        }
    }

    private static func id(_ route: JSONValue) -> String {
        route["id"]?.stringValue ?? ""
    }

    // MARK: Places

    private mutating func inside(
        _ name: String, _ body: (inout ConfigurationDifference) -> Void
    ) {
        path.append(name)
        body(&self)
        path.removeLast()
    }

    private mutating func note(_ operation: ConfigurationChange.Operation) {
        let pointer = path.map { "/" + JSONPointer.escaped($0) }.joined()
        changes.append(
            ConfigurationChange(
                operation: operation, pointer: pointer, impact: ChangeImpact(path: path)))
    }
}

/// Which of the numbers can stay where they are, if as few as possible are to move.
enum LongestIncreasing {
    /// A longest strictly increasing subsequence, in n log n (patience sorting).
    static func subsequence(of numbers: [Int]) -> [Int] {
        /// For each length, where the sequence of that length with the smallest end ends.
        var ends: [Int] = []
        var previous = [Int?](repeating: nil, count: numbers.count)
        for (index, number) in numbers.enumerated() {
            var low = 0
            var high = ends.count
            while low < high {
                let middle = (low + high) / 2
                if numbers[ends[middle]] < number { low = middle + 1 } else { high = middle }
            }
            previous[index] = low > 0 ? ends[low - 1] : nil
            if low == ends.count { ends.append(index) } else { ends[low] = index }
        }
        var result: [Int] = []
        var place = ends.last
        while let index = place {
            result.append(numbers[index])
            place = previous[index]
        }
        return result.reversed()
    }
}
