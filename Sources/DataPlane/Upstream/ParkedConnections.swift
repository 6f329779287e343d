// The connections to one server that nobody uses: those that any client may use, and apart from them
// those that are one client's, so that however many there are of these nobody looks through them. Hot.

internal import SharedState

/// Linked through the connections.
struct ParkedList: BitwiseCopyable {
    var newest: Ref<ServerConnection>?
    var oldest: Ref<ServerConnection>?
}

extension Ref where Entry == UpstreamServer {
    /// The one parked last, that any client may use.
    @inline(__always)
    func warmestParked() -> Ref<ServerConnection>? { self[].parked.newest }

    /// The one parked first, that any client may use, if that was before `moment`.
    @inline(__always)
    func longParked(since moment: Int64) -> Ref<ServerConnection>? {
        guard let oldest = self[].parked.oldest, oldest[].parkedAt <= moment else { return nil }
        return oldest
    }

    /// The one that was parked first; for ending it.
    var oldestParked: Ref<ServerConnection>? {
        guard let any = self[].parked.oldest else { return self[].reserved.oldest }
        guard let own = self[].reserved.oldest else { return any }
        return own[].parkedAt < any[].parkedAt ? own : any
    }

    /// The same of those that are one client's.
    var oldestReserved: Ref<ServerConnection>? { self[].reserved.oldest }

    /// Each of them once: begin with nil.
    func nextParked(behind other: Ref<ServerConnection>?) -> Ref<ServerConnection>? {
        guard let other else { return self[].parked.newest ?? self[].reserved.newest }
        if let next = other[].next { return next }
        return other[].carriesOneClient ? nil : self[].reserved.newest
    }

    /// Shows those that have been parked since before `moment`, as far as there are places.
    func showLongParked(since moment: Int64) {
        var candidate = self[].parked.oldest
        while let connection = candidate, connection[].parkedAt <= moment,
            self[].shownCount < ClaimLine.placeCount
        {
            candidate = connection[].previous
            connection.show()
        }
    }

    func emptyPlace() -> Int? {
        guard self[].shownCount < ClaimLine.placeCount else { return nil }
        return (0..<ClaimLine.placeCount).first { self[].shown[$0] == nil }
    }

    /// The next entry whose connection another loop has taken over and unregistered. Nothing but
    /// its end is left. Notes on the way which were claimed.
    func reapTakenOver() -> Ref<ServerConnection>? {
        guard self[].shownCount > 0, let line = self[].claims else { return nil }
        for place in 0..<ClaimLine.placeCount {
            guard let connection = self[].shown[place] else { continue }
            let word = line[place]
            guard !word.isShown else { continue }
            if connection[].state == .parked { connection.lose() }
            guard line.reap(place) else { continue }
            self[].shown[place] = nil
            self[].shownCount &-= 1
            connection[].claimPlace = -1
            return connection
        }
        return nil
    }
}
