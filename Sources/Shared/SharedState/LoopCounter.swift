// What a loop counts. The raw value is a place in shared memory: append, never reorder.

/// A total since the loop's start; it never goes down.
@frozen
public enum LoopCounter: Int, CaseIterable, Sendable {
    case connectionsAccepted
    /// Request heads that were understood.
    case requests
    /// Final answers to clients by class; 1xx is not counted, nor is an exchange without one.
    case responses2xx
    case responses3xx
    case responses4xx
    case responses5xx
    /// Answered 400 by us.
    case badRequests
    /// Answered 408 by us.
    case requestTimeouts
    /// Answered 431 by us.
    case headersTooLarge
    /// Connections to servers begun.
    case upstreamConnects
    /// Exchanges over a connection that was there already.
    case upstreamReuses
    /// Connections to servers that failed, or ended in the middle of an answer.
    case upstreamFailures
    /// Servers that were silent too long.
    case upstreamTimeouts
    /// Bytes from clients.
    case bytesIn
    /// Bytes to clients.
    case bytesOut
    /// accept(2) that failed.
    case acceptErrors
    /// Access log lines that were thrown away because the log did not keep up.
    case logLinesDropped
    /// Connections that were closed because of their PROXY header, or for want of one.
    case proxyHeaderErrors
    /// Requests that were refused because of a rate limit.
    case rateLimited
    /// Connections to servers for which the system had no port, descriptor or memory.
    case upstreamShortages
    /// Answered 413, 414, 417 by us.
    case bodiesTooLarge
    case targetsTooLong
    case expectationsFailed
    /// Answered 501 or 505 by us.
    case notImplemented
}

/// A quantity as it is now, set by the loop. As with counters, the raw value is a place.
@frozen
public enum LoopGauge: Int, CaseIterable, Sendable {
    case clientConnections
    case exchangesInFlight
    case tunnels
    /// Connections to servers that are kept for a next exchange.
    case upstreamIdle
}
