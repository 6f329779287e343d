// epoll(7): the poll set of one loop. Used by the loop's own thread; nothing here allocates after
// creation. A shared descriptor is registered by `register`, which takes it away: closing it
// without unregistering does not compile. `add` is for a loop's own connections, closed by it.

public import CLinux
internal import Glibc

/// What to wait for, and what happened (epoll_ctl(2)).
public enum EpollEvents {
    /// Bytes, a connection to accept, or the end of the peer's bytes.
    public static let input: UInt32 = 0x001
    /// Room to write, or a connection made.
    public static let output: UInt32 = 0x004
    /// An error is pending on the socket. Always reported.
    public static let error: UInt32 = 0x008
    /// Both directions are closed. Always reported.
    public static let hangUp: UInt32 = 0x010
    /// The peer will send no more.
    public static let peerHangUp: UInt32 = 0x2000
    /// Wakes one of several loops that wait for the same socket. Only with `add` and `register`.
    public static let exclusive: UInt32 = 1 << 28
    /// Reports a change once instead of a state again and again.
    public static let edgeTriggered: UInt32 = 1 << 31
}

/// One poll set.
public struct Epoll: ~Copyable, Sendable {
    private let descriptor: FileDescriptor

    public init() throws(SystemError) {
        descriptor = FileDescriptor(owning: try check(clinux_epoll_create(), "epoll_create1"))
    }

    /// The poll set's own descriptor: for a poll set of poll sets, and for tests.
    public var rawValue: Int32 { descriptor.rawValue }

    /// Takes a shared descriptor into the set. Where this throws, the descriptor is closed.
    public borrowing func register(
        _ fd: consuming FileDescriptor, events: UInt32, token: UInt64
    ) throws(SystemError) -> Registration {
        try add(fd: fd.rawValue, events: events, token: token)
        return Registration(rawValue: fd.take(), epoll: descriptor.rawValue)
    }

    /// Waits for `events` on a descriptor that the caller owns and removes or closes alone.
    /// `token` comes back with each event.
    public borrowing func add(fd: Int32, events: UInt32, token: UInt64) throws(SystemError) {
        try control(EPOLL_CTL_ADD, fd, events, token, "epoll_ctl add")
    }

    /// Replaces the events and the token of a descriptor in the set.
    public borrowing func modify(fd: Int32, events: UInt32, token: UInt64) throws(SystemError) {
        try control(EPOLL_CTL_MOD, fd, events, token, "epoll_ctl modify")
    }

    /// Takes a descriptor out of the set. Events of the current batch may still name its token.
    public borrowing func remove(fd: Int32) throws(SystemError) {
        try control(EPOLL_CTL_DEL, fd, 0, 0, "epoll_ctl delete")
    }

    /// The same for the set of another thread, by its `rawValue`; epoll_ctl(2) may run beside that
    /// thread's wait. What the wait has fetched already may still name the token.
    /// False: it was not in the set, or there is no such set any more.
    public static func remove(fd: Int32, fromSetOf descriptor: Int32) -> Bool {
        clinux_epoll_control(descriptor, EPOLL_CTL_DEL, fd, 0, 0) == 0
    }

    /// Waits until something happens, at most `timeoutMilliseconds` (0: looks only, -1: for ever),
    /// and returns how many events are now in `events`. A signal ends the wait with none.
    public borrowing func wait(
        into events: borrowing EventBuffer, timeoutMilliseconds: Int32
    ) throws(SystemError) -> Int {
        // SAFETY: the buffer holds `capacity` events and is this loop's alone.
        let count = unsafe clinux_epoll_wait(
            descriptor.rawValue, events.start, Int32(clamping: events.capacity),
            timeoutMilliseconds)
        return Int(try check(count, "epoll_wait"))
    }

    private borrowing func control(
        _ operation: Int32, _ fd: Int32, _ events: UInt32, _ token: UInt64, _ call: StaticString
    ) throws(SystemError) {
        try check(
            clinux_epoll_control(descriptor.rawValue, operation, fd, events, token), "\(call)")
    }
}

/// A descriptor in a poll set. It cannot be closed, only taken out again.
///
/// Dropping it instead would leave an entry behind that nobody can delete any more while another
/// process holds the same socket (epoll(7), questions and answers 6); so that is a fault.
public struct Registration: ~Copyable, Sendable {
    /// The registered descriptor's number, for accept(2) and the like.
    public let rawValue: Int32
    private let epoll: Int32

    init(rawValue: Int32, epoll: Int32) {
        self.rawValue = rawValue
        self.epoll = epoll
    }

    deinit {
        precondition(rawValue < 0, "a registration ended without being unregistered")
    }

    /// Takes the descriptor out of the set it was registered in and gives it back.
    /// Where this throws, the descriptor stays open and registered, owned by nobody.
    public consuming func unregister(
        from epoll: borrowing Epoll
    ) throws(SystemError) -> FileDescriptor {
        precondition(epoll.rawValue == self.epoll, "unregister from the set of the registration")
        let raw = rawValue
        discard self
        try epoll.remove(fd: raw)
        return FileDescriptor(owning: raw)
    }
}

/// Room for the events of one `Epoll.wait`, allocated once.
@safe
public struct EventBuffer: ~Copyable {
    @usableFromInline let start: UnsafeMutablePointer<epoll_event>
    /// How many events one wait returns at most.
    public let capacity: Int

    /// - Parameter capacity: 1…65,536.
    public init(capacity: Int) {
        precondition((1...65_536).contains(capacity), "an event buffer has 1…65,536 places")
        self.capacity = capacity
        unsafe start = .allocate(capacity: capacity)
        unsafe start.initialize(repeating: epoll_event(), count: capacity)
    }

    deinit {
        // SAFETY: allocated in `init`; nobody else frees it.
        unsafe start.deallocate()
    }

    /// The token of the event at `index`, given when its descriptor was added.
    @inlinable
    public func token(_ index: Int) -> UInt64 {
        precondition(index >= 0 && index < capacity)
        // SAFETY: the index was checked; every place was initialized in `init`.
        return unsafe clinux_event_token(start + index)
    }

    /// What happened, a sum of `EpollEvents`.
    @inlinable
    public func bits(_ index: Int) -> UInt32 {
        precondition(index >= 0 && index < capacity)
        // SAFETY: as in `token`.
        return unsafe clinux_event_bits(start + index)
    }
}
