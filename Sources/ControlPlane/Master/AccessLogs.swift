// Where the workers of each generation write their access log, and the way to a new file: logrotate
// renames the old one, asks for it, and every worker that lives, leavers too, is sent a new
// descriptor. Confined to the loop; opening is `DiskWork`'s.

internal import Logging
internal import Model
internal import Supervisor
internal import Syscalls

/// A log that was opened anew for the workers of a generation.
final class OpenedLog: Sendable {
    let generation: Int
    /// As a person names it.
    let name: String
    let descriptor: FileDescriptor

    init(generation: Int, name: String, descriptor: consuming FileDescriptor) {
        self.generation = generation
        self.name = name
        self.descriptor = descriptor
    }
}

/// What was opened, and the first thing that could not be.
struct LogOpening: Sendable {
    var opened: [OpenedLog] = []
    var failure: ReloadFailure?
}

final class AccessLogs {
    typealias Reply = CheckedContinuation<LogReopening, any Error>

    private struct Entry {
        /// Nil while what the generation needs is being opened.
        var settings: LogSettings?
        /// Asked for meanwhile: what was opened may be the old file.
        var mustReopen = false
    }
    private var entries: [Int: Entry] = [:]
    private let workers: WorkerTable
    private let disk: DiskWork
    private let log: MasterLog

    init(workers: WorkerTable, disk: DiskWork, log: MasterLog) {
        self.workers = workers
        self.disk = disk
        self.log = log
    }

    /// Its material is going to be made.
    func willStart(_ generation: Int) { entries[generation] = Entry() }

    /// Its workers were sent their descriptors.
    func didStart(_ generation: Int, _ settings: LogSettings) {
        let mustReopen = entries[generation]?.mustReopen == true
        entries[generation] = Entry(settings: settings)
        if mustReopen { disk.openLogs([generation: settings], nil) }
    }

    /// No worker of it is left.
    func forget(_ generation: Int) { entries[generation] = nil }

    /// Opens every log anew; `didOpen` is told.
    func reopen(_ reply: Reply) {
        for generation in entries.keys where entries[generation]?.settings == nil {
            entries[generation]?.mustReopen = true
        }
        disk.openLogs(entries.compactMapValues(\.settings), reply)
    }

    /// Hands the new descriptors out, and tells who asked.
    func didOpen(_ opening: LogOpening, _ reply: Reply?) {
        var result = LogReopening()
        for opened in opening.opened {
            result.workers += workers.reopenLog(
                of: opened.generation, to: opened.descriptor.rawValue)
        }
        result.destinations = Set(opening.opened.map(\.name)).sorted()
        log.logger.info(
            "access logs opened anew",
            metadata: [
                "destinations": "\(result.destinations.joined(separator: " "))",
                "workers": "\(result.workers)",
            ])
        if let failure = opening.failure {
            log.logger.error("access log not opened anew", metadata: ["why": "\(failure.detail)"])
            reply?.resume(throwing: MasterError.logFailed(failure.detail))
        } else {
            reply?.resume(returning: result)
        }
    }
}

extension DiskWork {
    /// Opens the logs of generations anew, on the thread of the starts: after those that were opened
    /// before. What needs no opening is left out.
    func openLogs(_ settings: [Int: LogSettings], _ reply: AccessLogs.Reply?) {
        onStartThread { [self] in
            var opening = LogOpening()
            for (generation, settings) in settings.sorted(by: { $0.key < $1.key }) {
                guard let name = AccessLogFile.name(settings) else { continue }
                do {
                    guard let descriptor = try AccessLogFile.open(settings) else { continue }
                    opening.opened.append(
                        OpenedLog(generation: generation, name: name, descriptor: descriptor))
                } catch let failure as ReloadFailure {
                    opening.failure = opening.failure ?? failure
                } catch {
                    opening.failure =
                        opening.failure
                        ?? ReloadFailure(code: "access-log-failed", detail: "\(error)")
                }
            }
            if !post(.logsOpened(opening, reply)) {
                reply?.resume(throwing: MasterError.stopped)
            }
        }
    }
}
