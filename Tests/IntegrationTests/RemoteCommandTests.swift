// The program against a master by TLS: every kind of command, and what is said when it does not
// come to that. What the API itself does with tokens and certificates: AdminAPITests.

internal import Foundation
internal import TestKit
internal import Testing

/// A master with `admin.tcp`, and what its clients need.
struct RemoteMaster {
    let apus: ApusInstance
    let files: TLSFiles
    let port: Int
    let token: String

    var url: String { "https://127.0.0.1:\(port)" }

    init(clientCA: Bool = false) throws {
        files = try TLSFiles()
        port = try FreePort.lease()
        token = files.directory.path("ops.token")
        let tokens = files.directory.path("tokens")
        let made = try CommandResult.run(
            Programs.apus,
            [
                "token", "create", "ops", "--role", "operate", "--expires", "1d", "--add-to",
                tokens,
                "--save", token,
            ])
        try #require(made.code == 0, "\(made)")
        let directory = try TemporaryDirectory()
        var text = TestConfiguration(port: try FreePort.lease(), body: "x").text
        let authority = clientCA ? ", client_ca: \(files.certificate("ca"))" : ""
        text += """
            admin:
              roles: {read: "cert:CN=reader"}
              tcp:
                listen: "127.0.0.1:\(port)"
                tls: {chain: \(files.certificate("server")), key: \(files.key("server"))\(authority)}
                tokens: \(tokens)

            """
        try directory.write("apus.yaml", text)
        apus = try ApusInstance(
            directory: directory, configurationPath: directory.path("apus.yaml"))
    }

    /// A command of the client, with what it is given for the connection.
    func command(
        _ arguments: [String], connection: [String]? = nil, environment: [String: String] = [:]
    ) throws -> CommandResult {
        let usual = [
            "--url", url, "--ca-file", files.certificate("ca"), "--token-file", token,
        ]
        return try CommandResult.run(
            Programs.apus, arguments + (connection ?? usual), environment: environment, within: 70)
    }
}

extension IntegrationTests {
    @Suite(.timeLimit(.minutes(3))) struct RemoteCommandTests {
        @Test func everyKindOfCommandWorksByTLS() throws {
            let master = try RemoteMaster()
            let status = try master.command(["status"])
            #expect(status.code == 0 && status.json["serving_generation"].int == 1, "\(status)")
            let reload = try master.command(["-o", "table", "reload", "--wait", "20s"])
            #expect(reload.code == 0, "\(reload)")
            #expect(reload.errorOutput.contains("WAIT_READY  SUCCEEDED"))
            let waited = try master.command(["reload", "--wait", "20s", "--wait-for", "drained"])
            #expect(waited.code == 0 && waited.json["status"].text == "SUCCEEDED", "\(waited)")
            #expect(waited.json["trigger"]["principal"].text == "token:ops")
            let events = try master.command(["events", "--no-follow"])
            #expect(events.code == 0 && events.output.contains("reload.succeeded"), "\(events)")
            #expect(try master.command(["generations", "list"]).json["items"].list.count == 3)
            #expect(try master.command(["top", "--once", "-o", "json"]).code == 0)
            #expect(try master.command(["config", "get"]).output.contains("tokens"))
            let refused = try master.command(["audit"])
            #expect(refused.code == 6, "\(refused)")
            #expect(refused.errorOutput.contains("needs the role admin"), "\(refused)")
            // All of it from the environment.
            let environment = [
                "APUS_URL": master.url, "APUS_CA_FILE": master.files.certificate("ca"),
                "APUS_TOKEN_FILE": master.token,
            ]
            #expect(
                try master.command(["status"], connection: [], environment: environment).code == 0)
        }

        @Test func aStreamGoesOnByTLS() throws {
            let master = try RemoteMaster()
            let watcher = try ChildProcess(
                Programs.apus,
                [
                    "events", "--url", master.url, "--ca-file", master.files.certificate("ca"),
                    "--token-file", master.token, "--type", "reload.*",
                ],
                directory: master.files.directory)
            try eventually("a watcher", within: 10) {
                try master.apus.get("/metrics").text.contains("apus_event_watchers 1")
            }
            #expect(try master.command(["reload", "--wait", "20s"]).code == 0)
            try eventually("the event", within: 10) {
                watcher.output.contains("reload.succeeded")
            }
            try master.apus.stop()
            #expect(try watcher.waitForEnd() == .code(7))
        }

