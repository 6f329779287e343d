// Tells systemd what a `ServiceNotice` says. Owns a thread of its own: sd_notify(3) waits while the
// receiver's buffer is full, and the master's loop must not. What is not sent yet is replaced by
// what is newer, so nothing grows. Any thread.

internal import CSystemd
internal import Clock
internal import Glibc
internal import Synchronization
internal import Syscalls

final class SystemdNotifier: Sendable {
    private struct State {
        var wanted = ServiceNotice()
        var sent = ServiceNotice()
        var isSending = false
    }
    private let state = Mutex(State())
    private let thread: WorkThread
    private let send: @Sendable (String) -> Void

    /// Nil where nobody listens: NOTIFY_SOCKET is not set.
    convenience init?() throws(SystemError) {
        guard Self.isWanted else { return nil }
        try self.init(send: Self.notify)
    }

    init(send: @escaping @Sendable (String) -> Void) throws(SystemError) {
        thread = try WorkThread(name: "systemd")
        self.send = send
    }

    /// What is to be known from now on; returns at once.
    func update(_ notice: ServiceNotice) {
        let mustStart = state.withLock { state in
            if state.wanted == notice { return false }
            state.wanted = notice
            defer { state.isSending = true }
            return !state.isSending
        }
        if mustStart { thread.async { self.sendAll() } }
    }

    /// Waits until all was sent, at most this long: for the program's end.
    func flush(atMost limit: Duration) {
        thread.sync(atMost: limit) {}
    }

    /// For a program that ends before there is a master. Waits at most a second.
    static func reportFailure(_ why: String) {
        guard isWanted else { return }
        var notice = ServiceNotice()
        notice.status = ServiceStatus.cannotStart(why)
        guard let notifier = try? SystemdNotifier(send: notify) else { return }
        notifier.update(notice)
        notifier.flush(atMost: .seconds(1))
    }

    private func sendAll() {
        while true {
            let messages = state.withLock { state in
                let now = Instant.now().nanoseconds / 1000
                let messages = state.wanted.messages(
                    since: state.sent, monotonicMicroseconds: now)
                state.sent = state.wanted
                if messages.isEmpty { state.isSending = false }
                return messages
            }
            if messages.isEmpty { return }
            for message in messages { send(message) }
        }
    }

    private static var isWanted: Bool {
        // SAFETY: the name is a constant; nobody changes our environment.
        unsafe getenv("NOTIFY_SOCKET") != nil
    }

    private static func notify(_ message: String) {
        // Failing is of no consequence: systemd acts on what it does not hear.
        // SAFETY: the string is valid during the call.
        _ = unsafe message.withCString { unsafe sd_notify(0, $0) }
    }
}
