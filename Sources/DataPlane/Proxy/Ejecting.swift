// Servers whose exchanges fail are avoided, by the policy that compares latencies, and taken out for a
// while, where the backend says so. Failures in a row are counted in the server's shared record, over
// all loops and workers; an exchange that goes well costs a load there and, after a failure, a store.
// The end needs no message: each loop knows the moment.

internal import SharedState

extension Engine {
    /// In a row, where failures take a server out: who avoids it from the first one on would never find
    /// out.
    private static var failuresBeforePenalty: UInt64 { 5 }

    /// The server has answered the exchange, or a TCP client's connection to it was made.
    @inline(__always)
    func didServe(_ exchange: Ref<Exchange>) {
        guard let server = exchange[].upstream else { return }
        if let load = server[].load, !load.penalty.isNone {
            load.penalty = load.penalty.afterSuccess(at: now)
        }
        guard server[].rules.ejectionMax > 0, let record = server[].record,
            record[.failuresInRow] != 0
        else { return }
        record.note(.failuresInRow, 0)
    }

    /// The exchange's server failed it: no connection, no answer, an answer that tells of a fault.
    mutating func didFailToServe(_ exchange: Ref<Exchange>) {
        guard let server = exchange[].upstream else { return }
        guard server[].rules.ejectionMax > 0, let backend = exchange[].backend,
            let rule = backend[].ejection, let record = server[].record,
            // What was on its way when the server was taken out says nothing new.
            !server[].standing.isEjected
        else { return penalise(server) }
        let count = record.count(.failuresInRow)
        if count >= min(rule.consecutiveFailures, Self.failuresBeforePenalty) { penalise(server) }
        // One of all who count gets this number.
        guard count % rule.consecutiveFailures == 0 else { return }
        record.note(.failuresInRow, 0)
        eject(server, of: backend, rule, record)
    }

    /// What is known of its latency fades while it answers nothing but failures: it is at least what
    /// is usual, or soon it would look quicker than all others.
    private func penalise(_ server: Ref<UpstreamServer>) {
        guard let load = server[].load else { return }
        load.penalty = load.penalty.afterFailure(at: now)
        if let usual = backends[server[].backend][].usualLatency(besides: server, now: now) {
            load.latency = load.latency.raised(toMicroseconds: usual, at: now)
        }
    }

    private mutating func eject(
        _ server: Ref<UpstreamServer>, of backend: Ref<UpstreamBackend>, _ rule: EjectionRule,
        _ record: ServerRecord
    ) {
        let last = record[.ejectedUntil]
        let earlier = rule.earlier(
            record[.ejectionsInRow], lastEnd: Int64(clamping: last), now: now)
        let end = now + rule.time(earlier: earlier)
        // First it says so, then it looks at the others: of two who do this at once, on whatever
        // threads, at least one sees the other, and steps back. Nobody was told yet.
        _ = record.exchange(.ejectedUntil, UInt64(max(0, end)))
        var outCount = 0
        var leftCount = 0
        for other in backend[].servers {
            let until = Int64(clamping: other[].record?.readInOrder(.ejectedUntil) ?? 0)
            if ServerStanding.isEjected(until: until, other[].rules, now: now) {
                outCount += 1
            } else if other[].standing.isFit {
                leftCount += 1
            }
        }
        guard outCount <= rule.outMax(of: backend[].servers.count), leftCount > 0 else {
            _ = record.exchange(.ejectedUntil, last)
            // Somebody may have looked meanwhile.
            record.announce()
            return
        }
        record.count(.ejections)
        record.note(.ejectionsInRow, earlier + 1)
        record.announce()
        // Looked at when the round's exchanges are dealt with: it may end sessions.
        checks.hasNews = true
    }
}
