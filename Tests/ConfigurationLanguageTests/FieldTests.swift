// Values: units, texts that look like something else, templates, headers, matches, files.

import Model
import Testing

@testable import ConfigurationLanguage

@Suite struct FieldTests {
    @Test(arguments: [
        ("500ms", Duration.milliseconds(500)), ("5s", .seconds(5)), ("2m", .seconds(120)),
        ("1h", .seconds(3600)), ("0s", .zero),
    ])
    func durations(_ text: String, _ value: Duration) {
        #expect(Units.duration(text) == value)
    }

    @Test(arguments: [
        "", "5", "s", "5 s", "1.5s", "-1s", "+1s", "1d", "1S", "5sec", "1h30m", "٣s", "1e3s",
        "007s",
        "9999999999999999999s", "999999999999999999h",
    ])
    func noDurations(_ text: String) {
        #expect(Units.duration(text) == nil)
    }

    @Test(arguments: [
        ("0", 0), ("1500", 1_500), ("16k", 16 << 10), ("10m", 10 << 20), ("1g", 1 << 30),
    ])
    func sizes(_ text: String, _ value: Int) {
        #expect(Units.size(text) == value)
    }

    @Test(arguments: [
        "", "k", "1.5k", "-1", "010k", "1K", "1kb", "1 k", "1t", "999999999999999999g",
    ])
    func noSizes(_ text: String) {
        #expect(Units.size(text) == nil)
    }

    @Test(arguments: [("2/s", 2, 1), ("100/m", 100, 60), ("5/h", 5, 3600), ("0/s", 0, 1)])
    func rates(_ text: String, _ count: Int, _ seconds: Int) {
        #expect(Units.rate(text)?.count == count)
        #expect(Units.rate(text)?.period == .seconds(seconds))
    }

    @Test(arguments: ["", "2", "/s", "2/", "2s", "2/d", "1.5/s", "-1/s", "2 / s", "2/S"])
    func noRates(_ text: String) {
        #expect(Units.rate(text) == nil)
    }

    @Test func durationsInWords() {
        #expect(Units.text(.seconds(7 * 24 * 3600)) == "168h")
        #expect(Units.text(.seconds(90)) == "90s")
        #expect(Units.text(.milliseconds(1)) == "1ms")
        #expect(Units.text(.zero) == "0ms")
    }

