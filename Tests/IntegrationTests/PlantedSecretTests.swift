// C9: secrets that are planted wherever a configuration may have one are found nowhere that somebody
// looks: answers, records, events, logs, the output of commands, the state directory.

internal import Foundation
internal import TestKit
internal import Testing

extension IntegrationTests {
    @Suite(.timeLimit(.minutes(3))) struct PlantedSecretTests {
        /// Everything that anybody was shown, with a name for each piece.
        private final class Shown {
            var pieces: [(name: String, text: String)] = []

            func add(_ name: String, _ text: String) { pieces.append((name, text)) }
            func add(_ name: String, _ result: CommandResult) {
                add(name, result.output + result.errorOutput)
            }
        }

        private static let environment = "PLANTEDenvironment7c1"
        private static let file = "PLANTEDfile88e2"
        private static let credential = "PLANTEDcredential5d3"

        /// Faults of every kind, each with a secret in it.
        private static func faults(_ folder: TemporaryDirectory) -> [String] {
            let references = [
                "${env:PLANTED}", "${file:\(folder.path("secret"))}", "${cred:planted}",
            ]
            let places = [
                "process: {workers: \"REF\"}", "process: {kill_after: \"REF\"}",
                "process: {reload_rate: \"REF\"}", "log: {level: \"REF\"}",
                "log: {access: {to: \"REF\"}}", "admin: {socket: {mode: \"REF\"}}",
                "admin: {metrics: {listen: \"REF\"}}",
                "admin: {metrics: {listen: \"127.0.0.1:9\", hosts: \"a/REF\"}}",
                "frontends: {f: {bind: \"REF\", routes: [{respond: {}}]}}",
                "frontends: {f: {bind: \"127.0.0.1:9\", routes: [{match: {path: \"REF\"}, respond: {}}]}}",
                "frontends: {f: {bind: \"127.0.0.1:9\", routes: [{redirect: {scheme: \"REF\"}}]}}",
                "frontends: {f: {bind: \"127.0.0.1:9\", headers: {set: {X-A: \"%{REF}\"}}, "
                    + "routes: [{respond: {}}]}}",
                "backends: {b: {servers: {s: {address: \"REF\"}}}}",
                "backends: {b: {servers: {s: {address: \"10.0.0.1:1\", weight: \"REF\"}}}}",
            ]
            return places.flatMap { place in
                references.map { "version: 1\n" + place.replacing("REF", with: $0) + "\n" }
            }
        }

        @Test func nobodyIsShownASecret() throws {
            let master = try SecretMaster(
                environment: Self.environment, file: Self.file, credential: Self.credential)
            let apus = master.apus
            let shown = Shown()
            // The proxy has them: otherwise nothing here would mean anything.
            let answer = try HTTPClient(port: master.port).exchange("GET", "/")
            #expect(answer["X-Env"] == Self.environment && answer["X-File"] == "a\(Self.file)b")
            #expect(answer["X-Cred"] == Self.credential)

            try master.write(master.text.replacing("X-More: one", with: "X-More: two"))
            shown.add("plan", try apus.command(["config", "plan"]))
            shown.add(
                "plan of a file", try apus.command(["config", "plan", apus.configurationPath]))
            shown.add("reload", try apus.reload().text)
            for fault in Self.faults(master.folder) {
                try master.write(fault)
                let answer = try apus.reload()
                #expect(answer.status == 422, "\(fault): \(answer)")
                shown.add("reload of \(fault)", answer.text)
                shown.add("cli reload", try apus.command(["reload", "--wait", "20s"]))
                shown.add("validate", try apus.post("/v1/config/validate").text)
                shown.add(
                    "offline",
                    try CommandResult.run(
                        Programs.apus, ["config", "validate", apus.configurationPath],
                        environment: master.environment))
            }
            try self.ask(apus, shown)
            try askByTCP(master, shown)
            shown.add("log", apus.logText)
            try apus.stop()
            shown.add("log at the end", apus.logText)
            try addFiles(of: master.apus.directory.path("state"), shown)
            #expect(shown.pieces.count > 200)

            let secrets =
                [
                    Self.environment, Self.file, Self.credential, master.token, master.tokenHash,
                ] + master.keyLines
            for secret in secrets {
                let places = shown.pieces.filter { $0.text.contains(secret) }.map(\.name)
                #expect(places == [], "\(secret)")
            }
        }

        private func ask(_ apus: ApusInstance, _ shown: Shown) throws {
            var targets = [
                "/v1", "/v1/status", "/v1/stats", "/metrics", "/v1/generations?limit=1000",
                "/v1/generations/current", "/v1/reloads?limit=1000", "/v1/config",
                "/v1/config?view=written", "/v1/config?view=effective", "/v1/config/revisions",
                "/v1/config/revisions/1", "/v1/config/revisions/2",
                "/v1/config/revisions/2/diff?against=1", "/v1/audit?limit=1000",
                "/v1/events?follow=false", "/healthz?verbose", "/readyz?verbose",
                "/v1/generations/1/logs", "/v1/generations/2/logs",
            ]
            for reload in try apus.get("/v1/reloads?limit=1000").json["items"].list {
                let id = try #require(reload["id"].text)
                targets += ["/v1/reloads/\(id)", "/v1/reloads/\(id)/logs"]
            }
            for target in targets {
                let answer = try apus.get(target)
                #expect(answer.status == 200, "\(target): \(answer)")
                shown.add(target, answer.text)
            }
            for command in [
                ["status"], ["config", "get"], ["config", "get", "--view", "effective"],
                ["config", "diff"], ["config", "history"], ["reloads", "list"], ["audit"],
                ["generations", "list"], ["events", "--no-follow"], ["top", "--once"],
            ] {
                for format in ["json", "wide", "yaml"] {
                    shown.add("\(command) \(format)", try apus.command(command + ["-o", format]))
                }
            }
        }

        private func askByTCP(_ master: SecretMaster, _ shown: Shown) throws {
            for arguments in [["status"], ["audit"], ["reload"], ["config", "get"]] {
                shown.add(
                    "tcp \(arguments)",
                    try CommandResult.run(
                        Programs.apus,
                        arguments + [
                            "--url", "https://localhost:\(master.adminPort)", "--ca-file",
                            master.tls.certificate("ca"), "--token-file", master.tokenPath,
                        ]))
            }
        }

        private func addFiles(of folder: String, _ shown: Shown) throws {
            for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
                let data = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)"))
                shown.add("state/\(name)", String(decoding: data, as: Unicode.ASCII.self))
            }
        }
    }
}

