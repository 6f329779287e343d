// The socket file and the server's life.

import Foundation
import TestKit
import Testing

@testable import AdminAPI

struct ServerTests {
    private func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }

    @Test func socketHasItsMode() async throws {
        let admin = try await AdminInstance()
        #expect(try mode(admin.socketPath) == 0o660)
        await admin.stop()
        #expect(!FileManager.default.fileExists(atPath: admin.socketPath))
        let server = try await AdminInstance.start(
            admin.master, admin.socketPath, mode: 0o600)
        #expect(try mode(admin.socketPath) == 0o600)
        await server.stop()
    }

    @Test func aLiveSocketIsNotTaken() async throws {
        let admin = try await AdminInstance()
        await #expect(throws: AdminServerError.alreadyServed(path: admin.socketPath)) {
            _ = try await AdminInstance.start(ScriptedMaster(), admin.socketPath)
        }
        #expect(try await admin.get("/healthz").status == 200)
        await admin.stop()
    }

    @Test func aStaleSocketIsReplaced() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.path("admin.sock")
        // A second name of a socket whose owner is gone: connect(2) is refused.
        let owner = try await AdminInstance()
        try FileManager.default.linkItem(atPath: owner.socketPath, toPath: path)
        await owner.stop()
        // A process that another test starts at this moment may hold a copy until its exec(2).
        try await AdminInstance.blocking {
            try eventually("nobody listens") { (try? HTTPClient(path: path)) == nil }
        }
        #expect(FileManager.default.fileExists(atPath: path))
        let server = try await AdminInstance.start(ScriptedMaster(), path)
        await server.stop()
    }

    @Test func whatIsNoSocketIsLeftAlone() async throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("admin.sock", "precious")
        await #expect(throws: (any Error).self) {
            _ = try await AdminInstance.start(ScriptedMaster(), path)
        }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "precious")
    }

    /// Requests that wait do not hold up the end for long.
    @Test func stopDoesNotWaitForWaiters() async throws {
        let admin = try await AdminInstance()
        async let answer = try? admin.post("/v1/reloads?wait=3s")
        while admin.master.triggers.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
        let start = ContinuousClock.now
        await admin.stop()
        #expect(ContinuousClock.now - start < .milliseconds(2500))
        _ = await answer
    }

    @Test func manyIdleConnectionsDoNotStarveOthers() async throws {
        let admin = try await AdminInstance()
        let path = admin.socketPath
        let idle = try await AdminInstance.blocking {
            try (0..<200).map { _ in try TestSocket.connect(path: path) }
        }
        #expect(try await admin.get("/healthz").status == 200)
        for socket in idle { socket.close() }
        await admin.stop()
    }
}
