// What the master says about itself: supervisor reports, reload results, workers' words. Words and
// keys only; nothing is decided here. The loop's.

internal import Clock
internal import Glibc
internal import Logging
internal import Model
internal import SharedState
internal import Store
internal import Supervisor
internal import Syscalls

final class MasterLog: Sendable {
    private let log: EventLog

    init(_ log: EventLog) {
        self.log = log
    }

    var logger: Logger { log.logger }

    /// From a configuration; in force at once.
    func set(level: LogSettings.Level) {
        switch level {
        case .debug: log.level = .debug
        case .info: log.level = .info
        case .warning: log.level = .warning
        case .error: log.level = .error
        }
    }

    func report(_ report: SupervisorReport) {
        switch report {
        case .generationReady(let number):
            logger.info("generation ready", metadata: generation(number))
        case .generationServing(let number):
            logger.info("generation serving", metadata: generation(number))
        case .generationLeaving(let number, let reloads):
            logger.info(
                "generation leaving", metadata: generation(number, ["reloads": "\(reloads)"]))
        case .generationSignalled(let number, let reason):
            logger.info(
                "generation got SIGTERM",
                metadata: generation(number, ["reason": "\(reason.rawValue)"])
            )
        case .generationExited(let number, let exit, let expected):
            logger.log(
                level: expected ? .info : .warning, "generation exited",
                metadata: generation(number, ["exit": "\(words(exit))", "expected": "\(expected)"]))
        case .generationCrashed(let number, let exit, let delay):
            logger.error(
                "generation crashed",
                metadata: generation(
                    number, ["exit": "\(words(exit))", "restart_after_ms": "\(delay)"]))
        case .workerStuck(let worker):
            logger.error("worker made no progress and is killed", metadata: ["worker": "\(worker)"])
        case .workerViolated(let worker, let what):
            logger.error(
                "worker broke the control protocol and is killed",
                metadata: ["worker": "\(worker)", "what": "\(what)"])
        case .startsFromLastGood(let revision):
            logger.error(
                "the configuration is not valid: the last good revision is started",
                metadata: ["revision": "\(revision)"])
        case .rolledBack(let from, let to):
            logger.error(
                "rolled back", metadata: ["from_revision": "\(from)", "to_revision": "\(to)"])
        }
    }

    func finished(_ reload: ReloadRecord) {
        var metadata: Logger.Metadata = [
            "id": "\(reload.id)", "status": "\(reload.status.rawValue)",
            "source": "\(reload.trigger.source.rawValue)",
            "principal": "\(reload.trigger.principal)",
        ]
        metadata["generation"] = reload.toGeneration.map { "\($0)" }
        metadata["revision"] = reload.revision.map { "\($0)" }
        metadata["ms"] = reload.durationMilliseconds.map { "\($0)" }
        metadata["superseded_by"] = reload.supersededBy.map { "\($0)" }
        if let failure = reload.failure {
            metadata["code"] = "\(failure.code)"
            metadata["detail"] = "\(failure.detail)"
            metadata["pointer"] = failure.pointer.map { "\($0)" }
            for problem in failure.problems { logger.error("\(Self.line(problem))") }
        }
        let level: Logger.Level = reload.status == .failed ? .error : .info
        logger.log(level: level, "reload finished", metadata: metadata)
    }

    func report(_ wish: ServerWish) {
        var metadata: Logger.Metadata = [
            "backend": "\(wish.backend)", "server": "\(wish.server)", "by": "\(wish.principal)",
        ]
        switch wish.adminState {
        case .keep: break
        case .configured: metadata["admin_state"] = "configured"
        case .value(let state): metadata["admin_state"] = "\(state.apiName)"
        }
        if wish.address != .keep { metadata["address"] = "\(wish.address)" }
        if wish.weight != .keep { metadata["weight"] = "\(wish.weight)" }
        if wish.maxConnections != .keep { metadata["max_connections"] = "\(wish.maxConnections)" }
        logger.info("server changed", metadata: metadata)
    }

