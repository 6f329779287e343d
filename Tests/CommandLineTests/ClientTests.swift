// The client against sockets that are not what it hopes for.

import JSON
import TestKit
import Testing

@testable import apus

struct ClientTests {
    @Test func noSocketIsUnreachable() throws {
        let directory = try TemporaryDirectory()
        let client = MasterClient(address: .socket(path: directory.path("none.sock")))
        let failure = #expect(throws: CommandFailure.self) { try client.get("/v1/status") }
        #expect(failure?.status == .unreachable)
        #expect(failure?.message?.contains("apus run") == true)
    }

    @Test func aFileIsUnreachable() throws {
        let directory = try TemporaryDirectory()
        let client = MasterClient(address: .socket(path: try directory.write("file", "")))
        let failure = #expect(throws: CommandFailure.self) { try client.get("/v1/status") }
        #expect(failure?.status == .unreachable)
    }

    @Test func aPathTooLongIsUnreachable() {
        let client = MasterClient(address: .socket(path: "/" + String(repeating: "x", count: 200)))
        let failure = #expect(throws: CommandFailure.self) { try client.get("/v1/status") }
        #expect(failure?.status == .unreachable)
    }
}
