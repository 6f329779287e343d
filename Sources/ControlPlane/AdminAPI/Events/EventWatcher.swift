// One reader of the event stream: a position in the master's ring and nothing else, so a slow one
// costs no memory and holds nobody up; what it misses is a gap. Driven by its response's task.

import Clock
import Master

actor EventWatcher: AnswerStream {
    private static let batchCount = 64

    private let port: any ControlPort
    private let filter: EventFilter
    private let format: EventFormat
    private let place: WatcherPlaces.Place
    private var position: UInt64
    private var lastSentAt = Instant.now()
    /// The last event for a reader who does not want to follow.
    private let last: UInt64?
    private var hasRead = false

    init(
        port: any ControlPort, after position: UInt64, upTo last: UInt64? = nil,
        filter: EventFilter, format: EventFormat, place: WatcherPlaces.Place
    ) {
        self.port = port
        self.position = position
        self.last = last
        self.filter = filter
        self.format = format
        self.place = place
    }

    /// Nil when the server stops, the connection is gone, or the last event is told.
    func next() async -> [UInt8]? {
        while !place.isEnded, !Task.isCancelled {
            // A position beyond the last is of another master's life: that is told first.
            if let last, position == last || hasRead && position > last { return nil }
            hasRead = true
            let batch = await port.events(
                after: position, atMost: Self.batchCount, waiting: .zero)
            if let bytes = bytes(of: batch) {
                lastSentAt = .now()
                return bytes
            }
            if !batch.events.isEmpty { continue }
            if place.isClosed { return nil }
            let due = lastSentAt + place.heartbeatPeriod
            if Instant.now() >= due {
                lastSentAt = .now()
                return format.heartbeat
            }
            await place.wait(after: position, until: due)
        }
        return nil
    }

    nonisolated func end() { place.end() }

    /// Nil if the watcher wants none of it.
    private func bytes(of batch: MasterEvents) -> [UInt8]? {
        var bytes: [UInt8] = []
        if batch.hasGap {
            bytes += format.gap(before: (batch.events.first?.sequence ?? batch.position &+ 1))
        }
        for event in batch.events where filter.accepts(event) {
            bytes += place.frames.bytes(of: event, as: format)
        }
        position = batch.position
        return bytes.isEmpty ? nil : bytes
    }
}
