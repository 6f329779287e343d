// The `apus` program: the master with `run`, its client with everything else. Main thread only,
// except where a file says otherwise.

import ArgumentParser
import Glibc
import Wire

@main
struct Apus: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apus",
        abstract: "A reverse proxy and load balancer that is never down.",
        discussion: """
            `apus run` is the master: it supervises worker processes and answers the admin API on \
            a unix socket, and by TCP if its configuration says so. All other commands are its \
            client.

            On a terminal the output is for people; in a pipe it is the API's JSON, unchanged.

            Exit codes: 0 done, 1 other failure, 2 usage, 3 configuration invalid, 4 wait expired, \
            5 conflict, 6 not allowed, 7 master unreachable, 8 operation failed and the old \
            generation still serves. More with `apus help exit-codes`.

            Environment: APUS_SOCKET (admin socket), or APUS_URL with APUS_TOKEN_FILE, \
            APUS_CA_FILE, APUS_CLIENT_CERTIFICATE and APUS_CLIENT_KEY; NO_COLOR (no colours).
            """,
        version: ApusVersion.current,
        subcommands: [
            RunCommand.self, StatusCommand.self, ReloadCommand.self, GenerationsCommand.self,
            ReloadsCommand.self, ServerCommand.self, SessionCommand.self, TopCommand.self,
            EventsCommand.self, AuditCommand.self, APICommand.self, ConfigCommand.self,
            LogsCommand.self, TokenCommand.self, CompletionCommand.self, ExitCodesCommand.self,
            VersionCommand.self,
        ])

    @OptionGroup var global: GlobalOptions

    static func main() {
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch let failure as CommandFailure {
            if let message = failure.message { Console.error("apus: \(message)") }
            Glibc.exit(failure.status.rawValue)
        } catch let code as ExitCode {
            // The master has said why in its log.
            Glibc.exit(code.rawValue)
        } catch {
            end(withParserError: error)
        }
    }

    /// Help and version are no failures; everything else that the parser throws is usage.
    private static func end(withParserError error: any Error) -> Never {
        let message = fullMessage(for: error)
        if exitCode(for: error).isSuccess {
            // A completion without names is no line, and not an empty one.
            if !message.isEmpty { Console.output(message) }
            Glibc.exit(ExitStatus.done.rawValue)
        }
        Console.error(message)
        Glibc.exit(ExitStatus.usage.rawValue)
    }
}
