// The routes of configurations: what they ask, what they answer, and what they refuse.

import ConfigurationLanguage
import Store
import Supervisor
import Synchronization
import TestKit
import Testing

@testable import AdminAPI
@testable import Master

struct ConfigurationTests {
    private static let text = """
        # ours
        version: 1
        frontends: {web: {bind: "*:80", backend: api}}
        backends: {api: {servers: {a: {address: "10.0.0.1:80", weight: 5}}}}

        """

    private func admin() async throws -> AdminInstance {
        let admin = try await AdminInstance()
        admin.master.desk.state.withLock { state in
            state.texts = [41: Self.text.replacing("weight: 5", with: "weight: 1"), 42: Self.text]
            state.applied = 42
            state.revisions = [42, 41].map { number in
                RevisionSummary(
                    number: number, sha256: "s\(number)", byteCount: 9, sourceName: "a.yaml",
                    createdAt: .example(), isGood: number == 41,
                    origin: number == 42
                        ? RevisionOrigin(reload: "rl_1", principal: "uid:0", reason: "why") : nil)
            }
        }
        return admin
    }

    // MARK: Reading

    @Test func theServedConfigurationInItsViews() async throws {
        let admin = try await admin()
        let written = try await admin.get("/v1/config")
        #expect(written.status == 200)
        #expect(written["Content-Type"] == "application/json")
        #expect(written["X-Config-Revision"] == "42")
        #expect(written["Vary"] == "Accept")
        #expect(written.json["version"].int == 1)
        #expect(written.json["backends"]["api"]["servers"]["a"]["weight"].int == 5)
        #expect(written.json["process"] == .missing)
        let effective = try await admin.get("/v1/config?view=effective")
        #expect(effective.json["process"]["ready_timeout"].text == "30s")
        let yaml = try await admin.get("/v1/config", fields: ["Accept: application/yaml"])
        #expect(yaml["Content-Type"] == "application/yaml")
        #expect(yaml.text == Self.text)
        let tags = [written, effective, yaml].map { $0["ETag"] ?? "" }
        #expect(Set(tags).count == 3, "one for each representation: \(tags)")
        #expect(tags.allSatisfy { $0.count == 66 && $0.hasPrefix("\"") })
        #expect(try await admin.get("/v1/config?view=raw").status == 400)
        await admin.stop()
    }

    @Test func aKnownTagIsNotModified() async throws {
        let admin = try await admin()
        let tag = try #require(try await admin.get("/v1/config")["ETag"])
        for known in [tag, "W/\(tag)", "\"x\", \(tag)", "*"] {
            let answer = try await admin.get("/v1/config", fields: ["If-None-Match: \(known)"])
            #expect(answer.status == 304, "\(known)")
            #expect(answer.body.isEmpty)
            #expect(answer["ETag"] == tag)
        }
        let other = try await admin.get(
            "/v1/config?view=effective", fields: ["If-None-Match: \(tag)"])
        #expect(other.status == 200)
        await admin.stop()
    }

    @Test func nothingServedYet() async throws {
        let admin = try await AdminInstance()
        let answer = try await admin.get("/v1/config")
        #expect(answer.status == 503)
        #expect(answer.json["code"].text == "not-ready")
        await admin.stop()
    }

    // MARK: Revisions

    @Test func revisionsAreListedAndRead() async throws {
        let admin = try await admin()
        let page = try await admin.get("/v1/config/revisions?limit=1").json
        #expect(page["next_cursor"].text == "42")
        let first = try #require(page["items"].list.first)
        #expect(first["revision"].int == 42)
        #expect(first["principal"].text == "uid:0")
        #expect(first["reason"].text == "why")
        #expect(first["reload"].text == "rl_1")
        #expect(first["applied"].bool == true)
        #expect(first["is_good"].bool == false)
        let second = try await admin.get("/v1/config/revisions?cursor=42").json["items"].list
        #expect(second.map { $0["revision"].int } == [41])
        #expect(second.first?["principal"] == .null)

        #expect(try await admin.get("/v1/config/revisions/41").json["sha256"].text == "s41")
        let document = try await admin.get("/v1/config/revisions/41?view=written").json
        #expect(document["backends"]["api"]["servers"]["a"]["weight"].int == 1)
        for number in ["40", "x", "4000000000000000000000"] {
            let answer = try await admin.get("/v1/config/revisions/\(number)")
            #expect(answer.status == 404)
        }
        await admin.stop()
    }

