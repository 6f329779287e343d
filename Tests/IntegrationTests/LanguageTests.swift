// Included files and references with real processes: what a reload picks up, and that nothing
// tells a secret.

internal import Foundation
internal import TestKit
internal import Testing

extension IntegrationTests {
    @Suite(.timeLimit(.minutes(1))) struct LanguageTests {
        @Test func includedFilesAndReferencesAreReadAtEachReload() throws {
            let folder = try TemporaryDirectory()
            let port = try FreePort.lease()
            let token = try folder.write("token", "first-s3cret\n")
            try FileManager.default.createDirectory(
                atPath: folder.path("conf.d"), withIntermediateDirectories: true)
            try folder.write(
                "conf.d/web.yaml",
                """
                labels: {owner: team-web}
                frontends:
                  web:
                    bind: "127.0.0.1:${env:APUS_TEST_PORT}"
                    routes: [{id: all, respond: {body: "${file:\(token)}"}}]

                """)
            var configuration = TestConfiguration()
            configuration.process["threads"] = "1"
            try folder.write("apus.yaml", configuration.text + "include: conf.d/*.yaml\n")
            let apus = try ApusInstance(
                environment: ["APUS_TEST_PORT": "\(port)"], directory: folder,
                configurationPath: folder.path("apus.yaml"))
            defer { apus.tearDown() }
            #expect(try body(port) == "first-s3cret")
            let first = try apus.get("/v1/generations/current").json

            // The value changes, the text does not.
            try folder.write("token", "second-s3cret\n")
            #expect(try apus.reload().status == 200)
            #expect(try body(port) == "second-s3cret")
            let second = try apus.get("/v1/generations/current").json
            #expect(second["config_sha256"] == first["config_sha256"])
            #expect(second["config_revision"].int == (first["config_revision"].int ?? 0) + 1)

            // Nothing changes: no new revision.
            #expect(try apus.reload().status == 200)
            let third = try apus.get("/v1/generations/current").json
            #expect(third["config_revision"] == second["config_revision"])

            // A file that is gone fails the reload, and the file with the reference is named.
            try FileManager.default.removeItem(atPath: token)
            let failed = try apus.reload()
            #expect(failed.status == 422)
            #expect(failed.text.contains("unresolved-reference"), "\(failed.text)")
            #expect(failed.text.contains("conf.d/web.yaml"))
            #expect(failed.text.contains("team-web"))
            #expect(try body(port) == "second-s3cret")

            let said =
                try [
                    "/v1/status", "/v1/reloads", "/v1/generations", "/v1/config",
                    "/v1/config?view=effective", "/v1/config?view=written",
                ].map { try apus.get($0).text }.joined() + apus.logText
            #expect(!said.contains("s3cret"))
        }

        private func body(_ port: Int) throws -> String {
            let client = try HTTPClient(port: port)
            return try client.exchange("GET", "/").text
        }
    }
}
