// The master as a service of systemd: `ServiceState` decides what is told, `SystemdNotifier` tells
// it. Confined to the loop; nothing here waits, except `finish`.

internal import CSystemd
internal import Clock
internal import Glibc
internal import Supervisor
internal import Syscalls

/// Why a start failed, in words, for whoever supervises the program: shown by `systemctl status`.
/// Without NOTIFY_SOCKET nothing happens. Waits at most a second.
public func reportStartFailure(_ why: String) {
    SystemdNotifier.reportFailure(why)
}

final class SystemdService {
    private var state: ServiceState
    private let notifier: SystemdNotifier

    init(notifier: SystemdNotifier, watchdog: Duration?, earlierReloads: [ReloadRecord]) {
        self.notifier = notifier
        state = ServiceState(watchdog: watchdog, earlierReloads: earlierReloads)
    }

    /// Nil unless systemd, or another supervisor that speaks its protocol, started us.
    static func detect(
        earlierReloads: [ReloadRecord]
    ) throws(SystemError) -> SystemdService? {
        try SystemdNotifier().map {
            SystemdService(
                notifier: $0, watchdog: watchdogPeriod, earlierReloads: earlierReloads)
        }
    }

    func didChange(_ facts: ServiceState.Facts) {
        state.didChange(facts)
        notifier.update(state.notice)
    }

    func didSee(_ event: SupervisorEvent, at now: Instant) {
        if case .workerProgressed(let worker) = event { state.didProgress(worker, at: now) }
    }

    func didTurn(at now: Instant) {
        state.didTurn(at: now)
        notifier.update(state.notice)
    }

    /// The program ends.
    func finish() { notifier.flush(atMost: .milliseconds(500)) }

    /// WATCHDOG_USEC, if WATCHDOG_PID is ours (sd_watchdog_enabled(3)).
    private static var watchdogPeriod: Duration? {
        var microseconds: UInt64 = 0
        // SAFETY: the callee writes the word during the call only.
        guard unsafe sd_watchdog_enabled(0, &microseconds) > 0 else { return nil }
        return .microseconds(Int64(clamping: microseconds))
    }
}