/// A master with a secret in each kind of reference, a token and a key.
private struct SecretMaster {
    let folder: TemporaryDirectory
    let tls: TLSFiles
    let apus: ApusInstance
    let port: Int
    let adminPort: Int
    let text: String
    let environment: [String: String]
    let tokenPath: String
    let token: String
    let tokenHash: String
    /// Of the private key, without its armour.
    let keyLines: [String]

    init(environment: String, file: String, credential: String) throws {
        folder = try TemporaryDirectory()
        tls = try TLSFiles()
        port = try FreePort.lease()
        adminPort = try FreePort.lease()
        try folder.write("secret", file + "\n")
        try folder.write("planted", credential)
        self.environment = ["PLANTED": environment, "CREDENTIALS_DIRECTORY": folder.path]
        tokenPath = folder.path("admin.token")
        let made = try CommandResult.run(
            Programs.apus,
            [
                "token", "create", "root", "--role", "admin", "--save", tokenPath, "--add-to",
                folder.path("tokens"),
            ])
        #expect(made.code == 0, "\(made)")
        token = try String(contentsOfFile: tokenPath, encoding: .utf8)
            .trimmingCharacters(in: .newlines)
        let line = try String(contentsOfFile: folder.path("tokens"), encoding: .utf8)
        tokenHash = try #require(line.split(separator: ":").last)
            .trimmingCharacters(in: .newlines)
        keyLines = try String(contentsOfFile: tls.key("server"), encoding: .utf8)
            .split(separator: "\n").map(String.init).filter { !$0.hasPrefix("-") }
        text = """
            version: 1
            process: {reload_rate: 1000/s, threads: 1, probation: 0s}
            admin:
              tcp:
                listen: "127.0.0.1:\(adminPort)"
                tls: {chain: \(tls.certificate("server")), key: \(tls.key("server"))}
                tokens: "${env:CREDENTIALS_DIRECTORY}/tokens"
            frontends:
              main:
                bind: "127.0.0.1:\(port)"
                headers:
                  response:
                    set:
                      X-Env: "${env:PLANTED}"
                      X-File: "a${file:\(folder.path("secret"))}b"
                      X-Cred: "${cred:planted}"
                      X-More: one
                routes: [{respond: {body: ok}}]

            """
        let directory = try TemporaryDirectory()
        try directory.write("apus.yaml", text)
        apus = try ApusInstance(
            environment: self.environment, directory: directory,
            configurationPath: directory.path("apus.yaml"))
    }

    func write(_ text: String) throws { try apus.write(text) }
}