    @Test func nearestName() {
        #expect(Suggestion.nearest(to: "wieght", in: ["weight", "labels"]) == "weight")
        #expect(Suggestion.nearest(to: "Backend", in: ["backend"]) == "backend")
        #expect(Suggestion.nearest(to: "xyz", in: ["weight"]) == nil)
        #expect(
            Suggestion.nearest(to: "maxconn", in: ["weight", "max_connections"])
                == "max_connections")
        #expect(Suggestion.nearest(to: "maxconn", in: ["weight"]) == nil)
        #expect(Suggestion.nearest(to: String(repeating: "a", count: 1_000), in: ["a"]) == nil)
        #expect(Suggestion.distance(Array("ca".utf8), Array("abc".utf8)) == 3)
        #expect(Suggestion.distance(Array("abcd".utf8), Array("abdc".utf8)) == 1)
    }

    /// One route with these fields.
    private func route(_ fields: String) throws -> Route {
        try configuration(
            "version: 1\nfrontends: {f: {bind: '*:80', routes: [{\(fields)}]}}"
        ).frontends[0].routes[0]
    }

    @Test func textsStayTexts() throws {
        guard case .respond(let yes) = try route("respond: {body: yes}").action,
            case .respond(let version) = try route("respond: {body: 1.10}").action
        else {
            Issue.record("not a local response")
            return
        }
        #expect(yes.body == Template(literal: "yes"))
        #expect(version.body == Template(literal: "1.10"))
        #expect(
            try route("match: {header: {X: no}}, respond: {}").match.headers.first?.value == "no")
    }

    @Test func templates() throws {
        guard
            case .respond(let answer) = try route(
                "respond: {body: '100% of %{path}%%{path} %{client_ip}%'}"
            ).action
        else {
            Issue.record("not a local response")
            return
        }
        #expect(
            answer.body.parts == [
                .literal("100% of "), .variable(.path), .literal("%{path} "), .variable(.clientIP),
                .literal("%"),
            ])
        #expect(answer.contentType == "text/plain; charset=utf-8")
    }

    @Test func everyVariable() throws {
        let text = Variable.allCases.map { "%{\($0.rawValue)}" }.joined()
        let route = try route("headers: {response: {set: {X-All: '\(text)'}}}, respond: {}")
        #expect(
            route.headers.response.first?.value.parts == Variable.allCases.map { .variable($0) })
    }

    @Test func headerRulesInOrder() throws {
        let rules = try route(
            "respond: {}, headers: {add: {A: [1, 2]}, set: {B: ''}, remove: [C, D], "
                + "request: {remove: E, set: {F: x}}, response: {remove: Server}}"
        ).headers
        #expect(
            rules.request.map { "\($0.action) \($0.name)" } == [
                "remove C", "remove D", "remove E", "set B", "set F", "add A", "add A",
            ])
        #expect(rules.response.map(\.name) == ["Server"])
    }

    @Test func matches() throws {
        let match = try route(
            "respond: {}, match: {host: ['*.A.example', '[::1]'], path: [/, /x], "
                + "path_prefix: [/api/, /], method: [GET, HEAD]}"
        ).match
        #expect(match.hosts == [.suffix(".a.example"), .exact("[::1]")])
        #expect(match.paths == ["/", "/x"])
        #expect(match.pathPrefixes == ["/api", "/"])
        #expect(match.methods == ["GET", "HEAD"])
    }

    @Test func limitsAndProcess() throws {
        let configuration = try configuration(
            """
            version: 1
            process: {workers: 2, threads: 4, max_reloads: null, probation: 0s}
            log: {access: {to: /var/log/apus/access.log, format: text}}
            frontends:
              f:
                bind: "[2001:DB8::1]:80"
                limits: {head: 8k, fields: 50, target: 2k, body: 10m}
                paths: {merge_slashes: false, parameters: refuse}
                routes: [{match: {scheme: https}, respond: {}}]
            """)
        #expect(configuration.process.workers == 2)
        #expect(configuration.process.threads == 4)
        #expect(configuration.process.maxReloads == nil)
        #expect(configuration.process.probation == .zero)
        #expect(configuration.log.accessTo == .file(path: "/var/log/apus/access.log"))
        let frontend = configuration.frontends[0]
        #expect(frontend.bind.map(\.description) == ["[2001:db8::1]:80"])
        #expect(frontend.limits.headBytes == 8 << 10)
        #expect(frontend.limits.fieldCount == 50)
        #expect(frontend.limits.targetBytes == 2 << 10)
        #expect(frontend.limits.bodyBytes == 10 << 20)
        #expect(!frontend.paths.mergesSlashes)
        #expect(frontend.paths.parameters == .refuse)
        #expect(frontend.routes[0].match.scheme == .https)
    }

    @Test func files() {
        #expect(throws: ConfigurationProblem.self) { try ConfigurationFile.load("/no/such/file") }
        #expect(throws: ConfigurationProblem.self) { try ConfigurationFile.load("/") }
        #expect(throws: ConfigurationProblem.self) { try ConfigurationFile.load("/dev/zero") }
        do throws(ConfigurationProblem) {
            _ = try ConfigurationFile.load("/no/such/file")
        } catch {
            #expect(
                error.description
                    == "/no/such/file: error: there is no such file; "
                    + "check the path"
            )
        }
        #expect((try? ConfigurationFile.load("/proc/self/status").text.bytes.isEmpty) == false)
    }
}
