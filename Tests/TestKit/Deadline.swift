// Waiting in tests: always for something, never longer than said, never a bare sleep.

internal import Foundation

/// A point in time after which a test gives up.
public struct Deadline: Sendable {
    private let end: ContinuousClock.Instant

    /// That many seconds from now.
    public init(seconds: Double) {
        end = ContinuousClock.now + .milliseconds(Int64(seconds * 1000))
    }

    /// Whether it has passed.
    public var isOver: Bool { ContinuousClock.now >= end }

    /// 0 and more, rounded up, for poll(2).
    public var remainingMilliseconds: Int32 {
        let left = (end - ContinuousClock.now).milliseconds
        return Int32(clamping: max(0, Int64(left.rounded(.up))))
    }
}

/// What a test waited for and did not get.
public struct WaitExpired: Error, CustomStringConvertible {
    public let description: String

    public init(_ what: String, seconds: Double) {
        description = "waited \(seconds) s for \(what)"
    }
}

/// Asks again and again, at first every 2 ms, later every 20 ms, until `condition` gives a value.
public func eventually<Value>(
    _ what: String, within seconds: Double = 10, _ condition: () throws -> Value?
) throws -> Value {
    let deadline = Deadline(seconds: seconds)
    var pauseMilliseconds = 2.0
    while true {
        if let value = try condition() { return value }
        if deadline.isOver { throw WaitExpired(what, seconds: seconds) }
        Thread.sleep(forTimeInterval: pauseMilliseconds / 1000)
        pauseMilliseconds = min(20, pauseMilliseconds * 1.5)
    }
}

/// The same for a condition that is only true or false.
public func eventually(
    _ what: String, within seconds: Double = 10, isTrue condition: () throws -> Bool
) throws {
    _ = try eventually(what, within: seconds) { try condition() ? true : nil }
}

/// Fails if `condition` stops holding while it is watched: for what must not happen.
public func holds(
    _ what: String, for seconds: Double, _ condition: () throws -> Bool
) throws {
    let deadline = Deadline(seconds: seconds)
    while !deadline.isOver {
        guard try condition() else { throw WaitExpired("the opposite of: \(what)", seconds: 0) }
        Thread.sleep(forTimeInterval: 0.01)
    }
}

/// A stopwatch.
public struct Elapsed: Sendable {
    private let start = ContinuousClock.now

    public init() {}

    public var milliseconds: Double { (ContinuousClock.now - start).milliseconds }
}

extension Duration {
    /// As a number, for arithmetic of measurements.
    public var milliseconds: Double {
        let parts = components
        return Double(parts.seconds) * 1e3 + Double(parts.attoseconds) / 1e15
    }
}
