// A queue with a thread of its own, there from the start. Dispatch makes threads when it needs them,
// and where the system has none to give it waits in the caller: that caller would be the master's
// loop. Any thread orders; bodies run one after the other.

internal import Foundation
internal import Syscalls

final class WorkThread: Sendable {
    private let queue = Queue()

    /// Throws where the system has no thread left. The thread ends when this value does, after
    /// what was ordered.
    init(name: String) throws(SystemError) {
        try Thread.start(name: name) { [queue] in
            while let body = queue.next() { body() }
        }
    }

    deinit { queue.end() }

    /// Orders `body`; returns at once.
    func async(_ body: @escaping @Sendable () -> Void) {
        queue.append(body)
    }

    /// Orders `body` and waits for it; not from the thread itself.
    func sync<Value: Sendable>(
        _ body: @escaping @Sendable () throws -> Value
    ) throws -> Value {
        let answer = Answer<Value>()
        queue.append { answer.set(Result(catching: body)) }
        return try answer.wait().get()
    }

    /// Orders `body` and waits for it, at most this long; whether it was done.
    @discardableResult
    func sync(atMost limit: Duration, _ body: @escaping @Sendable () -> Void) -> Bool {
        let answer = Answer<Void>()
        queue.append { answer.set(Result { body() }) }
        return answer.wait(atMost: limit)
    }

    /// What waits, under one lock.
    private final class Queue: @unchecked Sendable {
        // SAFETY: Sendable, because everything is touched under the condition's lock only.
        private let condition = NSCondition()
        private var waiting: [@Sendable () -> Void] = []
        private var isEnding = false

        func append(_ body: @escaping @Sendable () -> Void) {
            condition.withLock {
                waiting.append(body)
                condition.signal()
            }
        }

        func end() {
            condition.withLock {
                isEnding = true
                condition.signal()
            }
        }

        /// Waits for the next one; nil at the end.
        func next() -> (@Sendable () -> Void)? {
            condition.withLock {
                while waiting.isEmpty && !isEnding { condition.wait() }
                return waiting.isEmpty ? nil : waiting.removeFirst()
            }
        }
    }

    /// A value that one thread sets once and another waits for.
    private final class Answer<Value: Sendable>: @unchecked Sendable {
        // SAFETY: as in `Queue`.
        private let condition = NSCondition()
        private var value: Result<Value, any Error>?

        func set(_ result: Result<Value, any Error>) {
            condition.withLock {
                value = result
                condition.broadcast()
            }
        }

        func wait() -> Result<Value, any Error> {
            condition.withLock {
                while true {
                    if let value { return value }
                    condition.wait()
                }
            }
        }

        func wait(atMost limit: Duration) -> Bool {
            let seconds =
                Double(limit.components.seconds) + Double(limit.components.attoseconds) / 1e18
            let deadline = Date(timeIntervalSinceNow: seconds)
            return condition.withLock {
                while value == nil, condition.wait(until: deadline) {}
                return value != nil
            }
        }
    }
}
