// What passes through each frontend, backend and server, counted. A loop counts in memory of its
// own, and adds to the shared totals once a round: a worker that dies takes at most its last round
// with it. Hot, one thread.

internal import Model
internal import SharedState

/// The shared totals of all names of a configuration, by place.
struct TrafficRecords {
    let region: SharedRegion
    private let numbers: TrafficNumbers
    private let slot: Int?

    /// - Parameters:
    ///   - numbers: the master's; where one is missing or wrong, nothing is counted.
    ///   - slot: the worker's; nil: nothing is told of its connections.
    init(_ numbers: TrafficNumbers, in region: SharedRegion, slot: Int? = nil) {
        self.slot = slot
        self.numbers = numbers
        self.region = region
    }

    func frontend(_ place: Int) -> TrafficRecord? { record(numbers.frontends, place) }

    func backend(_ place: Int) -> TrafficRecord? { record(numbers.backends, place) }

    func server(_ backend: Int, _ place: Int) -> TrafficRecord? {
        numbers.servers.indices.contains(backend) ? record(numbers.servers[backend], place) : nil
    }

    /// What all workers share of a server besides its traffic; nil where there was no room for it.
    func serverRecord(_ backend: Int, _ place: Int) -> ServerRecord? {
        ServerRecord(region, number: serverNumber(backend, place))
    }

    /// 0: it has no record of its own.
    func serverNumber(_ backend: Int, _ place: Int) -> Int {
        guard numbers.servers.indices.contains(backend),
            numbers.servers[backend].indices.contains(place)
        else { return 0 }
        return numbers.servers[backend][place]
    }

    /// What the name of a server stood for when the generation was started.
    func address(_ backend: Int, _ place: Int) -> SocketAddress? {
        guard numbers.addresses.indices.contains(backend),
            numbers.addresses[backend].indices.contains(place)
        else { return nil }
        return numbers.addresses[backend][place]
    }

    /// Where the worker in a slot says how many wait for any server of a backend.
    func queueLength(ofBackend place: Int, slot: Int) -> QueueLength? {
        guard numbers.backends.indices.contains(place) else { return nil }
        return QueueLength(region, slot: slot, number: numbers.backends[place])
    }

    /// Where the worker in a slot says how many wait for one server.
    func queueLength(ofServer server: Int, of backend: Int, slot: Int) -> QueueLength? {
        QueueLength(region, slot: slot, number: serverNumber(backend, server))
    }

    /// The limits with their cells.
    func rateLimits(
        _ limits: [RateLimit], arena: ConfigurationArena
    ) -> [CompiledRateLimit] {
        limits.enumerated().map { place, limit in
            let first = numbers.rateLimits.indices.contains(place) ? numbers.rateLimits[place] : -1
            return CompiledRateLimit(limit, firstBucket: first, in: region, arena: arena)
        }
    }

    /// The table of a backend's clients; where the region has no room, the worker's own.
    func stickyTable(_ place: Int, entries: Int) -> StickyTable {
        let first = numbers.stickyTables.indices.contains(place) ? numbers.stickyTables[place] : -1
        let count = StickyTable.bucketCount(entries: entries)
        return StickyTable(region, TablePlacement(firstBucket: first, bucketCount: count))
            ?? StickyTable(unsharedBucketCount: count)
    }

    /// The worker's own word of a server's connections.
    func connectionRecord(_ backend: Int, _ place: Int) -> ServerConnectionRecord? {
        guard let slot, numbers.servers.indices.contains(backend),
            numbers.servers[backend].indices.contains(place)
        else { return nil }
        return ServerConnectionRecord(
            region, slot: slot, number: numbers.servers[backend][place])
    }

    /// The worker's own word of a frontend's connections; nil where there was no room for it.
    func frontendConnections(_ place: Int) -> ClientConnections? {
        guard let slot, numbers.frontends.indices.contains(place) else { return nil }
        return ClientConnections(region, slot: slot, number: numbers.frontends[place])
    }

    /// The same of an entry of its `bind`; nil: there is no room for it.
    func bindConnections(_ frontend: Int, _ place: Int) -> ClientConnections? {
        guard let slot, numbers.binds.indices.contains(frontend),
            numbers.binds[frontend].indices.contains(place)
        else { return nil }
        return ClientConnections(region, slot: slot, number: numbers.binds[frontend][place])
    }

    /// Moves whenever one of those changes.
    var serverChanges: ServerChanges { ServerChanges(region) }

