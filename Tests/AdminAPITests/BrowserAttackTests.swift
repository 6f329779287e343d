// What a browser can be made to send by a page of another site: refused, and nothing happens
// (CVE-2026-27589 of another control plane is of this kind).

import Model
import Supervisor
import TestKit
import Testing

@testable import AdminAPI
@testable import Master

/// One request as an attacker's page would cause it, and what becomes of it.
struct BrowserAttack: Sendable {
    var method = "POST"
    var target = "/v1/reloads"
    var host = "localhost"
    var fields: [String]
    var body: String?
    var status: Int

    static let origins = [
        "https://evil.example", "http://localhost", "http://127.0.0.1:9443", "null", "file://",
        "http://[::1]", "chrome-extension://abcdefgh", "",
    ]
    /// What a form, a beacon or `fetch` without preflight may set (Fetch §2.2.2).
    static let simpleTypes = [
        "text/plain", "text/plain;charset=UTF-8", "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x", "text/plain; application/json",
        "application/jsonp", "application/json-seq", "text/json", "application/csp-report",
    ]

    static var all: [BrowserAttack] {
        let json = "Content-Type: application/json"
        var attacks: [BrowserAttack] = []
        // With an Origin: every page that scripts a request sends one.
        for origin in origins {
            attacks.append(.init(fields: ["Origin: \(origin)", json], body: "{}", status: 403))
            attacks.append(
                .init(
                    method: "GET", target: "/v1/status", fields: ["Origin: \(origin)"],
                    status: 403))
        }
        // Without one, as old browsers and some redirects do: the type gives them away.
        for type in simpleTypes {
            attacks.append(.init(fields: ["Content-Type: \(type)"], body: "{}", status: 415))
            attacks.append(
                .init(
                    target: "/v1/generations/12/terminate", fields: ["Content-Type: \(type)"],
                    body: "{}", status: 415))
        }
        attacks.append(.init(fields: [], body: "{\"mode\":\"HARD\"}", status: 415))
        attacks.append(.init(fields: ["Content-Type:"], body: "{}", status: 415))
        // Fetch Metadata alone.
        for site in ["cross-site", "same-site", "Cross-Site", "unheard-of"] {
            attacks.append(
                .init(fields: ["Sec-Fetch-Site: \(site)", json], body: "{}", status: 403))
            attacks.append(
                .init(
                    method: "GET", target: "/v1/events", fields: ["Sec-Fetch-Site: \(site)"],
                    status: 403))
        }
        attacks.append(
            .init(
                fields: ["Sec-Fetch-Site: none", "Sec-Fetch-Site: cross-site", json], body: "{}",
                status: 403))
        // Navigation, images, prefetches: GET never changes anything, whatever the path.
        for target in [
            "/v1/reloads?wait=1s", "http://localhost/v1/generations/12/terminate",
            "/v1/generations/12/terminate", "/v1/reloads?method=POST",
            "/v1/reloads/rl_1?_method=DELETE", "/v1/reloads?mode=HARD",
        ] {
            let status = target.contains("terminate") ? 405 : 400
            attacks.append(
                .init(
                    method: "GET", target: target,
                    fields: [
                        "Referer: https://evil.example/x", "Sec-Fetch-Site: none",
                        "X-HTTP-Method-Override: POST",
                    ], status: status))
        }
        attacks.append(.init(method: "HEAD", fields: [], status: 200))
        // The preflight of everything else gets no leave.
        for method in ["POST", "DELETE", "PUT"] {
            attacks.append(
                .init(
                    method: "OPTIONS",
                    fields: [
                        "Origin: https://evil.example", "Access-Control-Request-Method: \(method)",
                        "Access-Control-Request-Headers: content-type",
                        "Access-Control-Request-Private-Network: true",
                    ], status: 403))
        }
        attacks.append(
            .init(
                method: "OPTIONS", fields: ["Access-Control-Request-Method: POST"], status: 405))
        // A WebSocket handshake is a GET from anywhere.
        attacks.append(
            .init(
                method: "GET", target: "/v1/events",
                fields: [
                    "Origin: https://evil.example", "Connection: Upgrade", "Upgrade: websocket",
                    "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
                ], status: 403))
        // Two names.
        attacks.append(.init(fields: ["Host: evil.example", json], body: "{}", status: 400))
        // A name that somebody's DNS points to a port which is forwarded to the socket (`ssh -L`).
        for host in ["evil.example", "evil.example:8080", "localhost.evil.example", "127.1"] {
            attacks.append(
                .init(method: "GET", target: "/v1/config", host: host, fields: [], status: 403))
        }
        attacks.append(
            .init(
                host: "localhost\r\nHost: localhost", fields: [json], body: "{}", status: 400))
        return attacks
    }
}

