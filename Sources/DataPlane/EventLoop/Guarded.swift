// State that several threads share, behind a lock. A POSIX mutex rather than Synchronization's: that
// one is invisible to ThreadSanitizer, which then reports races where there are none and could not
// find those that are. Cold paths only; the data path shares nothing.

internal import Glibc

/// A value that is only touched under its lock.
@safe
final class Guarded<State>: @unchecked Sendable {
    // SAFETY: Sendable, because `state` is touched in `withLock` only.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private var state: State

    init(_ state: State) {
        self.state = state
        unsafe mutex = .allocate(capacity: 1)
        unsafe mutex.initialize(to: pthread_mutex_t())
        unsafe pthread_mutex_init(mutex, nil)
    }

    deinit {
        // SAFETY: allocated in `init`; the last reference is gone, so nobody holds the lock.
        unsafe pthread_mutex_destroy(mutex)
        unsafe mutex.deallocate()
    }

    /// Runs `body` with the state, alone. It must not wait, nor take the same lock again.
    func withLock<Result>(_ body: (inout State) -> Result) -> Result {
        // SAFETY: the mutex lives as long as self; it is unlocked by the thread that locked it.
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        return body(&state)
    }
}
