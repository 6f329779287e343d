// Health checks and ejection as the language has them.

import JSON
import Model
import Testing

@testable import ConfigurationLanguage

@Suite struct HealthCheckTests {
    private static func text(_ backend: String, server: String = "") -> String {
        """
        version: 1
        frontends: {f: {bind: "*:80", backend: b}}
        backends: {b: {\(backend), servers: {s: {address: "10.0.0.1:80"\(server)}}}}
        """
    }

    @Test func everything() throws {
        let backend = try #require(try configuration(Sample.supported).backends.first)
        let check = try #require(backend.check)
        var probe = HTTPProbe()
        probe.method = .options
        probe.path = "/ready?a=1"
        probe.host = "api.example.com"
        probe.headers = [
            .init(name: "Accept", value: "text/plain"), .init(name: "X-Check", value: "1"),
        ]
        probe.expect = [StatusRange(204...204), StatusRange(300...399)]
        #expect(check.probe == .http(probe))
        #expect(check.port == 9000 && check.interval == .seconds(1))
        #expect(check.fastInterval == .milliseconds(100) && check.downInterval == .seconds(5))
        #expect(check.timeout == .milliseconds(900) && check.rise == 2 && check.fall == 2)
        #expect(check.initialState == .down)
        let web = try configuration(Sample.supported).backends[2]
        #expect(web.ejection?.maxPercent == 30 && web.ejection?.consecutiveFailures == 5)
        #expect(web.servers[0].check.address?.description == "10.0.0.11:81")
        #expect(try configuration(Sample.supported).backends[1].servers[1].check.isEnabled == false)
    }

    /// What a document says comes back when it is written out with every default.
    @Test(arguments: [
        "check: {tcp: {}}", "check: {http: {}}", "ejection: {}",
        "check: {http: {expect: 200, body_contains: \"all: well\"}, port: 1, rise: 1}",
        "check: {http: {method: HEAD, headers: {X-A: \"b\"}, expect: [100-599]}}",
        "check: {http: {method: POST, body: \"a\\nb: \\\"c\\\"\", body_regex: \"^ok\"}}",
        "check: {http: {method: PUT}}",
        "ejection: {consecutive_failures: 1, base_time: 1ms, max_time: 1h, max_percent: 100}",
    ])
    func effective(backend: String) throws {
        let text = Self.text(backend, server: ", check: {enabled: false, address: \"10.0.0.2:1\"}")
        let first = try configuration(text)
        let document = try EffectiveDocument(first).text()
        let second = try configuration(String(decoding: document.bytes, as: UTF8.self))
        #expect(first.backends == second.backends)
        #expect(first.backends[0].check != nil || first.backends[0].ejection != nil)
    }

    @Test(arguments: [
        ("check: {}", "/backends/b/check", ConfigurationProblem.Code.missingField),
        ("check: {http: {}, tcp: {}}", "/backends/b/check/tcp", .conflictingFields),
        (
            "check: {http: {method: HEAD, body_contains: a}}",
            "/backends/b/check/http/body_contains", .conflictingFields
        ),
        (
            "check: {http: {method: HEAD, body_regex: a}}",
            "/backends/b/check/http/body_regex", .conflictingFields
        ),
        (
            "check: {http: {body_contains: a, body_regex: a}}",
            "/backends/b/check/http/body_regex", .conflictingFields
        ),
        ("check: {http: {body_regex: 'a('}}", "/backends/b/check/http/body_regex", .invalidValue),
        ("check: {http: {body: a}}", "/backends/b/check/http/body", .conflictingFields),
        (
            "check: {http: {method: POST, body: \(String(repeating: "a", count: 4_097))}}",
            "/backends/b/check/http/body", .tooLarge
        ),
        ("check: {http: {path: health}}", "/backends/b/check/http/path", .invalidValue),
        ("check: {http: {expect: []}}", "/backends/b/check/http/expect", .invalidValue),
        ("check: {http: {expect: 600}}", "/backends/b/check/http/expect", .outOfRange),
        ("check: {http: {expect: 2xx}}", "/backends/b/check/http/expect", .wrongType),
        (
            "check: {http: {headers: {Connection: close}}}",
            "/backends/b/check/http/headers/Connection", .invalidValue
        ),
        (
            "check: {http: {headers: {a: 1, A: 2}}}", "/backends/b/check/http/headers/a",
            .duplicateKey
        ),
        ("check: {tcp: {}, interval: 99ms}", "/backends/b/check/interval", .outOfRange),
        ("check: {tcp: {}, fall: 0}", "/backends/b/check/fall", .outOfRange),
        (
            "check: {tcp: {}, on_marked_down: end_backup_sessions}",
            "/backends/b/check/on_marked_down", .invalidValue
        ),
        ("on_removed: end", "/backends/b/on_removed", .invalidValue),
        ("ejection: {max_percent: 101}", "/backends/b/ejection/max_percent", .outOfRange),
    ])
    func refused(backend: String, pointer: String, code: ConfigurationProblem.Code) {
        let errors = read(Self.text(backend)).errors
        #expect(errors.map(\.pointer) == [pointer] && errors.map(\.code) == [code])
    }

    /// The credentials of a machine are not asked for either.
    @Test func aLinkLocalAddressOfACheck() {
        let server = ", check: {address: \"169.254.169.254:80\"}"
        let errors = read(Self.text("check: {tcp: {}}", server: server)).errors
        #expect(errors.map(\.pointer) == ["/backends/b/servers/s/check/address"])
        let allowed = Self.text("check: {tcp: {}}", server: server + ", allow_link_local: true")
        #expect(read(allowed).errors.isEmpty)
    }
}