    private func record(_ numbers: [Int], _ place: Int) -> TrafficRecord? {
        guard numbers.indices.contains(place) else { return nil }
        return TrafficRecord(region, number: numbers[place])
    }
}

/// What one loop counted since its last round.
struct TrafficTally: ~Copyable, SlabEntry {
    fileprivate var words = InlineArray<32, UInt64>(repeating: 0)
    /// Nil: counted for nobody.
    var record: TrafficRecord?
    fileprivate var isDirty = false

    init() {}
}

/// What the end of one exchange adds.
private struct ExchangeCounts: BitwiseCopyable {
    var bytesIn: UInt64
    var bytesOut: UInt64
    /// Not negative.
    var microseconds: Int64
    /// The class of the answer; nil: there was none.
    var answer: TrafficCounter?

    init(_ exchange: Ref<Exchange>, at now: Int64) {
        bytesIn = UInt64(max(0, exchange[].receivedBytes))
        bytesOut = UInt64(max(0, exchange[].bytesOut &+ exchange[].download.totalSent))
        microseconds = max(0, now &- exchange[].headAt) / 1_000
        answer = exchange[].isTCP ? nil : TrafficCounter(status: exchange[].status)
    }

    var withoutAnswer: ExchangeCounts {
        var copy = self
        copy.answer = nil
        return copy
    }
}

extension TrafficCounter {
    /// The class of a final status.
    @inline(__always)
    fileprivate init?(status: Int) {
        switch status {
        case 200...299: self = .responses2xx
        case 300...399: self = .responses3xx
        case 400...499: self = .responses4xx
        case 500...599: self = .responses5xx
        default: return nil
        }
    }
}

extension Engine {
    @inline(__always)
    mutating func count(
        _ counter: TrafficCounter, _ amount: UInt64 = 1, of tally: Ref<TrafficTally>?
    ) {
        guard let tally else { return }
        add(amount, counter.rawValue, tally)
    }

    /// The connection to the exchange's server failed, or ended too early.
    mutating func countServerFailure(_ exchange: Ref<Exchange>) {
        record.add(.upstreamFailures)
        count(.failures, of: exchange[].upstream?[].traffic)
        count(.failures, of: exchange[].backend?[].traffic)
        // A server may end a connection that it has kept at any moment; not in mid-response.
        let hasBegun =
            exchange[].phase == .responding || exchange[].server?[].input.isEmpty == false
        if !exchange[].wasReused || hasBegun { didFailToServe(exchange) }
    }

    /// An exchange is over.
    mutating func countTraffic(_ exchange: Ref<Exchange>) {
        let end = ExchangeCounts(exchange, at: nowNanoseconds)
        if let tally = exchange[].frontend?[].traffic { add(end, tally) }
        if let tally = exchange[].backend?[].traffic { add(end, tally) }
        guard exchange[].connectingAt > 0,
            let tally = exchange[].upstream?[].traffic
        else { return }
        // Only what a server has said is its own: not an answer of ours in its place.
        let isFromServer = exchange[].phase == .responding || exchange[].phase == .tunnelling
        add(isFromServer ? end : end.withoutAnswer, tally)
    }

    private mutating func add(_ end: ExchangeCounts, _ tally: Ref<TrafficTally>) {
        add(1, TrafficCounter.requests.rawValue, tally)
        add(end.bytesIn, TrafficCounter.bytesIn.rawValue, tally)
        add(end.bytesOut, TrafficCounter.bytesOut.rawValue, tally)
        guard let answer = end.answer else { return }
        add(1, answer.rawValue, tally)
        add(UInt64(end.microseconds), TrafficCounter.durationMicroseconds.rawValue, tally)
        add(1, TrafficLayout.bucketWord(microseconds: end.microseconds), tally)
    }

    @inline(__always)
    private mutating func add(_ amount: UInt64, _ word: Int, _ tally: Ref<TrafficTally>) {
        tally[].words[word] &+= amount
        if !tally[].isDirty {
            tally[].isDirty = true
            dirtyTallies.append(tally)
        }
    }

    /// Adds what was counted to what all workers share.
    mutating func flushTraffic() {
        for tally in dirtyTallies {
            for word in tally[].words.indices where tally[].words[word] > 0 {
                tally[].record?.add(tally[].words[word], toWord: word)
                tally[].words[word] = 0
            }
            tally[].isDirty = false
        }
        dirtyTallies.removeAll(keepingCapacity: true)
    }

    /// The place to count for a record.
    mutating func makeTally(_ record: TrafficRecord?) -> Ref<TrafficTally> {
        let tally = tallies.take()
        tally[].record = record
        return tally
    }
}
