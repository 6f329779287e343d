// What the worker's main thread asks of a loop, and what loops hand to each other.

internal import Syscalls

/// A listening socket for a loop to accept from. The main thread owns the descriptor and closes it
/// only after every loop has reported `released`.
struct ListenerRegistration: Sendable, Equatable {
    /// The master's number for the socket.
    var listener: Int
    /// Place of its frontend in the configuration.
    var frontendIndex: Int
    var fd: Int32
    /// Place of its entry in the frontend's `bind`.
    var bindIndex = 0
}

/// From the main thread.
enum LoopCommand: Sendable {
    /// Accept from these as well; answered with `LoopReport.accepting`.
    case adopt([ListenerRegistration])
    /// Let go of every listener (`released`), then finish what is there (`drained`).
    ///
    /// - drainAcceptQueueOf: listeners whose queue nobody else will accept from: it is emptied.
    /// - idleAfter: a silent idle client connection is kept at least this long…
    /// - idleSpread: …and closed at a moment drawn evenly from this window after it.
    case release(drainAcceptQueueOf: [Int], idleAfter: Duration, idleSpread: Duration)
    /// Servers have changed (`ServerChanges`): the round that this begins looks at them.
    case attend
    /// End the sessions that fit (`LoopReport.ended`).
    case endSessions(SessionSelection)
    /// Close everything at once; `ProxyLoop.run` returns.
    case stop
}

/// A connection on its way to the loop that will serve it.
struct AcceptedConnection: Sendable {
    /// Owned by whoever holds this.
    var fd: Int32
    var peer: RawSocketAddress
    var frontendIndex: Int
    /// As `RuntimeConfiguration.limitedBind`.
    var limitedBind: Int32
    var listenerPort: UInt16
}

/// A letter in a loop's mailbox.
enum LoopMessage: Sendable {
    case command(LoopCommand)
    case connection(AcceptedConnection)
    /// It is the turn of an exchange that waits.
    case queue(QueueAnswer)
    /// A password was looked at.
    case password(PasswordVerdict)
}

/// Who a worker is: what templates and logs call `generation`, `revision` and `pid`.
struct WorkerIdentity: Sendable, Equatable {
    var generation: Int
    var revision: Int
    var pid: Int32
    /// Its place in the generation: the first one checks servers.
    var worker = 0
}
