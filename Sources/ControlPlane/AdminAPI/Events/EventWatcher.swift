// One reader of the event stream: a position in the master's ring and nothing else, so a slow one
// costs no memory and holds nobody up; what it misses is a gap. Driven by its response's task.

import Clock
import Master

actor EventWatcher: AnswerStream {
    private static let batchCount = 64
    /// How often a closed connection and the server's end are looked for.
    private static let slice = Duration.milliseconds(500)

    /// Between two batches: what happens together is written together, so many watchers do not
    /// compete with a reload that is running.
    private static let pause = Duration.milliseconds(50)

    private let port: any ControlPort
    private let filter: EventFilter
    private let format: EventFormat
    private let place: WatcherPlaces.Place
    private var position: UInt64
    private var lastSentAt = Instant.now()
    private var mustPause = false
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

    /// Nil when the server stops or the last event is told; empty when nothing happened for a while.
    func next() async -> [UInt8]? {
        // A position beyond the last is of another master's life: that is told first.
        if let last, position == last || hasRead && position > last { return nil }
        hasRead = true
        if mustPause { try? await Task.sleep(for: Self.pause) }
        let batch = await port.events(
            after: position, atMost: Self.batchCount, waiting: Self.slice)
        if batch.events.isEmpty, place.isClosed || Task.isCancelled { return nil }
        var bytes: [UInt8] = []
        if batch.hasGap {
            bytes += format.gap(before: (batch.events.first?.sequence ?? batch.position &+ 1))
        }
        for event in batch.events where filter.accepts(event) { bytes += format.event(event) }
        // A full batch has more behind it.
        mustPause = !batch.events.isEmpty && batch.events.count < Self.batchCount
        position = batch.position
        let now = Instant.now()
        if bytes.isEmpty, now - lastSentAt >= EventFormat.heartbeatPeriod {
            bytes = format.heartbeat
        }
        if !bytes.isEmpty { lastSentAt = now }
        return bytes
    }
}
