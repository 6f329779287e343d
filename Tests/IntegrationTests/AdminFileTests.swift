// The files that `admin` names, as the program and a master judge them before a start.

internal import Foundation
internal import TestKit
internal import Testing

extension IntegrationTests {
    @Suite(.timeLimit(.minutes(2))) struct AdminFileTests {
        private let files: TLSFiles
        private let directory: TemporaryDirectory

        init() throws {
            files = try TLSFiles()
            directory = try TemporaryDirectory()
            try files.issue("other", by: "ca", subject: "/CN=other")
            try files.issue("over", by: "ca", subject: "/CN=over", days: -1)
        }

        /// The place of the key is the last line.
        private func write(chain: String, key: String, port: Int = 9) throws -> String {
            let text =
                TestConfiguration(port: try FreePort.lease(), body: "x").text + """
                    admin:
                      tcp:
                        listen: "127.0.0.1:\(port)"
                        tls:
                          client_ca: \(files.certificate("ca"))
                          chain: \(files.certificate(chain))
                          key: \(files.key(key))
                    """
            return try directory.write("apus.yaml", text + "\n")
        }

        private func validate(_ path: String, _ arguments: String...) throws -> CommandResult {
            try CommandResult.run(Programs.apus, ["config", "validate", path] + arguments)
        }

        @Test func theProgramTellsThemWithTheirPlace() throws {
            let good = try validate(write(chain: "server", key: "server"), "--strict")
            #expect(good.code == 0, "\(good)")
            let mismatch = try write(chain: "server", key: "other")
            let bad = try validate(mismatch)
            #expect(bad.code == 3, "\(bad)")
            let line = try String(contentsOfFile: mismatch, encoding: .utf8)
                .split(separator: "\n").count
            #expect(bad.errorOutput.hasPrefix("\(mismatch):\(line):12: error: "), "\(bad)")
            #expect(bad.errorOutput.contains("(/admin/tcp/tls/key)\n"))
            #expect(bad.json["errors"][0]["code"].text == "certificate-invalid")
            #expect(try validate(mismatch, "--level", "schema").code == 0)

            let missing = try write(chain: "server", key: "none")
            let here = try validate(missing)
            #expect(here.code == 0 && here.json["warnings"][0]["code"].text == "file-missing")
            #expect(here.errorOutput.contains(": warning: "))
            #expect(try validate(missing, "--strict").code == 3)
            let over = try write(chain: "over", key: "over")
            let late = try validate(over)
            #expect(late.code == 0, "\(late)")
            #expect(late.json["warnings"][0]["code"].text == "certificate-expiring")
            #expect(late.errorOutput.contains("has expired at 20"))
            #expect(try validate(over, "--strict").code == 3)
        }

        /// A start that fails by such a file says where the file is named.
        @Test func aStartTellsThePlace() throws {
            let path = try write(chain: "server", key: "other", port: try FreePort.lease())
            let apus = try ApusInstance(
                directory: directory, configurationPath: path, waits: false)
            #expect(try apus.master.waitForEnd() == .code(3))
            #expect(apus.logText.contains("apus.yaml:"), "\(apus.logText)")
            #expect(apus.logText.contains("(/admin/tcp/tls/key)"), "\(apus.logText)")
        }

        /// A master looks into its own files; into those that a text from somebody names it does not.
        @Test func aMasterTellsOfItsNextStart() throws {
            let path = try write(chain: "server", key: "server", port: try FreePort.lease())
            let apus = try ApusInstance(directory: directory, configurationPath: path)
            let validate = "/v1/config/validate"
            func warnings(_ answer: HTTPResponse) -> [JSONValue] {
                // Tests are root.
                answer.json["warnings"].list.filter { $0["code"].text != "workers-as-root" }
            }
            #expect(try warnings(apus.post(validate)).isEmpty)
            let broken = try String(contentsOfFile: path, encoding: .utf8)
                .replacing(files.key("server"), with: files.key("other"))
            try directory.write("apus.yaml", broken)
            for level in ["semantic", "probe"] {
                let plan = try apus.post("\(validate)?level=\(level)", within: 30)
                #expect(plan.status == 200, "\(plan.text)")
                let warnings = warnings(plan)
                #expect(warnings.map { $0["code"].text } == ["certificate-invalid"])
                #expect(warnings.first?["pointer"].text == "/admin/tcp/tls/key")
            }
            let shape = try apus.post("\(validate)?level=schema")
            #expect(shape.json["warnings"].list.isEmpty)
            let sent = try CommandResult.run(
                Programs.apus,
                ["config", "plan", path, "--socket", apus.socketPath])
            #expect(sent.code == 0 && !sent.output.contains("certificate"), "\(sent)")
            // What a reload is asked for it can do: it does not touch the listener.
            let reload = try apus.post("/v1/reloads?wait=20s", within: 30)
            #expect(reload.json["status"].text == "SUCCEEDED")
            // The end of the certificate is a metric.
            let metrics = try apus.get("/metrics").text
            #expect(
                metrics.contains(
                    #"apus_certificate_not_after_timestamp_seconds{pointer="/admin/tcp/tls/chain"} 1"#
                ))
        }
    }
}
