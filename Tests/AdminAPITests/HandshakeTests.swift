// Who gets through the handshake, and what becomes of those who do not.

import Model
import Supervisor
import TestKit
import Testing

@testable import AdminAPI

@Suite(.serialized, .timeLimit(.minutes(2))) struct HandshakeTests {
    private static let roles = [
        RoleGrant(
            role: .operate,
            subject: .certificate([
                .init(name: "CN", value: "deploy"), .init(name: "O", value: "Example"),
            ]))
    ]

    private static func certificate(_ admin: NetworkInstance, _ name: String) -> [String] {
        ["--cert", admin.files.certificate(name), "--key", admin.files.key(name)]
    }

    @Test func aCertificateHasTheRoleOfItsSubject() async throws {
        let files = try NetworkInstance.files.get()
        try files.issue("deploy", by: "ca", subject: "/O=Example/OU=a,b/CN=deploy")
        try files.issue("guest", by: "ca", subject: "/O=Example/CN=guest")
        try files.issue("old", by: "ca", subject: "/O=Example/CN=deploy", days: -1)
        try files.authority("foreign")
        try files.issue("false", by: "foreign", subject: "/O=Example/CN=deploy")
        let admin = try await NetworkInstance(tokens: nil, clientCA: "ca", roles: Self.roles)
        let json = ["-X", "POST", "-H", "Content-Type: application/json", "-d", "{}"]
        let answer = try await admin.curl("/v1/reloads", Self.certificate(admin, "deploy") + json)
        #expect(answer.status == 202, "\(answer)")
        #expect(admin.master.triggers.map(\.principal) == ["cert:CN=deploy,OU=a\\,b,O=Example"])
        let guest = try await admin.curl("/v1/status", Self.certificate(admin, "guest"))
        #expect(guest.status == 403 && guest.code == "forbidden-role")
        // A token where there are none is a wrong one.
        let both = try await admin.curl(
            "/v1/status", token: "apus_x", Self.certificate(admin, "deploy"))
        #expect(both.status == 401)
        // No answer, but an end.
        for name in ["old", "false"] {
            let refused = try await admin.curl("/v1/status", Self.certificate(admin, name))
            #expect(refused.status == 0, "\(name): \(refused)")
        }
        #expect(try await admin.curl("/healthz").status == 0)
        #expect(admin.log.text.contains("admin handshake failed"))
        let metrics = try await admin.curl("/metrics", Self.certificate(admin, "deploy"))
        #expect(metrics.text.contains("closed_total{reason=\"handshake\"} 3"), "\(metrics)")
        await admin.stop()
    }

    @Test func withTokensACertificateIsWelcomeAndNotNeeded() async throws {
        let files = try NetworkInstance.files.get()
        try files.issue("either", by: "ca", subject: "/O=Example/CN=deploy")
        try files.authority("other")
        try files.issue("stranger", by: "other", subject: "/O=Example/CN=deploy")
        let admin = try await NetworkInstance(clientCA: "ca", roles: Self.roles)
        #expect(try await admin.curl("/v1/status", role: .read).status == 200)
        #expect(
            try await admin.curl("/v1/status", Self.certificate(admin, "either")).status == 200)
        #expect(try await admin.curl("/v1/status").status == 401)
        let refused = try await admin.curl("/v1/status", Self.certificate(admin, "stranger"))
        #expect(refused.status == 0)
        await admin.stop()
    }

    @Test(arguments: [
        ("-tls1", false), ("-tls1_1", false), ("-tls1_2", true), ("-tls1_3", true),
    ])
    func versionsOfTLS(_ option: String, _ isAllowed: Bool) async throws {
        let admin = try await NetworkInstance()
        let answer = try await admin.raw(
            "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
            [option, "-cipher", "'DEFAULT@SECLEVEL=0'"])
        #expect(answer.hasPrefix("HTTP/1.1 200") == isAllowed, "\(option): \(answer)")
        await admin.stop()
    }

    @Test func plaintextAndSilenceEnd() async throws {
        let admin = try await NetworkInstance { $0.handshakeMax = .milliseconds(300) }
        let port = admin.port
        let (plain, silent, slow) = try await AdminInstance.blocking {
            let plain = try TestSocket.connect(port: port)
            try plain.send("GET /v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n")
            let silent = try TestSocket.connect(port: port)
            // A record that goes on for ever, a byte at a time.
            let slow = try TestSocket.connect(port: port)
            var isOpen = true
            for byte in [0x16, 0x03, 0x01, 0x02, 0x00] + [UInt8](repeating: 1, count: 100)
            where isOpen {
                do {
                    try slow.send([byte])
                    isOpen = !slow.isReadable(within: 0.05)
                } catch {
                    isOpen = false
                }
            }
            return (
                try plain.receiveAll(within: 5), try silent.receiveAll(within: 5), isOpen
            )
        }
        #expect(!String(decoding: plain, as: UTF8.self).contains("HTTP/1.1"))
        #expect(silent.isEmpty)
        #expect(!slow)
        #expect(admin.log.text.contains("HTTP without TLS"), "\(admin.log.text)")
        #expect(admin.log.text.contains("not over in time"))
        #expect(try await admin.curl("/v1/status", role: .read).status == 200)
        await admin.stop()
    }

    @Test func aRenewedCertificateIsShownWithoutARestart() async throws {
        let files = try TLSFiles()
        try files.authority("second")
        try files.issue("next", by: "second", subject: "/CN=apus test")
        let admin = try await NetworkInstance { options in
            options.tcp?.tls = AdminTLS(
                chain: files.certificate("server"), key: files.key("server"))
        }
        func isTrusted(_ authority: String) async throws -> Bool {
            let arguments = [
                "-sS", "--cacert", files.certificate(authority),
                "https://127.0.0.1:\(admin.port)/healthz",
            ]
            return try await AdminInstance.blocking {
                try CommandResult.run("/usr/bin/curl", arguments).code == 0
            }
        }
        #expect(try await isTrusted("ca"))
        // A key alone does not fit: nothing changes.
        for (file, kind) in [("key", "key"), ("pem", "pem")] {
            _ = try CommandResult.run(
                "/bin/cp",
                ["\(files.directory.path)/next.\(file)", "\(files.directory.path)/server.\(kind)"])
            try await Task.sleep(for: .milliseconds(1_100))
            #expect(try await isTrusted(file == "key" ? "ca" : "second"))
        }
        #expect(admin.log.text.contains("stay as they were"))
        await admin.stop()
    }

    @Test func whatIsWrongWithTheFilesIsSaidAtTheStart() async throws {
        let files = try NetworkInstance.files.get()
        try files.issue("unlike", by: "ca", subject: "/CN=x")
        let broken = try files.directory.write("broken.pem", "-----BEGIN CERTIFICATE-----\nx\n")
        let open = try files.directory.write("open.key", "")
        _ = try CommandResult.run("/bin/chmod", ["644", open])
        let server = (chain: files.certificate("server"), key: files.key("server"))
        for (tls, words) in [
            (AdminTLS(chain: "/no/such", key: server.key), "/no/such"),
            (AdminTLS(chain: broken, key: server.key), "no certificate in PEM"),
            (AdminTLS(chain: server.chain, key: server.chain), "no private key"),
            (AdminTLS(chain: server.chain, key: open), "chmod"),
            (AdminTLS(chain: server.chain, key: files.key("unlike")), "is not the key"),
            (AdminTLS(chain: server.chain, key: server.key, clientCA: broken), "no certificate"),
        ] {
            await #expect {
                let admin = try await NetworkInstance { $0.tcp?.tls = tls }
                await admin.stop()
            } throws: { error in
                guard case AdminServerError.tls(let text) = error else { return false }
                return text.contains(words)
            }
        }
        await #expect(throws: AdminServerError.self) {
            let admin = try await NetworkInstance(tokens: ["a b c"])
            await admin.stop()
        }
    }

    @Test func metricsAloneAreWithoutSecrets() async throws {
        let admin = try await NetworkInstance { options in
            options.metrics = AdminMetricsListener(
                listen: [.init(host: .ipv4(0x7F00_0001), port: 0)])
        }
        let port = admin.metricsPort
        func get(_ target: String, host: String = "127.0.0.1", _ method: String = "GET")
            async throws
            -> HTTPResponse
        {
            try await AdminInstance.blocking {
                try HTTPClient(port: port).exchange(method, target, host: host)
            }
        }
        #expect(try await get("/metrics").text.contains("apus_build_info"))
        #expect(try await get("/healthz").status == 200)
        #expect(try await get("/readyz").status == 200)
        for target in ["/v1", "/v1/status", "/v1/config", "/v1/audit", "/v1/reloads"] {
            #expect(try await get(target).status == 404, "\(target)")
            #expect(try await get(target, "POST").status == 404, "\(target)")
        }
        #expect(try await get("/metrics", "POST").status == 405)
        #expect(try await get("/metrics", host: "evil.example").status == 403)
        await admin.stop()
    }
}
