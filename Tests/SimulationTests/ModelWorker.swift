import Supervisor

/// A worker as it really is, which the supervisor can only guess from its messages.
struct ModelWorker {
    let id: WorkerID
    var isAlive = true
    /// Does nothing any more and minds no SIGTERM (SIGSTOP, a stuck loop).
    var isHung = false
    /// Its listening sockets are registered: it takes connections.
    var isAccepting = false
    /// It, or its channel, did something for which it may be killed.
    var isSuspect = false
    var isLiar = false
    /// The channel keeps order: nothing is delivered before this.
    var lastDelivery: UInt64 = 0
    /// The same the other way.
    var lastArrival: UInt64 = 0

    init(id: WorkerID) { self.id = id }
}