    @Test func revisionsAreCompared() async throws {
        let admin = try await admin()
        let path = "/v1/config/revisions/42/diff"
        let difference = try await admin.get(path).json
        #expect(difference["from"].int == 41)
        #expect(difference["to"].int == 42)
        #expect(difference["impact"].text == "HOT")
        #expect(difference["apply"].text == "RELOAD")
        #expect(difference["change_count"].int == 1)
        #expect(
            difference["changes"].list.first?["pointer"].text == "/backends/api/servers/a/weight")
        let same = try await admin.get("\(path)?against=42").json
        #expect(same["impact"] == .null)
        #expect(same["changes"].list.isEmpty)
        let text = try await admin.get(path, fields: ["Accept: text/plain"])
        #expect(text["Content-Type"] == "text/plain; charset=utf-8")
        #expect(text.text.contains("\n-backends: "))
        #expect(try await admin.get("\(path)?against=7").status == 404)
        #expect(try await admin.get("/v1/config/revisions/41/diff").status == 404)
        await admin.stop()
    }

    // MARK: Plans

    @Test func aPlanIsAskedForInEachWay() async throws {
        let admin = try await admin()
        let path = "/v1/config/validate"
        for body in ["", "{}", #"{"config":null}"#] {
            #expect(try await admin.post(path, body).status == 200)
        }
        let wrapped = #"{ "config": {"version": 1, "log": {"level": "i\"}nfo"}} }"#
        #expect(try await admin.post("\(path)?level=schema", wrapped).status == 200)
        let yaml = try await admin.exchange(
            "POST", "\(path)?level=probe",
            fields: ["Content-Type: application/yaml; charset=utf-8"],
            body: Self.text)
        #expect(yaml.status == 200)
        #expect(yaml.json["level"].text == "probe")
        let planned = admin.master.desk.state.withLock { $0.planned }
        #expect(
            planned == [
                "semantic file", "semantic file", "semantic file",
                #"schema             {"version": 1, "log": {"level": "i\"}nfo"}}  "#,
                "probe \(Self.text)",
            ])
        await admin.stop()
    }

    @Test func aPlanIsAnsweredAsInTheContract() async throws {
        let admin = try await admin()
        let difference = try await admin.master.desk.difference(from: 41, to: 42)
        admin.master.desk.state.withLock {
            $0.plan = .success(
                ConfigurationPlan(
                    warnings: [
                        ConfigurationProblem(
                            code: .noWeight, severity: .warning, file: "request",
                            position: TextPosition(line: 2, column: 3), pointer: "/backends/api",
                            message: "no weight")
                    ], baseRevision: 42, difference: difference))
        }
        let expected = """
            {"valid":true,"level":"semantic","base_revision":42,"impact":"HOT","apply":"RELOAD",\
            "change_count":1,"changes":[{"op":"replace","pointer":"/backends/api/servers/a/weight",\
            "impact":"HOT"}],"warnings":[{"code":"no-weight","severity":"warning","file":"request",\
            "line":2,"column":3,"pointer":"/backends/api","message":"no weight","suggestion":null,\
            "owner":null}],"probe":null}

            """
        #expect(try await admin.post("/v1/config/validate").text == expected)
        await admin.stop()
    }

    @Test func whatCannotBePlannedSaysWhy() async throws {
        let admin = try await admin()
        let failed = ReloadFailure(code: "worker-refused", detail: "no-such-thing: not today")
        let table: [(Result<ConfigurationPlan, ConfigurationDeskError>, Int, String)] = [
            (
                .success(
                    ConfigurationPlan(errors: [
                        ConfigurationProblem(
                            code: .unknownField, file: "request",
                            position: TextPosition(line: 1, column: 2), pointer: "/a",
                            message: "unknown")
                    ])), 422, "config-invalid"
            ),
            (
                .success(
                    ConfigurationPlan(errors: [
                        ConfigurationProblem(
                            code: .unreadableFile, file: "a.yaml", position: nil, pointer: "",
                            message: "there is no such file")
                    ])), 422, "file-missing"
            ),
            (.failure(.busy), 429, "too-many-plans"),
            (.failure(.probing), 409, "probe-in-progress"),
            (
                .failure(.probe(ProbeFailure(failure: failed, logTail: ["words"]))), 422,
                "worker-refused"
            ),
            (.failure(.failed("disk I/O error")), 503, "store-failed"),
        ]
        for (plan, status, code) in table {
            admin.master.desk.state.withLock { $0.plan = plan }
            let answer = try await admin.post("/v1/config/validate?level=probe")
            #expect(answer.status == status)
            #expect(answer.json["code"].text == code)
            if status == 429 { #expect(answer["Retry-After"] == "1") }
            if code == "worker-refused" {
                #expect(answer.json["log_tail"].list == [.text("words")])
            }
        }
        await admin.stop()
    }

    @Test func whatIsNoPlanIsRefused() async throws {
        let admin = try await admin()
        let path = "/v1/config/validate"
        let unknown = try await admin.post(path, #"{"version": 1, "config": 5}"#)
        #expect(unknown.status == 422)
        #expect(unknown.json["errors"].list.map { $0["pointer"].text } == ["/version", "/config"])
        #expect(try await admin.post(path, "{").json["code"].text == "malformed-json")
        #expect(try await admin.post("\(path)?level=all").status == 400)
        let type = try await admin.exchange(
            "POST", path, fields: ["Content-Type: text/plain"], body: "{}")
        #expect(type.status == 415)
        #expect(admin.master.desk.state.withLock { $0.planned } == [])
        await admin.stop()
    }

    @Test func onlyThisRouteTakesTenMegabytes() async throws {
        let admin = try await admin()
        let large = "# " + String(repeating: "x", count: 2 << 20)
        let yaml = try await admin.exchange(
            "POST", "/v1/config/validate", fields: ["Content-Type: application/yaml"], body: large)
        #expect(yaml.status == 200)
        #expect(try await admin.post("/v1/reloads", large).status == 413)
        let tooLarge = try await admin.exchange(
            "POST", "/v1/config/validate",
            fields: ["Content-Type: application/yaml", "Content-Length: 10486785"])
        #expect(tooLarge.status == 413)
        await admin.stop()
    }

    @Test(arguments: [
        (#"{"config":{"a":1}}"#, #"          {"a":1} "#),
        (
            #"{"é":"}","config": [1,{"b":"]\"}"}] ,"c":2}"#,
            ##"                  [1,{"b":"]\"}"}]        "##
        ),
        (
            "{\n \"x\": 1,\n \"config\": {\n  \"a\": 1 }\n}\n",
            "\n         \n           {\n  \"a\": 1 }\n \n"
        ),
    ])
    func theRestBecomesBlank(_ text: String, _ expected: String) throws {
        let blanked = try #require(JSONMember.blanking(allBut: "config", of: Array(text.utf8)))
        let result = String(decoding: blanked, as: UTF8.self)
        #expect(result.trimmed == expected.trimmed)
        #expect(result.unicodeScalars.count == text.unicodeScalars.count)
        #expect(JSONMember.blanking(allBut: "d", of: Array(text.utf8)) == nil)
    }
}

extension String {
    fileprivate var trimmed: Substring {
        self[...].drop { $0 == " " || $0 == "\n" }
    }
}
