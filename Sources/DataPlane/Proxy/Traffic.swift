// What passes through each frontend, backend and server, counted. A loop counts in memory of its
// own, and adds to the shared totals once a round: a worker that dies takes at most its last round
// with it. Hot, one thread.

internal import Model
internal import SharedState

/// The shared totals of all names of a configuration, by place.
struct TrafficRecords {
    private let region: SharedRegion
    private let numbers: TrafficNumbers

    /// - Parameter numbers: the master's; where one is missing or wrong, nothing is counted.
    init(_ numbers: TrafficNumbers, in region: SharedRegion) {
        self.numbers = numbers
        self.region = region
    }

    func frontend(_ place: Int) -> TrafficRecord? { record(numbers.frontends, place) }

    func backend(_ place: Int) -> TrafficRecord? { record(numbers.backends, place) }

    func server(_ backend: Int, _ place: Int) -> TrafficRecord? {
        numbers.servers.indices.contains(backend) ? record(numbers.servers[backend], place) : nil
    }

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
    }

    /// An exchange is over.
    mutating func countTraffic(_ exchange: Ref<Exchange>) {
        // Only what a server has said is its own: not an answer of ours in its place.
        let isFromServer = exchange[].phase == .responding || exchange[].phase == .tunnelling
        if let tally = exchange[].frontend?[].traffic { countExchange(exchange, tally, true) }
        if let tally = exchange[].backend?[].traffic { countExchange(exchange, tally, true) }
        if exchange[].connectAttempts > 0 || exchange[].wasReused,
            let tally = exchange[].upstream?[].traffic
        {
            countExchange(exchange, tally, isFromServer)
        }
    }

    private mutating func countExchange(
        _ exchange: Ref<Exchange>, _ tally: Ref<TrafficTally>, _ hasAnswered: Bool
    ) {
        add(1, TrafficCounter.requests.rawValue, tally)
        let bytesIn = exchange[].bytesIn &+ exchange[].upload.totalSent
        let bytesOut = exchange[].bytesOut &+ exchange[].download.totalSent
        add(UInt64(max(0, bytesIn)), TrafficCounter.bytesIn.rawValue, tally)
        add(UInt64(max(0, bytesOut)), TrafficCounter.bytesOut.rawValue, tally)
        guard hasAnswered, !exchange[].isTCP else { return }
        switch exchange[].status / 100 {
        case 2: add(1, TrafficCounter.responses2xx.rawValue, tally)
        case 3: add(1, TrafficCounter.responses3xx.rawValue, tally)
        case 4: add(1, TrafficCounter.responses4xx.rawValue, tally)
        case 5: add(1, TrafficCounter.responses5xx.rawValue, tally)
        default: return
        }
        let microseconds = max(0, nowNanoseconds &- exchange[].headAt) / 1_000
        add(UInt64(microseconds), TrafficCounter.durationMicroseconds.rawValue, tally)
        add(1, TrafficLayout.bucketWord(microseconds: microseconds), tally)
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
