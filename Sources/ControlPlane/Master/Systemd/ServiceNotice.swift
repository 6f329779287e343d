// What systemd is to know of us, as a value, and which messages lead it there from what it was
// told last. Pure: no clock, no socket. Sent by `SystemdNotifier`, made by `ServiceState`.

/// The whole of what sd_notify(3) can say. However many of these are skipped because the receiver
/// is slow, the messages to the newest one are true, in order and few.
struct ServiceNotice: Sendable, Equatable {
    enum Phase: Sendable, Equatable {
        /// No generation has served yet.
        case starting
        case ready
        /// A reload by request runs or waits.
        case reloading
        case stopping
    }

    /// A reload or start may take this much longer from each request for more time.
    static let extensionMicroseconds = 30_000_000

    var phase = Phase.starting
    /// Reloads by request that began so far. Each is told, also one that is over already: with
    /// Type=notify-reload systemd waits for it.
    var reloadCount = 0
    /// For `systemctl status`.
    var status = ""
    /// Signs of life so far.
    var beatCount = 0
    /// Requests for more time so far.
    var extensionCount = 0

    /// Messages, in order, after which systemd knows what `self` says.
    /// - Parameter monotonicMicroseconds: CLOCK_MONOTONIC now, for RELOADING=1.
    func messages(since sent: ServiceNotice, monotonicMicroseconds: UInt64) -> [String] {
        var messages = transitions(from: sent, monotonicMicroseconds)
        if status != sent.status {
            // With the last transition, so that both are seen at once.
            messages.append((messages.popLast().map { $0 + "\n" } ?? "") + "STATUS=\(status)")
        }
        if extensionCount != sent.extensionCount {
            messages.append("EXTEND_TIMEOUT_USEC=\(Self.extensionMicroseconds)")
        }
        if beatCount != sent.beatCount { messages.append("WATCHDOG=1") }
        return messages
    }

    private func transitions(from sent: ServiceNotice, _ now: UInt64) -> [String] {
        switch phase {
        case .starting: return []
        case .stopping: return sent.phase == .stopping ? [] : ["STOPPING=1"]
        case .ready, .reloading:
            var messages: [String] = []
            if sent.phase == .starting { messages.append("READY=1") }
            let hasBegun = reloadCount != sent.reloadCount
            if hasBegun { messages.append("RELOADING=1\nMONOTONIC_USEC=\(now)") }
            // A RELOADING=1 without its READY=1 would leave the unit reloading for ever.
            if phase == .ready && (hasBegun || sent.phase == .reloading) {
                messages.append("READY=1")
            }
            return messages
        }
    }
}
