// `?since=<seq>&wait=30s` on a collection: the answer comes when that collection has changed since.
// Others may change meanwhile. Holds no state; runs on the server's threads.

import Clock
import Master

struct LongPoll: Sendable {
    static let parameters = ["since", "wait"]

    let port: any ControlPort
    /// Of the collection, in a snapshot.
    let sequence: @Sendable (MasterSnapshot) -> UInt64

    /// At once without `since`, without `wait`, and where `since` is not what is so now: of another
    /// life of the master, for example.
    func snapshot(_ request: RouteRequest) async throws(Problem) -> MasterSnapshot {
        let wait = try request.query.duration("wait", atMost: ReloadWait.longest)
        let since = try request.query.integer("since", in: 0...Int.max)
        guard let since else {
            if wait != nil { throw Problem(.invalidParameter, "wait needs since=<seq>") }
            return port.snapshot()
        }
        let deadline = Instant.now() + (wait ?? .zero)
        var snapshot = port.snapshot()
        while sequence(snapshot) == UInt64(since) {
            let left = deadline - Instant.now()
            if left <= .zero { break }
            let last = snapshot.sequence
            snapshot = await port.waitForChange(after: last, until: left)
            if snapshot.sequence == last { break }
        }
        return snapshot
    }
}
