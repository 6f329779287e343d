// `apus run`: the master in the foreground. The main thread becomes the master's loop; the admin
// API runs on threads of its own.

import AdminAPI
import ArgumentParser
import ConfigurationLanguage
import FoundationEssentials
import Glibc
import Logging
import Master
import Model
import Wire

struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run the master in the foreground until it is told to stop.",
        discussion: """
            Without --config an embedded default is served: a welcome page on \
            http://127.0.0.1:8080 and two demo servers.

            Signals: HUP and USR2 reload, USR1 stops gracefully, TERM and INT stop.

            Exit codes: 0 stopped by request, 1 another failure, 3 the configuration is invalid or \
            missing, 4 an address cannot be listened on. A configuration that cannot be served \
            gives way to the last revision of the same file that has served, if there is one.

            Directories default to $STATE_DIRECTORY and $RUNTIME_DIRECTORY (systemd), else to \
            /var/lib/apus and /run/apus for root and to the XDG ones for a user.
            """)

    @Option(
        help: ArgumentHelp("Configuration, YAML or JSON.", valueName: "file"),
        completion: .file(extensions: ["yaml", "yml", "json"]))
    var config: String?

    @Option(
        help: ArgumentHelp("Where revisions and records are kept.", valueName: "dir"),
        completion: .directory)
    var stateDir: String?

    @Option(
        help: ArgumentHelp("Where the admin socket is.", valueName: "dir"), completion: .directory)
    var runtimeDir: String?

    @Option(help: ArgumentHelp("The worker program.", valueName: "path"), completion: .file())
    var worker: String?

    func run() throws {
        // The admin socket is born without rights for others; it gets its mode when it serves.
        umask(0o077)
        let directories = try directories()
        let given = readConfiguration()
        // Without an earlier life nothing else can be served, and nothing is touched.
        if case .invalid(let refusal) = given, !hasState(directories) { throw refused(refusal) }
        var options = MasterOptions(
            configurationPath: config.map(Surroundings.absolute),
            stateDirectory: directories.state, runtimeDirectory: directories.runtime,
            workerPath: try worker.map(Surroundings.absolute) ?? Surroundings.workerPath(),
            version: ApusVersion.current)
        options.takesDescriptors = true
        let log: EventLog
        // First the master, which blocks the signals that it reads: threads inherit that.
        let master: Master
        do {
            log = try EventLog()
            master = try Master(options: options, log: log)
        } catch {
            reportStartFailure("\(error)")
            throw CommandFailure(.other, "\(error)")
        }
        let admin = try adminSettings(given, of: master)
        let files = if case .valid(_, let files) = given { files } else { [AdminFile]() }
        let socketPath = admin.socketPath ?? "\(directories.runtime)/\(Directories.socketName)"
        let server = try startServer(
            master.handle, logger: log.logger, socketPath: socketPath, admin, files)
        let banner = RunBanner(
            directories: directories, socketPath: socketPath, configurationPath: config)
        let handle = master.handle
        // A service manager has its own words for this (STATUS), and nobody presses Ctrl-C there.
        if Surroundings.environment["NOTIFY_SOCKET"] == nil {
            Task { await banner.printWhenServing(handle) }
        }

        let code = master.run(admin: admin)
        if code != 0 { explainEnd(handle.snapshot()) }
        _ = try? Blocking.wait { await server.stop() }
        log.flush(atMost: .seconds(1))
        if code != 0 { throw ExitCode(code) }
    }

    /// The log has all of it; this is the last line that somebody sees.
    private func explainEnd(_ snapshot: MasterSnapshot) {
        guard snapshot.appliedRevision == nil, let failure = snapshot.startFailure else { return }
        Console.error("apus: cannot start: \(failure)")
    }

    private func directories() throws(CommandFailure) -> Directories {
        if let stateDir, let runtimeDir {
            return Directories(
                state: Surroundings.absolute(stateDir), runtime: Surroundings.absolute(runtimeDir))
        }
        var directories = try Surroundings.directories()
        if let stateDir { directories.state = Surroundings.absolute(stateDir) }
        if let runtimeDir { directories.runtime = Surroundings.absolute(runtimeDir) }
        return directories
    }

    private enum Given {
        case valid(Configuration, [AdminFile])
        case invalid(Refusal)
    }
    private struct Refusal {
        var failure: CommandFailure
        /// For a service manager.
        var words: String
    }

    /// What cannot be served is said before anything else.
    private func readConfiguration() -> Given {
        do throws(CommandFailure) {
            let source = try ConfigurationText.source(path: config)
            let report = source.report()
            for problem in report.errors + report.warnings { Console.error("\(problem)") }
            if let configuration = report.configuration {
                return .valid(configuration, report.adminFiles)
            }
            return .invalid(
                Refusal(
                    failure: CommandFailure(
                        .configurationInvalid, "the configuration is invalid"),
                    words: report.errors.first.map { "\($0)" } ?? ""))
        } catch {
            return .invalid(Refusal(failure: error, words: error.message ?? ""))
        }
    }

    private func hasState(_ directories: Directories) -> Bool {
        FileManager.default.fileExists(atPath: directories.state + "/state.db")
    }

    private func refused(_ refusal: Refusal) -> CommandFailure {
        reportStartFailure(refusal.words)
        return refusal.failure
    }

    /// Of what will be served: the configuration, or, if that is invalid, the last good revision.
    private func adminSettings(
        _ given: Given, of master: Master
    ) throws(CommandFailure) -> AdminSettings {
        switch given {
        case .valid(let configuration, _): return configuration.admin
        case .invalid(let refusal):
            guard let last = master.lastGood() else { throw refused(refusal) }
            if let message = refusal.failure.message { Console.error("apus: \(message)") }
            Console.error(
                "apus: revision \(last.revision), the last one of this file that served, is started "
                    + "instead; mend the file and reload")
            return last.configuration.admin
        }
    }

    private func startServer(
        _ handle: MasterHandle, logger: Logger, socketPath: String, _ admin: AdminSettings,
        _ files: [AdminFile]
    ) throws -> AdminServer {
        var options = AdminServerOptions(
            socketPath: socketPath, socketMode: admin.socketMode, socketGroup: admin.socketGroup,
            roles: admin.roles, version: ApusVersion.current)
        options.tcp = admin.tcp
        options.metrics = admin.metrics
        do {
            return try Blocking.wait { [options] in
                try await AdminServer.start(handle, options: options, logger: logger)
            }
        } catch let error as AdminServerError {
            reportStartFailure("\(error)")
            if error.isOfConfiguration {
                for finding in AdminFileCheck.findings(in: files) where finding.keepsFromStart {
                    Console.error("\(finding.problem(.error))")
                }
            }
            throw CommandFailure(
                error.isOfConfiguration ? .configurationInvalid : .other,
                "the admin API cannot start: \(error)")
        } catch {
            throw CommandFailure(.other, "the admin API cannot listen on \(socketPath): \(error)")
        }
    }
}
