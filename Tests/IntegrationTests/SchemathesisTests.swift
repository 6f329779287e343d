// schemathesis against a live master: requests that nobody thought of, made from the document. It
// speaks TCP, which Apus refuses without TLS, so a bridge stands between.

internal import Foundation
internal import TestKit
internal import Testing

extension IntegrationTests {
    @Suite(.timeLimit(.minutes(10))) struct SchemathesisTests {
        /// No server error and nothing undocumented. A few hundred cases, or 10,000 in the long
        /// form (`make contract`).
        @Test func nothingIsUndocumented() throws {
            let tools = try CommandResult.run(
                "\(Self.root)/scripts/contract-tools", [], within: 240)
            try #require(
                tools.code == 0, "schemathesis is not there, so nothing is tested: \(tools)")
            let folder = tools.output.trimmingCharacters(in: .whitespacesAndNewlines)
            let apus = try ApusInstance(
                TestConfiguration(port: try FreePort.lease(), body: "x"))
            let bridge = try ChildProcess(
                "\(folder)/bin/python3", ["\(Self.contract)/tcp_bridge.py", apus.socketPath],
                name: "bridge", directory: apus.directory)
            let port = try eventually("the bridge's port") {
                Int(bridge.output.trimmingCharacters(in: .whitespacesAndNewlines))
            }
            // It keeps what it finds in the folder that it is started in.
            let run = try ChildProcess(
                "/bin/sh",
                [
                    "-c", "cd \"$0\" && exec \"$@\"", apus.directory.path(""),
                    "\(folder)/bin/schemathesis", "--config-file",
                    "\(Self.contract)/schemathesis.toml", "--no-color", "run",
                    "http://127.0.0.1:\(port)/v1/openapi.json", "--max-time",
                    isLongRun ? "240" : "12", "--request-timeout", "30", "--continue-on-failure",
                    // The short run has its cases every time: a new finding is the long one's.
                    "--seed", isLongRun ? "\(UInt32.random(in: 1...UInt32.max))" : "1",
                    "--report-dir", apus.directory.path("reports"),
                ], name: "schemathesis", directory: apus.directory,
                environment: [
                    "PYTHONPATH": Self.contract, "PYTHONDONTWRITEBYTECODE": "1",
                    "HYPOTHESIS_STORAGE_DIRECTORY": apus.directory.path("hypothesis"),
                ])
            let end = try run.waitForEnd(within: isLongRun ? 500 : 90)
            #expect(end == .code(0), "\(run.output.suffix(20_000)) \(run.errorOutput)")
            let words = run.output.split(whereSeparator: \.isWhitespace)
            let place = try #require(words.lastIndex { $0.hasPrefix("generated") })
            let count = Int(words[place - 1]) ?? 0
            report("schemathesis made \(count) cases")
            #expect(count >= (isLongRun ? 10_000 : 300))
            #expect(try apus.get("/healthz").status == 200)
            #expect(apus.master.isRunning)
            bridge.killGroup()
        }

        private static let root = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .path
        private static var contract: String { "\(root)/Tests/Contract" }
    }
}