        @Test func whatGoesWrongIsSaid() throws {
            let master = try RemoteMaster(clientCA: true)
            let files = master.files
            let authority = ["--ca-file", files.certificate("ca")]
            func expect(
                _ code: Int32, _ words: String, _ connection: [String],
                line: Int = #line
            ) throws {
                let result = try master.command(["status"], connection: connection)
                #expect(
                    result.code == code && result.errorOutput.contains(words),
                    "line \(line): \(result)")
            }
            let url = ["--url", master.url]
            let token = ["--token-file", master.token]
            try expect(7, "no authority that is trusted here", url + token)
            try expect(6, "show who you are", url + authority)
            let wrong = try files.directory.write("wrong.token", "apus_wrong\n")
            try expect(
                2, "everybody may have the token", url + authority + ["--token-file", wrong])
            _ = try CommandResult.run("/bin/chmod", ["600", wrong])
            try expect(6, "not known here", url + authority + ["--token-file", wrong])
            try expect(7, "no such host", ["--url", "https://no-such.invalid:1"] + token)
            try expect(7, "no master answers", ["--url", "https://127.0.0.1:1"] + token)
            try expect(2, "in the clear", ["--url", "http://127.0.0.1:1"])
            try expect(2, "is no https", ["--url", "127.0.0.1:1"])
            try expect(2, "more than a host", ["--url", master.url + "/v1"])
            try expect(2, "two masters", ["--socket", "/s"] + url)
            try expect(2, "needs --url", ["--socket", "/s"] + token)
            try expect(2, "go together", url + ["--client-key", files.key("server")])
            let plain = try master.apus.firstPort()
            try expect(
                7, "does not speak TLS", ["--url", "https://127.0.0.1:\(plain)"] + authority)

