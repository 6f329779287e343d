// The bridge from a command, which is synchronous, to what is not. Main thread only.

import Dispatch
import Synchronization

enum Blocking {
    /// Runs `body` on the concurrent executor and waits for its end.
    static func wait<Value: Sendable>(
        _ body: @escaping @Sendable () async throws -> Value
    ) throws -> Value {
        let outcome = Outcome<Value>()
        let ended = DispatchSemaphore(value: 0)
        Task.detached {
            let result: Result<Value, any Error>
            do {
                result = .success(try await body())
            } catch {
                result = .failure(error)
            }
            outcome.value.withLock { $0 = result }
            ended.signal()
        }
        ended.wait()
        guard let result = outcome.value.withLock({ $0 }) else {
            preconditionFailure("the semaphore was signalled without an outcome")
        }
        return try result.get()
    }

    private final class Outcome<Value: Sendable>: Sendable {
        let value = Mutex<Result<Value, any Error>?>(nil)
    }
}
