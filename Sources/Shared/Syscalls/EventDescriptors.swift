// Descriptors that stand for events: a poke from another thread (eventfd), a time (timerfd),
// a signal (signalfd). All are non-blocking and close-on-exec.

internal import CLinux
internal import Glibc

/// eventfd(2): wakes the loop that waits for input on it. `signal` from any thread.
public struct EventDescriptor: ~Copyable, Sendable {
    private let descriptor: FileDescriptor

    public init() throws(SystemError) {
        descriptor = FileDescriptor(owning: try check(clinux_eventfd(), "eventfd"))
    }

    /// To be added to a poll set.
    public var rawValue: Int32 { descriptor.rawValue }

    /// Makes the descriptor readable until the next `clear`.
    public borrowing func signal() throws(SystemError) {
        try check(clinux_eventfd_signal(descriptor.rawValue), "write eventfd")
    }

    /// Makes it unreadable and returns how often it was signalled since the last time.
    @discardableResult
    public borrowing func clear() throws(SystemError) -> UInt64 {
        var count: UInt64 = 0
        // SAFETY: the callee writes the word during the call only.
        try check(unsafe clinux_eventfd_clear(descriptor.rawValue, &count), "read eventfd")
        return count
    }
}

/// timerfd(2) on CLOCK_MONOTONIC: readable from one point of time on. The owner's thread.
public struct TimerDescriptor: ~Copyable, Sendable {
    private let descriptor: FileDescriptor

    public init() throws(SystemError) {
        descriptor = FileDescriptor(owning: try check(clinux_timerfd(), "timerfd_create"))
    }

    /// To be added to a poll set.
    public var rawValue: Int32 { descriptor.rawValue }

    /// Replaces the time: monotonic nanoseconds (`Clock.Instant.nanoseconds`). A time in the past
    /// makes the descriptor readable at once.
    public borrowing func arm(atNanoseconds time: UInt64) throws(SystemError) {
        let atLeastOne = max(1, Int64(clamping: time))
        try check(clinux_timerfd_arm(descriptor.rawValue, atLeastOne), "timerfd_settime")
    }

    /// Waits for nothing any more.
    public borrowing func disarm() throws(SystemError) {
        try check(clinux_timerfd_arm(descriptor.rawValue, 0), "timerfd_settime")
    }

    /// Makes it unreadable; whether the time had come.
    @discardableResult
    public borrowing func clear() throws(SystemError) -> Bool {
        var count: UInt64 = 0
        // SAFETY: the callee writes the word during the call only.
        try check(unsafe clinux_timerfd_clear(descriptor.rawValue, &count), "read timerfd")
        return count > 0
    }
}

/// signalfd(2): signals as input of a loop instead of interruptions.
public struct SignalDescriptor: ~Copyable, Sendable {
    private let descriptor: FileDescriptor

    /// A signal that came, and who sent it.
    public struct Received: Sendable, Equatable {
        /// SIGTERM and so on.
        public var signal: Int32
        /// The sender's process id; 0 for the kernel.
        public var senderPID: Int32

        public init(signal: Int32, senderPID: Int32) {
            self.signal = signal
            self.senderPID = senderPID
        }
    }

    /// Blocks `signals` in the calling thread, and so in every thread that it starts later. Call it
    /// in the main thread before any other is started.
    public init(blocking signals: [Int32]) throws(SystemError) {
        // SAFETY: the array is valid for the closure's time; the callee keeps no pointer.
        let fd = unsafe signals.withUnsafeBufferPointer {
            unsafe clinux_signalfd($0.baseAddress, $0.count)
        }
        descriptor = FileDescriptor(owning: try check(fd, "signalfd"))
    }

    /// To be added to a poll set.
    public var rawValue: Int32 { descriptor.rawValue }

    /// The next signal, or nil if none waits. Several of one kind may be merged into one.
    public borrowing func next() throws(SystemError) -> Received? {
        var received = Received(signal: 0, senderPID: 0)
        // SAFETY: the callee writes both words during the call only.
        let result = unsafe clinux_signalfd_read(
            descriptor.rawValue, &received.signal, &received.senderPID)
        if result == -EAGAIN { return nil }
        try check(result, "read signalfd")
        return received
    }

    /// Ignores a signal in the whole process (SIGPIPE). Children spawned by `ChildProcess` do not
    /// inherit that.
    public static func ignore(_ signal: Int32) throws(SystemError) {
        try check(clinux_ignore_signal(signal), "sigaction")
    }
}