@Suite(.serialized) struct BrowserAttackTests {
    @Test func nothingHappens() async throws {
        #expect(BrowserAttack.all.count >= 55)
        let admin = try await AdminInstance()
        let before = admin.master.snapshot()
        for attack in BrowserAttack.all {
            let path = admin.socketPath
            let answer = try await AdminInstance.blocking {
                try HTTPClient(path: path).exchange(
                    attack.method, attack.target, host: attack.host, fields: attack.fields,
                    body: attack.body.map { Array($0.utf8) })
            }
            #expect(answer.status == attack.status, "\(attack)")
            // A page must not be able to read the answer, either.
            #expect(answer["Access-Control-Allow-Origin"] == nil, "\(attack)")
            #expect(answer["Access-Control-Allow-Methods"] == nil, "\(attack)")
            if attack.status == 403 {
                #expect(answer.json["code"].text == "forbidden-origin", "\(attack)")
            }
        }
        let after = admin.master.snapshot()
        #expect(admin.master.triggers.isEmpty)
        #expect(admin.master.terminated.isEmpty && admin.master.cancelled.isEmpty)
        #expect(after.sequence == before.sequence)
        #expect(after.reloads == before.reloads && after.generations == before.generations)
        // The one who asks properly is served.
        #expect(try await admin.post("/v1/reloads").status == 202)
        await admin.stop()
    }

    /// The same by TCP, where the browser of somebody who may do everything would show their
    /// certificate; and names that an attacker's DNS points here.
    @Test func nothingHappensByTCP() async throws {
        let files = try NetworkInstance.files.get()
        try files.issue("browser", by: "ca", subject: "/CN=browser")
        let role = RoleGrant(
            role: .admin, subject: .certificate([.init(name: "CN", value: "browser")]))
        let admin = try await NetworkInstance(clientCA: "ca", roles: [role])
        var attacks = BrowserAttack.all
        let json = "Content-Type: application/json"
        for host in [
            "evil.example", "127.0.0.1.evil.example", "0.0.0.0", "[::1]", "[::]", "2130706433",
            "127.1", "proxy.example.evil", "",
        ] {
            for port in ["", ":\(admin.port)"] {
                attacks.append(
                    .init(
                        host: host + port, fields: [json], body: "{}",
                        status: host + port == "" ? 400 : 403))
            }
        }
        #expect(attacks.count >= 75)
        let certificate = [
            "-cert", files.certificate("browser"), "-key", files.key("browser"),
        ]
        for attack in attacks {
            let request = HTTPClient.request(
                attack.method, attack.target, host: attack.host,
                fields: attack.fields + ["Connection: close"],
                body: attack.body.map { Array($0.utf8) })
            let answer = NetworkInstance.Answer(
                try await admin.raw(String(decoding: request, as: UTF8.self), certificate))
            #expect(answer.status == attack.status, "\(attack): \(answer)")
            #expect(!answer.text.lowercased().contains("access-control-"), "\(attack)")
        }
        #expect(admin.master.triggers.isEmpty)
        #expect(admin.master.terminated.isEmpty && admin.master.cancelled.isEmpty)
        let asked = HTTPClient.request(
            "POST", "/v1/reloads", host: "localhost", fields: [json, "Connection: close"],
            body: Array("{}".utf8))
        let answer = NetworkInstance.Answer(
            try await admin.raw(String(decoding: asked, as: UTF8.self), certificate))
        #expect(answer.status == 202)
        await admin.stop()
    }

    @Test(arguments: [
        ("localhost", "localhost"), ("LOCALHOST:9443", "localhost"), ("127.0.0.1:1", "127.0.0.1"),
        ("[::1]:9443", "::1"), ("[::1]", "::1"), ("a:", "a"), ("a:b", nil), ("a:1:2", nil),
        ("[::1", nil), ("[::1]x", nil), ("::1", nil), ("", nil), (":80", nil), ("[]", nil),
        ("localhost.", "localhost."), ("a@b", "a@b"),
    ])
    func hostOfAnAuthority(_ authority: String, _ host: String?) {
        #expect(BrowserGuard.host(of: authority) == host)
    }
}
