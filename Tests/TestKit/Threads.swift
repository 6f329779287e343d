// Threads of the load tools: plain blocking code, joined with a deadline.

internal import Foundation
internal import Synchronization

/// Threads that are waited for together.
public final class Threads: Sendable {
    private let running = Mutex(0)

    public init() {}

    /// Runs `body` on a new thread with a small stack.
    public func start(_ body: @escaping @Sendable () -> Void) {
        running.withLock { $0 += 1 }
        let thread = Thread { [self] in
            body()
            running.withLock { $0 -= 1 }
        }
        thread.stackSize = 512 * 1024
        thread.start()
    }

    /// Waits until all have ended.
    public func join(within seconds: Double = 30) throws {
        try eventually("\(running.withLock { $0 }) threads to end", within: seconds) {
            running.withLock { $0 } == 0
        }
    }
}

/// A flag that is raised once.
public final class OnceFlag: Sendable {
    private let state = Atomic(false)

    public init() {}

    public var isSet: Bool { state.load(ordering: .acquiring) }

    /// True for the one call that raised it.
    @discardableResult
    public func set() -> Bool {
        !state.exchange(true, ordering: .acquiringAndReleasing)
    }
}

/// A number that many threads add to.
public final class Counter: Sendable {
    private let count = Atomic(0)

    public init() {}

    public var value: Int { count.load(ordering: .relaxed) }

    @discardableResult
    public func add(_ amount: Int = 1) -> Int {
        count.add(amount, ordering: .relaxed).newValue
    }
}
