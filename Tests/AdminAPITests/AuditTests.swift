// Every change and every refusal leaves one line, and nothing else does.

import JSON
import Model
import Store
import TestKit
import Testing

@testable import AdminAPI

struct AuditTests {
    private static let members: Set = [
        "time", "request_id", "principal", "peer", "role", "method", "route", "path",
        "body_sha256", "revision_before", "revision_after", "operation_id", "outcome", "status",
        "code", "latency_ms",
    ]

    private static func lines(_ admin: AdminInstance) async throws -> [JSON.JSONValue] {
        try await admin.master.audit(AuditFilter(countMax: 1000)).map {
            try JSONText.parse($0.payload)
        }
    }

    @Test func aChangeLeavesALine() async throws {
        let admin = try await AdminInstance()
        let body = "{\"reason\":\"a secret reason\"}"
        let answer = try await admin.post(
            "/v1/reloads", body, fields: ["X-Request-Id: req-1"])
        #expect(answer.status == 202)
        let lines = try await Self.lines(admin)
        let line = try #require(lines.first)
        #expect(lines.count == 1)
        #expect(Set(line.objectValue?.members.map { $0.name } ?? []) == Self.members)
        #expect(line["request_id"] == "req-1")
        #expect(line["principal"] == "uid:0")
        #expect(line["peer"]?["uid"] == 0)
        #expect(line["peer"]?["gid"]?.integerValue != nil)
        #expect((line["peer"]?["pid"]?.integerValue ?? 0) > 1)
        #expect(line["peer"]?["comm"]?.stringValue?.isEmpty == false)
        #expect(line["peer"]?["address"]?.isNull == true)
        #expect(line["role"] == "admin")
        #expect(line["method"] == "POST")
        #expect(line["route"] == "/v1/reloads")
        #expect(line["revision_before"] == 42)
        #expect(line["revision_after"] == 42)
        #expect(line["operation_id"]?.stringValue == answer.json["id"].text)
        #expect(line["outcome"] == "SUCCEEDED")
        #expect(line["status"] == 202)
        #expect(line["code"]?.isNull == true)
        // The digest, and not the body: sha256sum(1) of it.
        #expect(line["body_sha256"]?.stringValue?.utf8.count == 64)
        #expect(!(try JSONText.write(line)).contains(sequence: "secret"))
        await admin.stop()
    }

    @Test func aChangeThatFailsLeavesALine() async throws {
        let admin = try await AdminInstance()
        _ = try await admin.post("/v1/generations/13/terminate")
        _ = try await admin.post("/v1/reloads", "{")
        _ = try await admin.exchange("POST", "/v1/reloads", body: "{}")
        let lines = try await Self.lines(admin)
        #expect(lines.map { $0["status"] } == [415, 400, 409])
        #expect(
            lines.map { $0["code"]?.stringValue } == [
                "unsupported-media-type", "malformed-json", "generation-serving",
            ])
        #expect(lines.allSatisfy { $0["outcome"] == "FAILED" })
        #expect(lines.last?["path"] == "/v1/generations/13/terminate")
        #expect(lines.last?["route"] == "/v1/generations/{n}/terminate")
        await admin.stop()
    }

    @Test func whoOnlyLooksLeavesNone() async throws {
        let admin = try await AdminInstance()
        for target in ["/v1/status", "/v1/nowhere", "/v1/reloads?x=1", "/v1/audit"] {
            _ = try await admin.get(target)
        }
        _ = try await admin.post("/v1/status")
        _ = try await admin.exchange("HEAD", "/v1/reloads")
        #expect(try await Self.lines(admin).isEmpty)
        await admin.stop()
    }

    @Test func aRefusalLeavesALine() async throws {
        let admin = try await AdminInstance()
        _ = try await admin.get("/v1/status", fields: ["Origin: https://evil.example"])
        let line = try #require(try await Self.lines(admin).first)
        #expect(line["outcome"] == "DENIED")
        #expect(line["code"] == "forbidden-origin")
        #expect(line["status"] == 403)
        #expect(line["principal"] == "uid:0")
        #expect(line["role"]?.isNull == true)
        #expect(line["revision_after"]?.isNull == true)
        await admin.stop()
    }

    /// What stands in a path or a name cannot make two lines of one, nor turn it around.
    @Test(arguments: [
        "/v1/reloads/..%2f..%2fetc", "/v1/reloads/%00", "/v1/reloads/%0a%7b%7d",
        "/v1/reloads/\u{202E}evil", "/v1/reloads/" + String(repeating: "a", count: 4096),
        "/v1/reloads/\"quoted\"", "/v1/reloads/\u{1F600}",
    ])
    func hostilePaths(_ path: String) async throws {
        let admin = try await AdminInstance()
        let answer = try await admin.raw(
            Array(
                ("DELETE \(path) HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                    + "Content-Type: application/json\r\n\r\n").utf8))
        #expect(answer.hasPrefix("HTTP/1.1 4"), "\(answer)")
        for line in try await admin.master.audit(AuditFilter(countMax: 10)) {
            let text = String(decoding: line.payload, as: UTF8.self)
            #expect(!text.contains("\n") && !text.contains("\u{202E}"), "\(text)")
            #expect(line.payload.count < 2048)
            #expect(!line.payload.contains { $0 < 0x20 }, "\(text)")
        }
        #expect(admin.master.cancelled.isEmpty)
        await admin.stop()
    }

    @Test func aLineIsShownCleanly() {
        #expect(
            RequestTrace.shown("a\u{0}b\u{1B}[31m\u{202E}c\n")
                == "a\\u{0}b\\u{1b}[31m\\u{202e}c\\u{a}")
        #expect(RequestTrace.shown(String(repeating: "x", count: 1000)).count == 256)
    }

    @Test func itIsReadInPages() async throws {
        let admin = try await AdminInstance()
        for _ in 0..<5 { _ = try await admin.post("/v1/reloads") }
        _ = try await admin.get("/v1/status", fields: ["Origin: null"])
        let first = try await admin.get("/v1/audit?limit=4").json
        #expect(first["items"].list.map { $0["seq"].int } == [6, 5, 4, 3])
        let cursor = try #require(first["next_cursor"].text)
        let second = try await admin.get("/v1/audit?limit=4&cursor=\(cursor)").json
        #expect(second["items"].list.map { $0["seq"].int } == [2, 1])
        #expect(second["next_cursor"] == .null)
        let exact = try await admin.get("/v1/audit?limit=6").json
        #expect(exact["next_cursor"] == .null)
        #expect(
            try await admin.get("/v1/audit?outcome=DENIED").json["items"].list.count == 1)
        #expect(try await admin.get("/v1/audit?since=4").json["items"].list.count == 2)
        #expect(try await admin.get("/v1/audit?since=1h").json["items"].list.count == 6)
        #expect(try await admin.get("/v1/audit?principal=uid:0").json["items"].list.count == 6)
        #expect(try await admin.get("/v1/audit?principal=uid:9").json["items"].list.isEmpty)
        for query in ["since=yesterday", "since=-1", "outcome=OK", "limit=0", "cursor=x"] {
            #expect(try await admin.get("/v1/audit?\(query)").status == 400, "\(query)")
        }
        await admin.stop()
    }
}

extension [UInt8] {
    fileprivate func contains(sequence text: String) -> Bool {
        String(decoding: self, as: UTF8.self).contains(text)
    }
}
