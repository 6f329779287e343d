// The admin API by TLS: real handshakes, tokens, certificates, and what becomes of everybody else.

import Foundation
import JSON
import Model
import Store
import Supervisor
import TestKit
import Testing

@testable import AdminAPI

@Suite(.serialized, .timeLimit(.minutes(2))) struct NetworkTests {
    private static func audit(_ admin: NetworkInstance) async throws -> [JSON.JSONValue] {
        try await admin.master.audit(AuditFilter(countMax: 1000)).map {
            try JSONText.parse($0.payload)
        }
    }

    @Test func aTokenHasItsRole() async throws {
        let admin = try await NetworkInstance()
        #expect(try await admin.curl("/healthz").status == 200)
        let unknown = try await admin.curl("/v1/status")
        #expect(unknown.status == 401 && unknown.code == "unauthenticated")
        #expect(unknown.field("WWW-Authenticate") == "Bearer realm=\"apus\"")
        #expect(unknown.field("Connection") == "close")
        #expect(try await admin.curl("/v1/nowhere").status == 401)
        #expect(try await admin.curl("/v1/status", role: .read).status == 200)
        #expect(try await admin.curl("/v1/nowhere", role: .read).status == 404)
        let refused = try await admin.post("/v1/reloads", role: .read)
        #expect(refused.status == 403 && refused.code == "forbidden-role")
        #expect(try await admin.curl("/v1/audit", role: .operate).status == 403)
        #expect(admin.master.triggers.isEmpty)
        #expect(try await admin.post("/v1/reloads", role: .operate).status == 202)
        #expect(admin.master.triggers.map(\.principal) == ["token:the-operate"])
        #expect(try await admin.curl("/v1/audit", role: .admin).status == 200)
        let line = try #require(try await Self.audit(admin).first { $0["outcome"] == "SUCCEEDED" })
        #expect(line["principal"] == "token:the-operate" && line["role"] == "operate")
        #expect(line["peer"]?["uid"]?.isNull == true)
        #expect(line["peer"]?["address"]?.stringValue?.hasPrefix("127.0.0.1:") == true)
        let denied = try await Self.audit(admin).filter { $0["outcome"] == "DENIED" }
        #expect(
            denied.map { $0["principal"]?.stringValue } == [
                "token:the-operate", "token:the-read", "stranger", "stranger",
            ])
        let whole = admin.log.text
        for secret in admin.secrets.values { #expect(!whole.contains(secret)) }
        for secret in admin.secrets.values {
            #expect(!whole.contains(TokenSecret.sha256(secret)))
        }
        await admin.stop()
    }

    @Test func bothAddressesAreServedAndTheHostMustBeOurs() async throws {
        let admin = try await NetworkInstance(hosts: ["proxy.example"])
        #expect(try await admin.curl("/healthz", ["-H", "Host: localhost"]).status == 200)
        #expect(try await admin.curl("/healthz", ["-H", "Host: PROXY.example:7"]).status == 200)
        for host in ["evil.example", "0.0.0.0", "[::1]", "127.0.0.2", "proxy.example.evil", "a@b"] {
            let answer = try await admin.curl("/healthz", ["-H", "Host: \(host)"])
            #expect(answer.status == 403 && answer.code == "forbidden-origin", "\(host)")
        }
        let url = "https://[::1]:\(admin.portIPv6)/healthz"
        let authority = admin.files.certificate("ca")
        let answer = try await AdminInstance.blocking {
            try CommandResult.run("/usr/bin/curl", ["-sS", "--cacert", authority, url])
        }
        #expect(answer.output.contains("\"ok\""), "\(answer)")
        await admin.stop()
    }

    @Test func aTokenMayBeConfinedAndMayExpire() async throws {
        let confined = TokenSecret()
        let old = TokenSecret()
        let admin = try await NetworkInstance(tokens: [
            "scraper read sha256:\(confined.sha256) path=/metrics path=/v1/generations",
            "old admin sha256:\(old.sha256) expires=2020-01-01",
        ])
        for (target, status) in [
            ("/metrics", 200), ("/v1/generations", 200), ("/v1/generations/12", 200),
            ("/v1/generationsx", 403), ("/v1/status", 403), ("/v1/reloads", 403),
        ] {
            let answer = try await admin.curl(target, token: confined.text)
            #expect(answer.status == status, "\(target)")
            if status == 403 { #expect(answer.code == "forbidden-path") }
        }
        let answer = try await admin.curl("/v1/status", token: old.text)
        #expect(answer.status == 401 && answer.text.contains("has expired"))
        #expect(answer.field("WWW-Authenticate")?.contains("invalid_token") == true)
        await admin.stop()
    }

    @Test func guessesAreNumbered() async throws {
        let admin = try await NetworkInstance()
        var statuses: [Int] = []
        var last = ""
        for index in 0..<14 {
            let answer = try await admin.curl("/v1/status", token: "apus_guess\(index)")
            statuses.append(answer.status)
            last = answer.text
        }
        #expect(statuses.prefix(10).allSatisfy { $0 == 401 }, "\(statuses)")
        #expect(statuses.suffix(3) == [429, 429, 429], "\(statuses)")
        #expect(last.contains("too-many-failures"))
        #expect(Int(NetworkInstance.Answer(last).field("Retry-After") ?? "") ?? 0 > 0)
        // A right one waits as well, and nothing else does.
        #expect(try await admin.curl("/v1/status", role: .admin).status == 429)
        #expect(try await admin.curl("/healthz").status == 200)
        // Not each of them is worth a line.
        #expect(try await Self.audit(admin).count <= 11)
        #expect(!admin.log.text.contains("apus_guess"))
        await admin.stop()
    }

    @Test func aTokenIsTakenAwayAndGivenWhileItRuns() async throws {
        let admin = try await NetworkInstance()
        let fresh = TokenSecret()
        #expect(try await admin.curl("/v1/status", role: .read).status == 200)
        try NetworkInstance.write(["new read sha256:\(fresh.sha256)"], admin.directory)
        try await eventually { try await admin.curl("/v1/status", token: fresh.text).status == 200 }
        #expect(try await admin.curl("/v1/status", role: .admin).status == 401)
        // A line that is no line grants nothing; the others do.
        try NetworkInstance.write(
            ["new read sha256:\(fresh.sha256)", "broken admin sha256:12"], admin.directory)
        try await eventually {
            _ = try await admin.curl("/v1/status", token: fresh.text)
            return admin.log.text.contains("tokens:2: error: ")
        }
        #expect(try await admin.curl("/v1/status", token: fresh.text).status == 200)
        // Nor does a file that others may write.
        _ = try CommandResult.run("/bin/chmod", ["666", admin.directory.path("tokens")])
        try await eventually { try await admin.curl("/v1/status", token: fresh.text).status == 401 }
        await admin.stop()
    }

    func eventually(_ condition: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(10)
        while try await !condition() {
            guard .now < deadline else {
                Issue.record("not in time")
                return
            }
            try await Task.sleep(for: .milliseconds(300))
        }
    }
}
