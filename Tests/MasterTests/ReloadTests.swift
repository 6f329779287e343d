// The master as a whole with honest workers: start, reload, listeners that come and go, stop.

import Foundation
import Supervisor
import Syscalls
import TestKit
import Testing

@testable import Master

extension MasterProcessTests {
    @Suite struct ReloadTests {
        @Test func startServesAndStopEnds() async throws {
            let port = try FreePort.lease()
            let master = try TestMaster.start(
                configuration: TestConfiguration(port: port, body: "x").text)
            let first = try await master.started()
            #expect(first.status == .succeeded, "\(first) \(master.log)")
            #expect(first.trigger.source == .startup)
            #expect(try ask(port) == "1\n")
            let snapshot = master.handle.snapshot()
            #expect(snapshot.serving == 1)
            #expect(snapshot.listeners.map(\.phase) == ["LEASED"])
            #expect(snapshot.workers.count == 1)
            #expect(snapshot.workers.values.first?.rssBytes ?? 0 > 0)
            await master.handle.stop(graceful: true)
            #expect(master.waitForEnd() == 0, "\(master.log)")
        }

        @Test func reloadMovesToTheNextGeneration() async throws {
            let port = try FreePort.lease()
            let master = try TestMaster.start(
                configuration: TestConfiguration(port: port, body: "x").text)
            _ = try await master.started()
            let second = try await master.reload()
            #expect(second.status == .succeeded, "\(second) \(master.log)")
            #expect(second.toGeneration == 2)
            #expect(try ask(port) == "2\n")
            _ = try await master.waitUntil("the end of the first") { snapshot in
                snapshot.generations.first { $0.generation == 1 }?.phase == .exited ? true : nil
            }
        }
    }
}

/// What the worker that accepts says: its generation.
func ask(_ port: Int) throws -> String {
    let socket = try TestSocket.connect(port: port)
    return String(decoding: try socket.receiveAll(), as: UTF8.self)
}
