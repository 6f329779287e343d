// What one loop needs while a request finds its route: captures, what is known of conditions, and
// the texts of rewritten targets. Used again for each request. Hot, one thread.

struct RoutingMemory: ~Copyable {
    /// Rewritten paths and queries of one request, all together.
    private static var targetBytesMax: Int { 65_536 }

    let captures: CaptureMemory
    var conditions = ConditionMemory()
    /// Of what is as long as the loop.
    private let arena = ConfigurationArena()
    private let targets = ByteScratch(capacity: Self.targetBytesMax)
    private var used = 0

    /// - Parameter regexCells: what the largest regular expression of the configuration needs.
    init(regexCells: Int) {
        captures = CaptureMemory(regexCells: regexCells)
    }

    /// What matches ask about: all backends in the order of the configuration, once.
    mutating func setBackends(_ backends: [Ref<UpstreamBackend>]) {
        conditions = ConditionMemory(backends: arena.run(backends))
    }

    /// Before each request.
    @inline(__always)
    mutating func begin(round: Int64) {
        conditions.begin(round: round)
        used = 0
    }

    /// Behind what was kept: earlier texts stay until the next request, captures lie in them.
    func targetWriter() -> ByteWriter {
        targets.writer(from: used)
    }

    /// What was written stays.
    mutating func keep(_ writer: borrowing ByteWriter) -> Bytes {
        used += writer.count
        return writer.written
    }
}
