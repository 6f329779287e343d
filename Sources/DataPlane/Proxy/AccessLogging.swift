// One line for each exchange and each TCP connection, written straight into the buffer that will be
// handed to the writer thread. Costs nothing where the log is off.

internal import Model
internal import SharedState

extension Engine {
    private static var flushBytes: Int { 32 << 10 }
    private static var flushMilliseconds: Int64 { 200 }

    /// One exchange that is over, if it is among those that are logged.
    mutating func writeLog(_ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>) {
        guard let access = configuration.accessLog else { return }
        let isNotable = exchange[].end.isFault || exchange[].status >= 500
        guard isNotable || access.picks(exchange[].requestID) else { return }
        var entry = logEntry(exchange, client)
        entry.isNotable = isNotable
        entry.weight = isNotable ? 1 : access.weight
        if access.showsConnections { noteConnections(&entry, exchange) }
        if write(entry, access) { return }
        submitLog()
        if !write(entry, access) { record.add(.logLinesDropped) }
    }

    /// What only some formats show: it takes a look at each server of the backend.
    private func noteConnections(_ entry: inout AccessLogEntry, _ exchange: Ref<Exchange>) {
        entry.connections = configuration.processGauge.current
        if let frontend = exchange[].frontend {
            entry.frontendConnections = configuration.frontendGauges[frontend[].index].current
        }
        if let backend = exchange[].backend {
            for server in backend[].servers { entry.backendConnections &+= Self.inUse(server) }
        }
        if let upstream = exchange[].upstream { entry.serverConnections = Self.inUse(upstream) }
        if exchange[].waitedForOne {
            entry.serverQueue = exchange[].queuedBehind
        } else {
            entry.backendQueue = exchange[].queuedBehind
        }
    }

    /// Connections of the worker to a server that are made or used now: this loop's, and the others'
    /// as they were last published.
    private static func inUse(_ server: Ref<UpstreamServer>) -> Int {
        let own = server[].counts
        let published = server[].publishedCounts
        let all = server[].connectionRecord?.counts ?? published
        return max(
            0,
            all.connecting &+ all.inUse &- published.connecting &- published.inUse
                &+ own.connecting &+ own.inUse)
    }

    /// False: there is no room in the buffer.
    private mutating func write(_ entry: AccessLogEntry, _ access: CompiledAccessLog) -> Bool {
        guard let buffer = logBuffer ?? log.recycle() ?? LogBuffer() else { return false }
        logBuffer = buffer
        var writer = buffer.freeWriter()
        guard access.write(entry, into: &writer) else { return false }
        buffer.didWrite(writer.count)
        if logFlushAt == .max { logFlushAt = now + Self.flushMilliseconds }
        if buffer.count >= Self.flushBytes { logFlushAt = now }
        return true
    }

    /// Hands what there is to the writer, in time for those who look at the log. Where that is behind,
    /// time is none that matters, and what waits had better be whole.
    mutating func flushLogIfDue() {
        guard logFlushAt <= now, let buffer = logBuffer else { return }
        if log.submit(buffer, isFull: false) {
            logBuffer = nil
            logFlushAt = .max
        } else {
            logFlushAt = now + Self.flushMilliseconds
        }
    }

    /// Hands what there is to the writer, or drops it where the writer is too far behind.
    mutating func submitLog() {
        logFlushAt = .max
        guard let buffer = logBuffer, buffer.count > 0 else { return }
        if log.submit(buffer, isFull: true) {
            logBuffer = nil
        } else {
            record.add(.logLinesDropped, UInt64(buffer.recordCount))
            buffer.removeAll()
        }
    }

    /// What the writer lost is counted by one loop for all.
    func countLostLogs() {
        guard index == 0 else { return }
        let count = log.takeLost()
        if count > 0 { record.add(.logLinesDropped, count) }
    }

    private mutating func logEntry(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>
    ) -> AccessLogEntry {
        let facts = connectionFacts(exchange, client)
        var entry = AccessLogEntry()
        let total = nowNanoseconds - exchange[].beganAt
        entry.timeMilliseconds = wallMilliseconds - total / 1_000_000
        entry.requestID = exchange[].requestID
        entry.clientIP = facts.clientIP
        entry.clientPort = facts.clientPort
        entry.frontend = facts.frontend
        entry.user = facts.user
        if let routes = exchange[].frontend?[].routes, exchange[].route >= 0,
            exchange[].route < routes.count
        {
            entry.route = routes[exchange[].route].id
        }
        if let backend = exchange[].backend {
            entry.backend = configuration.backendNames[backend[].index]
        }
        if let upstream = exchange[].upstream {
            entry.server = configuration.serverNames[upstream[].backend][upstream[].index]
        }
        if exchange[].capture.hasMemory {
            entry.setRequest(exchange[].captured, from: exchange[].capture.bytes)
        }
        // A connection has no method, and is no request that was not understood either.
        entry.isTCP = exchange[].isTCP
        if entry.isTCP { entry.method = Bytes("TCP") }
        entry.status = exchange[].status
        entry.bytesIn = exchange[].receivedBytes
        entry.bytesOut = exchange[].bytesOut + exchange[].download.totalSent
        entry.requestMicroseconds = Self.microseconds(exchange[].beganAt, exchange[].headAt)
        entry.queueMicroseconds =
            exchange[].connectingAt == 0 && exchange[].queuedAt == 0
            ? -1 : exchange[].queueNanoseconds / 1_000
        entry.connectMicroseconds = Self.microseconds(
            exchange[].connectingAt, exchange[].connectedAt)
        entry.responseMicroseconds = Self.microseconds(
            exchange[].sentAt, exchange[].respondedAt)
        entry.totalMicroseconds = total / 1_000
        entry.state = exchange[].end.termination(in: exchange[].endPhase)
        entry.termination = Bytes(exchange[].end.word)
        if exchange[].end != .normal { entry.phase = Bytes(exchange[].endPhase.word) }
        entry.error = Bytes(exchange[].error)
        entry.generation = generationText
        entry.pid = pidText
        entry.retries = Int(exchange[].retries)
        entry.reused = exchange[].wasReused
        return entry
    }

    /// -1 where one of the two never came.
    private static func microseconds(_ from: Int64, _ to: Int64) -> Int64 {
        from > 0 && to > 0 ? max(0, to - from) / 1_000 : -1
    }
}
