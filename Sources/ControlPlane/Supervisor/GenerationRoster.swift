// All generations: the live ones with their state, the last exited ones as records. Pure value.

struct GenerationRoster: Sendable {
    /// How many exited ones are kept to be shown.
    static let exitedCountMax = 50

    /// Ascending by number.
    private(set) var live: [GenerationState] = []
    /// In the order in which they exited.
    private(set) var exited: [GenerationRecord] = []

    /// Newest first.
    var records: [GenerationRecord] {
        (exited + live.map(\.record)).sorted { $0.generation > $1.generation }
    }

    var serving: GenerationState? { live.first { $0.phase == .serving } }

    subscript(number: Int) -> GenerationState? {
        live.first { $0.number == number }
    }

    mutating func add(_ generation: GenerationState) {
        live.append(generation)
    }

    /// Nil if there is no live one of this number.
    mutating func update<Result>(
        _ number: Int, _ change: (inout GenerationState) -> Result
    ) -> Result? {
        guard let place = live.firstIndex(where: { $0.number == number }) else { return nil }
        return change(&live[place])
    }

    mutating func updateAll<Result>(_ change: (inout GenerationState) -> Result) -> [Result] {
        live.indices.map { change(&live[$0]) }
    }

    /// Moves who exited to the history and answers them; but not `kept`, on whom a reload waits.
    mutating func archiveExited(except kept: Int?) -> [GenerationRecord] {
        func isGone(_ generation: GenerationState) -> Bool {
            generation.isExited && generation.number != kept
        }
        guard live.contains(where: isGone) else { return [] }
        let gone = live.filter(isGone).map(\.record)
        live.removeAll(where: isGone)
        exited += gone
        exited.removeFirst(max(0, exited.count - Self.exitedCountMax))
        return gone
    }
}
