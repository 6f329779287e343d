// The program as people and scripts meet it: exit codes, steps while they happen, a terminal that is
// given back, man pages and completions. Tables and formats: CommandLineTests.

internal import Foundation
internal import TestKit
internal import Testing

extension IntegrationTests {
    @Suite(.timeLimit(.minutes(2))) struct ProgramTests {
        private static let root = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

        private static func path(_ name: String) -> String {
            root.appendingPathComponent(name).path
        }

        private static func has(_ program: String) -> Bool {
            FileManager.default.isExecutableFile(atPath: program)
        }

        /// Each code of docs/command-line.md, from a real master.
        @Test func exitCodes() throws {
            let worker = try ExchangeableWorker()
            let apus = try ApusInstance(
                TestConfiguration(port: try FreePort.lease(), body: "x"), worker: worker.path)
            #expect(try apus.command(["generations", "show", "1"]).code == 0)
            #expect(try apus.command(["generations", "show", "99"]).code == 1)
            #expect(try apus.command(["generations", "show", "x"]).code == 2)
            #expect(try apus.command(["generations", "terminate", "1"]).code == 5)
            #expect(try apus.command(["api", "GET", "/v1/nothing"]).code == 1)
            #expect(try apus.command(["api", "POST", "/v1/reloads", "-d", "{\"x\":1}"]).code == 2)

            try worker.set("exit 7")
            let failed = try apus.command(["-o", "table", "reload", "--wait", "20s"])
            #expect(failed.code == 8, "\(failed)")
            #expect(failed.output.isEmpty)
            #expect(failed.errorOutput.contains("  VALIDATE    SUCCEEDED"), "\(failed)")
            #expect(
                failed.errorOutput.contains("; generation 1 keeps serving revision 1"), "\(failed)")

            try worker.set("exec sleep 60")
            let slow = try apus.command(["reload", "--wait", "300ms"])
            #expect(slow.code == 4, "\(slow)")
            #expect(slow.json["status"].text == "RUNNING", "stdout is not the record: \(slow)")
            let id = try #require(slow.json["id"].text)
            let cancelled = try apus.command(["reloads", "cancel", id])
            #expect(cancelled.code == 0, "\(cancelled)")
            let shown = try apus.command(["reloads", "show", id, "--wait", "20s"])
            #expect(shown.code == 8, "\(shown)")
            #expect(shown.json["status"].text == "CANCELLED")
            #expect(try apus.command(["reloads", "cancel", id]).code == 5)
            #expect(try apus.command(["reloads", "logs", id]).code == 0)

            try apus.write("version: 1\nfrontends: {x: {bind: \"127.0.0.1:1\"}}\n")
            #expect(try apus.command(["reload", "--wait", "20s"]).code == 3)
            #expect(try Self.commandWithoutRights(apus).code == 6)
            try apus.stop()
            #expect(try apus.command(["status"]).code == 7)
            #expect(try apus.command(["events"]).code == 7)
            #expect(try apus.command(["top"]).code == 7)
        }

        /// Root has every right: it gives up the one to ignore the socket's mode.
        private static func commandWithoutRights(_ apus: ApusInstance) throws -> CommandResult {
            // SAFETY: chmod reads a path with a zero at its end, as the bridge makes it.
            _ = unsafe chmod(apus.socketPath, 0)
            let command = [Programs.apus, "--socket", apus.socketPath, "status"]
            let limits = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"]
            return try CommandResult.run(
                "/usr/bin/env", (geteuid() == 0 ? limits : []) + command)
        }

