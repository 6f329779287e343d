// Servers whose address changes while the loops run: what the master publishes for a name, what an
// operator says, and where connections come from.

import Glibc
import Model
import SharedState
import Syscalls
import Testing

@testable import DataPlane

@Suite struct EngineAddressTests {
    private static let name = NamedAddress(name: "app.internal", port: 8080)
    private static let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

    private func harness(
        _ origin: EngineOrigin, loops: Int = 1, check: HealthCheck? = nil,
        _ change: @escaping (inout Server) -> Void = { _ in }
    ) throws -> EngineHarness {
        var options = EngineHarness.Options()
        options.reuse.policy = .aggressive
        options.loopCount = loops
        options.check = check
        options.changeServer = change
        return try EngineHarness(origins: [origin.port], options)
    }

    private func publish(
        _ origin: EngineOrigin?, tag: UInt64, in harness: EngineHarness
    ) throws {
        let record = try #require(harness.serverRecord(0))
        record.publish(origin.map { PublishedAddress(.loopback(port: $0.port), tag: tag) })
        harness.attend()
    }

    /// An origin that says who it is.
    private func origin(_ name: String) throws -> EngineOrigin {
        try EngineOrigin { connection in
            while connection.takeMessage() != nil {
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n\(name)")
            }
        }
    }

    private func ask(_ client: EngineSocket) -> String {
        client.send(Self.get)
        return client.takeMessage()?.text ?? "nothing"
    }

    /// What is idle is given up, what runs ends where it is, and what is new goes to the new place.
    @Test(arguments: [1, 3]) func aServerMoves(loops: Int) throws {
        let (old, new) = (try origin("a"), try origin("b"))
        let harness = try harness(old, loops: loops)
        let running = try harness.connect()
        running.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n")
        #expect(harness.connections(of: 0) { $0.inUse == 1 })
        let clients = try (0..<8).map { _ in try harness.connect() }
        for client in clients { #expect(ask(client) == "a") }
        #expect(harness.connections(of: 0) { $0.inUse == 1 && $0.idle >= 1 })
        try publish(new, tag: 0, in: harness)
        #expect(harness.connections(of: 0) { $0 == ServerConnectionCounts(inUse: 1) })
        for client in clients { #expect(ask(client) == "b") }
        let made = old.connectionCount
        running.send("x")
        #expect(running.takeMessage()?.text == "a")
        // Its connection was not kept: it leads to where the server is no longer.
        for client in clients + [running] { #expect(ask(client) == "b") }
        #expect(old.connectionCount == made)
        #expect(harness.connections(of: 0) { $0.inUse == 0 && $0.open <= new.connectionCount })
    }

    /// A name that nobody has found yet takes no traffic; an address is taken for this name only, an
    /// operator's for any.
    @Test func aNameIsFound() throws {
        let origin = try origin("a")
        let harness = try harness(origin) { $0.address = .named(Self.name) }
        #expect(try harness.ask() == 503)
        try publish(origin, tag: Self.name.tag ^ 1, in: harness)
        #expect(try harness.ask() == 503)
        try publish(origin, tag: Self.name.tag, in: harness)
        #expect(Wait.until(5) { (try? harness.ask()) == 200 })
        try publish(nil, tag: 0, in: harness)
        #expect(Wait.until(5) { (try? harness.ask()) == 503 })
        try publish(origin, tag: 0, in: harness)
        #expect(Wait.until(5) { (try? harness.ask()) == 200 })
    }

    /// Checks begin when there is somebody to ask, and go where the server has gone.
    @Test func checksFollow() throws {
        let (old, new) = (try CheckedOrigin(), try CheckedOrigin())
        let harness = try harness(old.origin, check: .quick()) { $0.address = .named(Self.name) }
        usleepTenth()
        #expect(harness.health() == .unchecked && harness.finding().result == .none)
        try publish(old.origin, tag: Self.name.tag, in: harness)
        #expect(harness.health(becomes: .up))
        old.set(.closing)
        #expect(harness.health(becomes: .down))
        try publish(new.origin, tag: Self.name.tag, in: harness)
        #expect(harness.health(becomes: .up))
        let before = old.checkCount
        let soFar = new.checkCount
        #expect(Wait.until(5) { new.checkCount > soFar + 3 })
        #expect(old.checkCount == before)
    }

    /// The host dies and the server moves, while a check waits for an answer of the former address:
    /// what becomes of that says nothing of the new one.
    @Test func aCheckOfTheFormerAddressIsDropped() throws {
        let silent = try EngineOrigin { connection in _ = connection.takeAll(within: 20) }
        let new = try CheckedOrigin()
        var check = HealthCheck.quick(timeout: .seconds(1))
        check.fall = 1
        let harness = try harness(silent, check: check)
        #expect(Wait.until(5) { silent.connectionCount > 0 })
        try publish(new.origin, tag: 0, in: harness)
        #expect(harness.health(becomes: .up))
        // Longer than the check that was under way would have lasted.
        Wait.until(1.5) { false }
        #expect(new.checkCount > 3 && harness.serverRecord(0)?[.timesDown] == 0)
    }

    @Test func connectionsComeFromTheSource() throws {
        let seen = Guarded(Set<String>())
        let origin = try EngineOrigin { connection in
            while connection.takeMessage() != nil {
                let peer = (try? TCPSocket.peerAddress(connection.fd)).map { "\($0)" } ?? ""
                seen.withLock { _ = $0.insert(String(peer.prefix { $0 != ":" })) }
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            }
        }
        let harness = try harness(origin, check: .quick()) { $0.source = .ipv4(0x7F00_0105) }
        #expect(harness.health(becomes: .up))
        #expect(try harness.ask() == 200)
        #expect(seen.withLock { $0 } == ["127.0.1.5"])
        // Not one of ours (TEST-NET-3): no server can be reached from there.
        let other = try self.harness(origin) { $0.source = .ipv4(0xCB00_7101) }
        #expect(try other.ask() == 503)
    }

    @Test func disabledUntilAnOperatorSaysReady() throws {
        let origin = try origin("a")
        let harness = try harness(origin) { $0.isDisabled = true }
        #expect(try harness.ask() == 503)
        let record = try #require(harness.serverRecord(0))
        record.set(.adminState, ServerAdminState.ready.word)
        harness.attend()
        #expect(Wait.until(5) { (try? harness.ask()) == 200 })
        record.set(.adminState, 0)
        harness.attend()
        #expect(Wait.until(5) { (try? harness.ask()) == 503 })
    }
}