            try files.issue("reader", by: "ca", subject: "/CN=reader")
            try files.issue("old", by: "ca", subject: "/CN=reader", days: -1)
            try files.authority("foreign")
            try files.issue("false", by: "foreign", subject: "/CN=reader")
            func certificate(_ name: String) -> [String] {
                url + authority + [
                    "--client-certificate", files.certificate(name), "--client-key",
                    files.key(name),
                ]
            }
            #expect(try master.command(["status"], connection: certificate("reader")).code == 0)
            let reload = try master.command(["reload"], connection: certificate("reader"))
            #expect(reload.code == 6 && reload.errorOutput.contains("cert:CN=reader"), "\(reload)")
            try expect(6, "master ended the handshake", certificate("old"))
            try expect(6, "master ended the handshake", certificate("false"))
        }

        /// A server that shows the wrong certificate: openssl's.
        @Test func aCertificateThatIsOverOrForOthersIsNamed() throws {
            let files = try TLSFiles()
            try files.issue("over", by: "ca", subject: "/CN=x", days: -1)
            try files.issue("other", by: "ca", subject: "/CN=x", names: "DNS:elsewhere.example")
            for (name, words) in [
                ("over", "certificate expired at"), ("other", "for other names"),
            ] {
                let port = try FreePort.lease()
                let server = try ChildProcess(
                    "/usr/bin/openssl",
                    [
                        "s_server", "-quiet", "-accept", "127.0.0.1:\(port)", "-cert",
                        files.certificate(name), "-key", files.key(name),
                    ],
                    name: name, directory: files.directory)
                defer { server.killGroup() }
                try eventually("a server") { (try? TestSocket.connect(port: port)) != nil }
                for host in ["127.0.0.1", "localhost"] {
                    let result = try CommandResult.run(
                        Programs.apus,
                        [
                            "status", "--url", "https://\(host):\(port)", "--ca-file",
                            files.certificate("ca"),
                        ])
                    #expect(
                        result.code == 7 && result.errorOutput.contains(words),
                        "\(name) \(host): \(result)")
                }
            }
        }

        @Test func tokensAreMadeWithoutOpenSSL() throws {
            let folder = try TemporaryDirectory()
            let (file, saved) = (folder.path("tokens"), folder.path("a.token"))
            func token(_ arguments: [String]) throws -> CommandResult {
                try CommandResult.run(Programs.apus, ["token"] + arguments)
            }
            let shown = try token(["create", "a", "--role", "read", "--path", "/metrics"])
            let secret = try #require(shown.json["token"].text)
            #expect(secret.hasPrefix("apus_"))
            let line = try #require(shown.json["line"].text)
            #expect(line.hasPrefix("a read sha256:") && line.hasSuffix(" path=/metrics"))
            #expect(!line.contains(secret))
            let kept = try token(
                ["create", "b", "--role", "admin", "--add-to", file, "--save", saved])
            #expect(kept.code == 0 && kept.json["token"] == .null, "\(kept)")
            let manager = FileManager.default
            for path in [file, saved] {
                let mode = try manager.attributesOfItem(atPath: path)[.posixPermissions] as? Int
                #expect(mode == 0o600, "\(path)")
            }
            #expect(try token(["create", "b", "--role", "read", "--add-to", file]).code == 5)
            #expect(try token(["create", "c", "--role", "read", "--save", saved]).code == 1)
            #expect(try token(["create", "c", "--role", "read", "--add-to", file]).code == 0)
            #expect(try token(["create", "d", "--role", "rood"]).code == 2)
            #expect(try token(["create", "d e", "--role", "read"]).code == 2)
            #expect(try token(["create", "d", "--role", "read", "--expires", "soon"]).code == 2)
            #expect(try token(["create", "d", "--role", "read", "--path", "v1"]).code == 2)
            let list = try token(["check", file])
            #expect(list.json["items"].list.compactMap { $0["name"].text } == ["b", "c"])
            #expect(!list.output.contains("sha256"))
            let text = try String(contentsOfFile: file, encoding: .utf8)
            try text.replacing("b admin", with: "b adm").write(
                toFile: file, atomically: false, encoding: .utf8)
            let invalid = try token(["check", file])
            #expect(invalid.code == 3 && invalid.errorOutput.contains("tokens:1: error:"))
        }

        /// C1: without a proof of who asks there is no TCP, and a fresh master has none.
        @Test func aMasterDoesNotStartHalfOpen() throws {
            let files = try TLSFiles()
            let port = try FreePort.lease()
            let tls = "{chain: \(files.certificate("server")), key: \(files.key("server"))}"
            let open = try files.directory.write("open", "")
            _ = try CommandResult.run("/bin/chmod", ["644", open])
            let cases = [
                ("tcp: {listen: \"127.0.0.1:\(port)\"}", "by TLS only"),
                ("tcp: {listen: \"127.0.0.1:\(port)\", tls: \(tls)}", "nobody could show"),
                ("tcp: {listen: \"127.0.0.1:\(port)\", tls: \(tls), tokens: \(open)}", "chmod"),
                ("tcp: {listen: \"127.0.0.1:\(port)\", tls: \(tls), tokens: /no/such}", "/no/such"),
                ("metrics: {listen: \"*:\(port)\"}", "read along"),
            ]
            for (setting, words) in cases {
                let directory = try TemporaryDirectory()
                try directory.write(
                    "apus.yaml",
                    TestConfiguration(port: try FreePort.lease(), body: "x").text
                        + "admin: {\(setting)}\n")
                let apus = try ApusInstance(
                    directory: directory, configurationPath: directory.path("apus.yaml"),
                    waits: false)
                #expect(try apus.master.waitForEnd() == .code(3), "\(setting)")
                #expect(apus.logText.contains(words), "\(setting): \(apus.logText)")
                #expect(throws: SocketFailure.self) { try TestSocket.connect(port: port) }
            }
            let apus = try ApusInstance(TestConfiguration(port: try FreePort.lease(), body: "x"))
            let ours = apus.footprint.listeners.values.filter { $0 != 0 }
            #expect(ours.count == 1, "a fresh master listens on its frontend only: \(ours)")
        }
    }
}

extension ApusInstance {
    /// Of the first frontend that listens.
    fileprivate func firstPort() throws -> Int {
        let text = try String(contentsOfFile: configurationPath, encoding: .utf8)
        let port = text.firstMatch(of: /bind: "127\.0\.0\.1:(\d+)"/)?.1
        return try #require(port.flatMap { Int($0) })
    }
}
