// What an operator does with servers and sessions at run time: what is asked of the master for it, and
// what is refused before the master hears of it.

import SharedState
import Supervisor
import TestKit
import Testing

@testable import AdminAPI
@testable import Master

struct ServerChangeTests {
    private static let server = "/v1/backends/web/servers/web-1"

    @Test(arguments: ["application/json", "application/merge-patch+json"])
    func changes(type: String) async throws {
        let admin = try await AdminInstance()
        let answer = try await admin.patch(
            Self.server, #"{"admin_state":"MAINT","weight":0,"max_connections":null}"#, type: type)
        #expect(answer.status == 200 && answer.json["name"].text == "web-1")
        #expect(try await admin.patch(Self.server, "{}").status == 200)
        let wishes = admin.master.wishes
        #expect(wishes.count == 2)
        #expect(wishes[0].backend == "web" && wishes[0].server == "web-1")
        #expect(wishes[0].adminState == .maintenance && wishes[0].weight == .value(0))
        #expect(wishes[0].maxConnections == .configured)
        #expect(wishes[0].principal.hasPrefix("uid:"))
        #expect(wishes[1].adminState == .keep && wishes[1].weight == .keep)
        await admin.stop()
    }

    @Test(arguments: [
        (#"{"admin_state":"maint"}"#, "/admin_state", "invalid-value"),
        (#"{"admin_state":1}"#, "/admin_state", "wrong-type"),
        (#"{"weight":257}"#, "/weight", "out-of-range"),
        (#"{"weight":-1}"#, "/weight", "out-of-range"),
        (#"{"weight":1.5}"#, "/weight", "wrong-type"),
        (#"{"max_connections":0}"#, "/max_connections", "out-of-range"),
        (#"{"maxconn":5}"#, "/maxconn", "unknown-field"),
        (#"{"address":"app.internal:80"}"#, "/address", "invalid-value"),
        (#"{"address":"10.0.0.1"}"#, "/address", "invalid-value"),
        (#"{"address":"10.0.0.1:0"}"#, "/address", "invalid-value"),
        (#"{"address":8080}"#, "/address", "wrong-type"),
    ])
    func refused(body: String, pointer: String, code: String) async throws {
        let admin = try await AdminInstance()
        let answer = try await admin.patch(Self.server, body)
        #expect(answer.status == 422)
        #expect(answer.json["errors"][0]["pointer"].text == pointer)
        #expect(answer.json["errors"][0]["code"].text == code)
        #expect(admin.master.wishes.isEmpty)
        await admin.stop()
    }

    @Test func nullTakesBack() async throws {
        let admin = try await AdminInstance()
        let answer = try await admin.patch(
            Self.server, #"{"admin_state":null,"weight":null,"max_connections":null}"#)
        #expect(answer.status == 200)
        let wish = admin.master.wishes.first
        #expect(wish?.adminState == .configured && wish?.weight == .configured)
        #expect(wish?.maxConnections == .configured)
        await admin.stop()
    }

    @Test(arguments: [MasterError.storeFailed("disk full"), .notRecorded])
    func aDiskThatDoesNotTakeIt(_ failure: MasterError) async throws {
        let admin = try await AdminInstance()
        admin.master.failChanges(failure)
        let answer = try await admin.patch(Self.server, #"{"admin_state":"MAINT"}"#)
        #expect(answer.status == 503 && answer.json["code"].text == "store-failed")
        await admin.stop()
    }

    @Test func whatBecomesOfIt() async throws {
        let admin = try await AdminInstance()
        admin.master.answer(ServerWishOutcome.noRoom)
        let full = try await admin.patch(Self.server, #"{"max_connections":100000}"#)
        #expect(full.status == 503 && full.json["code"].text == "no-room")
        admin.master.answer(ServerWishOutcome.unknown)
        #expect(try await admin.patch(Self.server, "{}").status == 404)
        #expect(try await admin.patch("/v1/backends/web/servers/no", "{}").status == 404)
        await admin.stop()
    }

    @Test func sessions() async throws {
        let admin = try await AdminInstance()
        var count = SessionCount()
        count.matched = 7
        count.ended = 5
        admin.master.answer(count)
        let first = try await admin.post(
            "/v1/sessions/kill",
            #"{"backend":"web","server":"web-1","client":"10.0.0.0/8","min_age":"2m","max":5}"#)
        #expect(first.status == 200)
        #expect(first.json["matched"].int == 7 && first.json["killed"].int == 5)
        #expect(first.json["complete"] == .boolean(true))
        count.silent = [WorkerID(generation: 3, index: 0)]
        admin.master.answer(count)
        let second = try await admin.post("\(Self.server)/sessions/kill")
        #expect(second.json["complete"] == .boolean(false))
        #expect(second.json["silent_workers"][0].text != nil)
        var wished = SessionWish(max: 5)
        (wished.backend, wished.server, wished.client) = ("web", "web-1", "10.0.0.0/8")
        wished.minAge = .seconds(120)
        #expect(admin.master.endings.first == wished)
        #expect(admin.master.endings.last?.max == 10_000_000)
        await admin.stop()
    }

    @Test(arguments: [
        ("{}", ["/max", "/backend"]),
        (#"{"max":1}"#, ["/backend"]),
        (#"{"backend":"web"}"#, ["/max"]),
        (#"{"server":"web-1","max":1}"#, ["/backend"]),
        (#"{"client":"10.0.0.0/33","max":1}"#, ["/client"]),
        (#"{"client":"web","max":1}"#, ["/client"]),
        (#"{"min_age":"2","max":1}"#, ["/min_age"]),
        (#"{"backend":"web","max":0}"#, ["/max"]),
        (#"{"backend":5,"max":1}"#, ["/backend"]),
    ])
    func refusedKills(body: String, pointers: [String]) async throws {
        let admin = try await AdminInstance()
        let answer = try await admin.post("/v1/sessions/kill", body)
        #expect(answer.status == 422)
        #expect(pointers.indices.map { answer.json["errors"][$0]["pointer"].text } == pointers)
        #expect(admin.master.endings.isEmpty)
        await admin.stop()
    }

    @Test func unknownGeneration() async throws {
        let admin = try await AdminInstance()
        let answer = try await admin.post(
            "/v1/sessions/kill", #"{"generation":4711,"max":1}"#)
        #expect(answer.status == 404)
        await admin.stop()
    }
}
