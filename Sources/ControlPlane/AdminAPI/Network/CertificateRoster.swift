// The certificates that the admin API shows, for metrics and for those who want to know in time that
// one ends. Any thread.

import Clock
import Logging
import Master
import Synchronization

final class CertificateRoster: Sendable {
    /// How often somebody looks whether a notice is due.
    static let lookPeriod = Duration.seconds(60)

    private struct Entry {
        /// RFC 6901: the field of the configuration that names the chain.
        var pointer: String
        var life: @Sendable () -> CertificateLife
        var notices = ExpiryNotices()
    }
    private let entries = Mutex<[Entry]>([])

    /// - Parameter life: of the chain that is shown now; may wait for the disk.
    func add(_ pointer: String, _ life: @escaping @Sendable () -> CertificateLife) {
        entries.withLock { $0.append(Entry(pointer: pointer, life: life)) }
    }

    /// In the order in which they were added.
    var all: [(pointer: String, life: CertificateLife)] {
        entries.withLock { $0 }.map { ($0.pointer, $0.life()) }
    }

    /// Notices that are due and were not given before.
    func takeNotices(at now: WallTime) -> [ExpiryNotice] {
        let lives = all.map(\.life)
        return entries.withLock { entries in
            zip(entries.indices, lives).compactMap { index, life in
                entries[index].notices.next(life, at: now).map { days in
                    ExpiryNotice(
                        pointer: entries[index].pointer, notAfter: life.notAfter, days: days)
                }
            }
        }
    }

    /// Gives notices as events and in the log, until the task is cancelled.
    func watch(for port: any ControlPort, logger: Logger) async {
        while !Task.isCancelled {
            for notice in takeNotices(at: .now()) {
                port.tell(notice)
                logger.warning(
                    notice.days == 0
                        ? "a certificate of the admin API has expired"
                        : "a certificate of the admin API expires soon",
                    metadata: [
                        "pointer": "\(notice.pointer)", "not_after": "\(notice.notAfter.rfc3339)",
                    ])
            }
            // Of the time that passes while a machine sleeps, too, a period is told late at most.
            try? await Task.sleep(for: Self.lookPeriod)
        }
    }
}
