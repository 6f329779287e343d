// POST /v1/logs/reopen.

import TestKit
import Testing

@testable import AdminAPI

@Suite struct LogReopeningTests {
    @Test func saysWhatWasOpened() async throws {
        let admin = try await AdminInstance()
        let answer = try await admin.post("/v1/logs/reopen")
        #expect(answer.status == 200)
        #expect(answer.json["destinations"].list.compactMap(\.text) == ["/var/log/apus/access.log"])
        #expect(answer.json["workers"].int == 2)
        #expect(admin.master.logReopenings == 1)
        #expect(try await admin.post("/v1/logs/reopen", #"{"x":1}"#).status == 422)
        #expect(admin.master.logReopenings == 1)
        await admin.stop()
    }

    @Test func saysWhyNot() async throws {
        let admin = try await AdminInstance()
        admin.master.failLogs("open /var/log/apus/access.log: no such directory")
        let answer = try await admin.post("/v1/logs/reopen")
        #expect(answer.status == 422)
        #expect(answer.json["code"].text == "access-log-failed")
        #expect(answer.json["detail"].text?.contains("no such directory") == true)
        admin.master.stop()
        #expect(try await admin.post("/v1/logs/reopen").status == 503)
        await admin.stop()
    }
}
