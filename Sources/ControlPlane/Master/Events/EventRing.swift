// The last events of a master, for those who watch and those who come back. Bounded: who reads too
// slowly finds a gap, and costs nobody else anything. Pure value; kept by `EventFeed`.

internal import Clock
internal import JSON

struct EventRing: Sendable {
    static let countMax = 4096

    /// Of the next event.
    private(set) var nextSequence: UInt64
    /// By sequence modulo the capacity.
    private var slots: [MasterEvent?]
    private let firstSequence: UInt64

    /// - Parameters:
    ///   - firstSequence: of the first event; larger than any of an earlier master.
    init(firstSequence: UInt64, capacity: Int = countMax) {
        self.firstSequence = firstSequence
        nextSequence = firstSequence
        slots = Array(repeating: nil, count: max(capacity, 1))
    }

    /// The sequence of the last event, or one less than the first if there was none.
    var lastSequence: UInt64 { nextSequence &- 1 }

    private var oldestSequence: UInt64 {
        let kept = UInt64(slots.count)
        return nextSequence - firstSequence > kept ? nextSequence - kept : firstSequence
    }

    mutating func append(
        _ kind: MasterEvent.Kind, at now: WallTime, _ details: KeyValuePairs<String, JSONValue>
    ) {
        slots[place(nextSequence)] = MasterEvent(
            sequence: nextSequence, kind: kind, at: now,
            details: JSONObject(details.map { .init(name: $0.key, value: $0.value) }))
        nextSequence += 1
    }

    /// What comes after a position, at most `count` of it.
    func events(after position: UInt64, atMost count: Int) -> MasterEvents {
        let oldest = oldestSequence
        let hasGap = position < oldest - 1 || position > lastSequence
        let first = hasGap ? oldest : position + 1
        let end = min(nextSequence, first + UInt64(max(count, 0)))
        return MasterEvents(
            events: (first..<end).compactMap { slots[place($0)] }, position: end - 1,
            hasGap: hasGap)
    }

    private func place(_ sequence: UInt64) -> Int { Int(sequence % UInt64(slots.count)) }
}