        /// A reload that somebody stops waiting for goes on, and is named.
        @Test(arguments: [SIGINT, SIGTERM])
        func interruptedWaitLeavesTheReload(_ signal: Int32) throws {
            let worker = try ExchangeableWorker()
            let apus = try ApusInstance(
                TestConfiguration(port: try FreePort.lease(), body: "x"), worker: worker.path)
            try worker.set("exec sleep 60")
            let directory = try TemporaryDirectory()
            let waiting = try ChildProcess(
                Programs.apus, ["--socket", apus.socketPath, "reload", "--wait", "60s"],
                directory: directory)
            try eventually("the first step") { waiting.errorOutput.contains("SPAWN") }
            waiting.signal(signal)
            #expect(try waiting.waitForEnd() == .signal(signal))
            let running = try #require(
                try apus.get("/v1/reloads?status=RUNNING").json["items"].list.first)
            let id = try #require(running["id"].text)
            #expect(
                waiting.errorOutput.contains("the reload goes on: apus reloads show \(id)"),
                "\(waiting.errorOutput)")
            #expect(waiting.output.isEmpty)
        }

        @Test func stepsAreLiveOnATerminal() throws {
            let apus = try ApusInstance(
                TestConfiguration(port: try FreePort.lease(), body: "x"))
            let terminal = try PseudoTerminal()
            let reload = try terminal.start(
                Programs.apus, ["--socket", apus.socketPath, "reload", "--wait", "20s"],
                directory: apus.directory, environment: ["NO_COLOR": ""])
            #expect(try reload.waitForEnd() == .code(0))
            let output = terminal.output
            #expect(output.contains("\r\u{1B}[K  SWITCH      \u{1B}[32mSUCCEEDED"), "\(output)")
            #expect(output.contains("generation 2 serves revision 1"), "\(output)")
            let plain = try terminal.start(
                Programs.apus, ["--socket", apus.socketPath, "status"],
                directory: apus.directory, environment: ["NO_COLOR": "1"])
            #expect(try plain.waitForEnd() == .code(0))
            #expect(!terminal.output.dropFirst(output.count).contains("\u{1B}"))
        }

        /// Whatever ends it: a key, Ctrl-C, a signal.
        @Test(arguments: ["q", "\u{3}", "TERM", "HUP"])
        func topGivesTheTerminalBack(_ end: String) throws {
            let apus = try ApusInstance(
                TestConfiguration(port: try FreePort.lease(), body: "x"))
            let terminal = try PseudoTerminal(columns: 60)
            let top = try terminal.start(
                Programs.apus, ["--socket", apus.socketPath, "top"], directory: apus.directory)
            try eventually("a second frame") {
                terminal.output.contains("SERVING")
                    && terminal.output.components(separatedBy: "\u{1B}[H").count > 2
            }
            #expect(!terminal.isOrdinary)
            switch end {
            case "TERM": top.signal(SIGTERM)
            case "HUP": top.signal(SIGHUP)
            default: terminal.type(end)
            }
            let expected: ProcessEnd =
                end == "TERM" ? .signal(SIGTERM) : end == "HUP" ? .signal(SIGHUP) : .code(0)
            #expect(try top.waitForEnd() == expected)
            #expect(terminal.isOrdinary)
            #expect(terminal.output.hasSuffix("\u{1B}[?25h\u{1B}[?1049l"), "\(terminal.output)")
        }

        @Test func topWithoutATerminalIsOneFrame() throws {
            let apus = try ApusInstance(
                TestConfiguration(port: try FreePort.lease(), body: "x"))
            let frame = try apus.command(["top"])
            #expect(frame.code == 0)
            #expect(frame.output.contains("REQUESTS/s") && frame.output.contains("SERVING"))
            #expect(!frame.output.contains("\u{1B}"))
            let values = try apus.command(["top", "-o", "json"])
            #expect(values.json["status"]["serving_generation"].int == 1)
        }

        @Test func eventsThatWereAndRequestsOfAnyKind() throws {
            let apus = try ApusInstance(
                TestConfiguration(port: try FreePort.lease(), body: "x"))
            let all = try apus.command(["events", "--no-follow"], within: 10)
            #expect(all.code == 0, "\(all)")
            let lines = all.output.split(separator: "\n").compactMap {
                try? JSONValue(parsing: Array($0.utf8))
            }
            let serving = try #require(lines.first { $0["type"].text == "generation.serving" })
            let id = try #require(serving["id"].int)
            let since = try apus.command(
                ["events", "--no-follow", "--since", "\(id - 1)", "--type", "generation.*"],
                within: 10)
            #expect(since.output.contains("\"id\":\(id),"), "\(since)")
            #expect(!since.output.contains("reload."))
            let file = try apus.directory.write("body.json", "{\"reason\":\"by file\"}")
            let raw = try apus.command(["api", "post", "/v1/reloads?wait=20s", "-d", "@\(file)"])
            #expect(raw.json["trigger"]["reason"].text == "by file", "\(raw)")
            let metrics = try apus.command(["api", "GET", "/metrics", "-H", "X-Request-Id: mine"])
            #expect(metrics.output.hasPrefix("# HELP"), "\(metrics)")
        }

        /// From this program's parser, as `make man completions` makes them.
        @Test func pagesAndCompletions() throws {
            let folder = try TemporaryDirectory()
            for script in ["scripts/man-pages", "scripts/completions"] {
                let made = try CommandResult.run(
                    Self.path(script), [Programs.apus, folder.path])
                try #require(made.code == 0, "\(made)")
            }
            let pages = try FileManager.default.contentsOfDirectory(
                atPath: folder.path("share/man/man1")
            ).map { folder.path("share/man/man1/\($0)") }
            #expect(pages.count > 10 && pages.contains(folder.path("share/man/man1/apus-top.1")))
            for page in pages + [
                folder.path("share/man/man5/apus.yaml.5"),
                folder.path("share/man/man8/apus-worker.8"),
            ] {
                guard Self.has("/usr/bin/mandoc") else { continue }
                let lint = try CommandResult.run(
                    "/usr/bin/mandoc", ["-T", "lint", "-W", "warning", page])
                #expect(lint.code == 0 && lint.output.isEmpty, "\(lint)")
            }
            for (shell, script) in [
                ("bash", "bash-completion/completions/apus"), ("zsh", "zsh/site-functions/_apus"),
                ("fish", "fish/vendor_completions.d/apus.fish"),
            ] where Self.has("/usr/bin/\(shell)") {
                let parsed = try CommandResult.run(
                    "/usr/bin/\(shell)", ["-n", folder.path("share/\(script)")])
                #expect(parsed.code == 0, "\(shell): \(parsed)")
            }
        }

        /// As a person would press Tab.
        @Test func bashCompletesNamesOfTheMaster() throws {
            let apus = try ApusInstance(
                TestConfiguration(port: try FreePort.lease(), body: "x"))
            let id = try #require(try apus.get("/v1/reloads").json["items"].list.first?["id"].text)
            let script = """
                PATH="$1:$PATH"; source <("$1/apus" completion bash)
                for words in 'apus reloads show ' 'apus generations terminate ' 'apus gen'; do
                    COMP_LINE=$words COMP_POINT=${#words} COMPREPLY=()
                    read -r -a COMP_WORDS <<<"$words"
                    [[ $words != *' ' ]] || COMP_WORDS+=('')
                    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
                    function="$(complete -p apus | sed 's/.*-F \\([^ ]*\\).*/\\1/')"
                    "$function" apus "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
                    printf '%s;' "${COMPREPLY[@]}"; echo
                done
                """
            let result = try CommandResult.run(
                "/usr/bin/env", ["bash", "-c", script, "bash", Programs.folder],
                environment: ["APUS_SOCKET": apus.socketPath])
            let lines = result.output.split(separator: "\n")
            try #require(lines.count == 3, "\(result)")
            #expect(lines[0].contains(id), "\(result)")
            #expect(lines[1].contains("1"), "\(result)")
            #expect(lines[2].contains("generations"), "\(result)")
        }
    }
}