    func report(_ change: NameChange) {
        var metadata: Logger.Metadata = ["name": "\(change.name)"]
        metadata["address"] = change.address.map { "\($0)" }
        guard let failure = change.failure else {
            logger.notice(
                change.hasMoved ? "servers of this name are here now" : "a name is found again",
                metadata: metadata)
            return
        }
        logger.warning(
            change.address == nil
                ? "a name is not found, its servers take no traffic"
                : "a name is not found, its servers stay where they are",
            metadata: metadata.merging(["reason": "\(failure.rawValue)"]) { _, new in new })
    }

    /// What an earlier life was told of servers.
    func remembers(_ overrides: [ServerOverride]) {
        if overrides.isEmpty { return }
        let names = overrides.prefix(10).map { "\($0.backend)/\($0.server)" }
        let more = overrides.count > names.count ? ", and others" : ""
        logger.notice(
            "what was wanted of servers before the master ended holds",
            metadata: [
                "count": "\(overrides.count)",
                "servers": "\(names.joined(separator: ", "))\(more)",
            ])
    }

    func report(_ override: DroppedOverride) {
        logger.warning(
            "a new configuration goes before what was wanted of a server",
            metadata: [
                "backend": "\(override.backend)", "server": "\(override.server)",
                "fields": "\(override.fields.joined(separator: ","))",
            ])
    }

    func report(_ server: RemovedServer) {
        logger.info(
            "a server was removed, its sessions end",
            metadata: ["backend": "\(server.backend)", "server": "\(server.name)"])
    }

    func report(_ change: ServerChange) {
        var metadata: Logger.Metadata = [
            "backend": "\(change.server.backend)", "server": "\(change.server.name)",
            "old": "\(change.old.rawValue)", "new": "\(change.new.rawValue)",
            "reason": "\(change.reason)",
        ]
        metadata["code"] = change.server.check?.finding.status.map { "\($0)" }
        metadata["latency_us"] = change.server.check.map { "\($0.lastMicroseconds)" }
        metadata["ejected_for_ms"] = change.server.ejectedForMilliseconds.map { "\($0)" }
        let level: Logger.Level = change.new == .up || change.new == .noCheck ? .info : .warning
        logger.log(level: level, "server health", metadata: metadata)
    }

    /// Which leaves it running (EPERM: it is of another user, and we may not).
    func cannotSignal(_ worker: WorkerID, pid: Int32, _ signal: Int32, _ error: SystemError) {
        logger.error(
            "a worker could not be signalled and runs on",
            metadata: [
                "generation": "\(worker.generation)", "worker": "\(worker.index)",
                "pid": "\(pid)", "signal": "\(signal)", "error": "\(error)",
            ])
    }

    func askedOrphans(_ pids: [Int32], toRelease place: ListenPlace) {
        logger.warning(
            "workers of an earlier master are asked to release their listeners",
            metadata: [
                "address": "\(place)",
                "pids": "\(pids.map { "\($0)" }.joined(separator: ","))",
            ])
    }

    func starts(_ options: MasterOptions, instanceID: String) {
        logger.notice(
            "master starts",
            metadata: [
                "version": "\(options.version)", "instance": "\(instanceID)",
                "pid": "\(getpid())", "state_directory": "\(options.stateDirectory)",
                "configuration": "\(options.configurationPath ?? "embedded")",
            ])
    }

    func received(_ activation: SocketActivation.Received) {
        for name in activation.refused {
            logger.warning("no listening TCP socket: closed", metadata: ["passed": "\(name)"])
        }
        for socket in activation.sockets {
            logger.info(
                "\(socket.name == nil ? "listening socket passed" : "socket passed by systemd")",
                metadata: metadata(of: socket))
        }
    }

