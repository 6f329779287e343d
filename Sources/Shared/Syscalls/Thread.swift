// Threads (pthreads(7)) and the cores a process may use. Swift's own concurrency runs nowhere in a
// worker: a loop owns its thread for life.

internal import CLinux

/// Starting a thread that ends with its body.
public enum Thread {
    /// Starts a detached thread that takes no signal. `name` shows in `top -H`, 15 bytes at most.
    /// The body's captures are released when it returns. Throws `EAGAIN` when no thread can be had.
    public static func start(
        name: String, _ body: @escaping @Sendable () -> Void
    ) throws(SystemError) {
        let start = unsafe Unmanaged.passRetained(ThreadStart(body: body))
        // SAFETY: the reference passes to `threadEntry`, or is given back where none will run.
        let result = unsafe name.withCString { name in
            unsafe clinux_thread(name, threadEntry, start.toOpaque())
        }
        guard result == 0 else {
            unsafe start.release()
            throw SystemError(call: "pthread_create", errno: -result)
        }
    }

    /// The calling thread runs where others of this machine leave it time (setpriority(2), which is of
    /// a thread in Linux).
    public static func yieldToOthers() {
        _ = clinux_lower_priority()
    }

    /// Cores that this process may run on (sched_setaffinity(2)), at least 1.
    public static func availableCores() -> Int {
        max(1, Int(clinux_available_cores()))
    }
}

private final class ThreadStart: Sendable {
    let body: @Sendable () -> Void

    init(body: @escaping @Sendable () -> Void) {
        self.body = body
    }
}

/// A plain function: a closure literal in a main file would be bound to the main actor.
private func threadEntry(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument = unsafe argument else { return nil }
    // SAFETY: `Thread.start` passed one retained reference of this type.
    unsafe Unmanaged<ThreadStart>.fromOpaque(argument).takeRetainedValue().body()
    return nil
}