    private func metadata(of socket: InheritedSocket) -> Logger.Metadata {
        let address: Logger.Metadata = ["address": "\(socket.address)"]
        return socket.name.map { address.adding("name", $0) }
            ?? address.adding("descriptor", socket.number)
    }

    func isIdle(_ socket: InheritedSocket) {
        let origin = socket.name == nil ? "that was passed" : "passed by systemd"
        logger.warning(
            "no frontend binds a socket \(origin): who connects to it waits",
            metadata: metadata(of: socket))
    }

    func workerOutput(_ output: OutputTail.Output, of worker: WorkerID) {
        let metadata: Logger.Metadata = [
            "generation": "\(worker.generation)", "worker": "\(worker)",
        ]
        if output.droppedBefore > 0 {
            logger.warning(
                "worker prints too much", metadata: metadata.adding("dropped", output.droppedBefore)
            )
        }
        for line in output.lines {
            logger.info("worker said", metadata: metadata.adding("line", line))
        }
    }

    /// On SIGQUIT: everything, for a report of a fault.
    func dump(_ snapshot: MasterSnapshot, crashesInSeries: Int, nextDeadline: Instant?) {
        logger.notice(
            "state",
            metadata: [
                "instance": "\(snapshot.instanceID)", "version": "\(snapshot.version)",
                "serving": "\(words(snapshot.serving))",
                "desired_revision": "\(words(snapshot.desiredRevision))",
                "applied_revision": "\(words(snapshot.appliedRevision))",
                "crashes_in_series": "\(crashesInSeries)",
                "next_deadline_ns": "\(words(nextDeadline?.nanoseconds))",
                "stopping": "\(snapshot.shuttingDown)",
            ])
        for generation in snapshot.generations {
            let pids = generation.workers.map { words($0.pid) }.joined(separator: ",")
            logger.notice(
                "state of a generation",
                metadata: self.generation(
                    generation.generation,
                    [
                        "status": "\(generation.status.rawValue)",
                        "phase": "\(generation.phase.rawValue)", "pids": "\(pids)",
                        "revision": "\(generation.plan.revision)",
                        "reloads": "\(generation.reloads)",
                        "sigterm_sent": "\(generation.sigtermSent)",
                    ]))
        }
        for listener in snapshot.listeners {
            logger.notice(
                "state of a listener",
                metadata: [
                    "listener": "\(listener.id)", "address": "\(listener.address)",
                    "frontend": "\(listener.frontend)", "phase": "\(listener.phase)",
                ])
        }
        for reload in snapshot.reloads.prefix(5) {
            logger.notice(
                "state of a reload",
                metadata: [
                    "id": "\(reload.id)", "status": "\(reload.status.rawValue)",
                    "step": "\(reload.steps.last?.name.rawValue ?? "none")",
                ])
        }
    }

    /// `file:line:col: error: text (pointer)`, which editors parse.
    private static func line(_ problem: ReloadFailure.Problem) -> String {
        let place = "\(problem.file):\(problem.line):\(problem.column)"
        let meant = problem.suggestion.map { ", did you mean \"\($0)\"?" } ?? ""
        let pointer = problem.pointer.isEmpty ? "" : " (\(problem.pointer))"
        return "\(place): \(problem.severity): \(problem.message)\(meant)\(pointer)"
    }

    private func generation(
        _ number: Int, _ more: Logger.Metadata = [:]
    ) -> Logger.Metadata {
        more.merging(["generation": "\(number)"]) { _, own in own }
    }

    private func words(_ exit: WorkerExit?) -> String {
        guard let exit else { return "unknown" }
        if let signal = exit.signal { return "signal \(signal)" }
        return "code \(words(exit.code))"
    }

    private func words<Value>(_ value: Value?) -> String {
        value.map { "\($0)" } ?? "none"
    }
}

extension Logger.Metadata {
    fileprivate func adding(_ key: String, _ value: some CustomStringConvertible) -> Self {
        merging([key: "\(value)"]) { _, new in new }
    }
}
