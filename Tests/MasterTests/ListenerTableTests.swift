import Glibc
import Model
import Syscalls
import TestKit
import Testing
import Wire

@testable import Master

@Suite struct ListenerTableTests {
    let table = ListenerTable()

    @Test func bindDoesNotListen() throws {
        let port = try FreePort.lease()
        try table.bind(generation: 1, configuration: configuration(["web": [port]]))
        #expect(table.views.map(\.phase) == ["BOUND"])
        #expect(throws: (any Error).self) { try TestSocket.connect(port: port, within: 0.2) }
        let leases = try table.handOff(generation: 1)
        #expect(table.views.map(\.phase) == ["LEASED"])
        #expect((try? TestSocket.connect(port: port)) != nil)
        let entry = try #require(leases.first?.manifest.entries.first)
        #expect(entry.frontend == "web")
        #expect(entry.address.description == "127.0.0.1:\(port)")
        let descriptor = try #require(leases.first?.descriptors.first)
        #expect(try ListenerSocket.inode(descriptor) == entry.inode)
        #expect(try ListenerSocket.isListening(descriptor))
    }

    @Test func portZeroBecomesThePortOfTheKernel() throws {
        try table.bind(generation: 1, configuration: configuration(["web": [0]]))
        let first = try table.handOff(generation: 1)
        try table.bind(generation: 2, configuration: configuration(["web": [0]]))
        let second = try table.handOff(generation: 2)
        #expect(first.first?.manifest.entries.first?.address.port != 0)
        #expect(first.first?.manifest == second.first?.manifest)
    }

    @Test func failedBindLeavesNothing() throws {
        let good = try FreePort.lease()
        let taken = try FreePort.lease()
        let other = try TestSocket.listen(port: taken)
        defer { other.close() }
        let failure = #expect(throws: ListenerFailure.self) {
            try table.bind(
                generation: 1, configuration: configuration(["a": [good], "b": [taken]]))
        }
        #expect(failure?.pointer == "/frontends/b/bind/0")
        #expect(failure?.error.name == "EADDRINUSE")
        #expect(table.views.isEmpty)
        #expect((try? TestSocket.bound(port: good)) != nil, "the good port is free again")
        let address = try #require(SocketAddress("127.0.0.1:\(taken)"))
        #expect(ProcessFacts.holder(of: address)?.contains("pid") == true)
    }

    @Test func unchangedAddressKeepsItsSocket() throws {
        let (kept, new) = (try FreePort.lease(), try FreePort.lease())
        try table.bind(generation: 1, configuration: configuration(["a": [kept]]))
        let before = try #require(try table.handOff(generation: 1).first?.manifest.entries.first)
        table.commit(generation: 1)
        try table.bind(generation: 2, configuration: configuration(["b": [kept], "c": [new]]))
        let after = try table.handOff(generation: 2).flatMap(\.manifest.entries)
        #expect(after.map(\.frontend) == ["b", "c"])
        #expect(after.first?.listener == before.listener)
        #expect(after.first?.inode == before.inode)
    }

    @Test func manyListenersGoInPacketsOf64() throws {
        let ports = [Int](repeating: 0, count: 150)
        // One frontend each: the same address stands in one frontend only.
        var frontends: [String: [String]] = [:]
        for (index, _) in ports.enumerated() {
            frontends["f\(1000 + index)"] = ["127.0.1.\(index + 1):0"]
        }
        try table.bind(generation: 1, configuration: configuration(addresses: frontends))
        let leases = try table.handOff(generation: 1)
        #expect(leases.map(\.descriptors.count) == [64, 64, 22])
        #expect(leases.map(\.manifest.isLast) == [false, false, true])
        for lease in leases {
            let packet = try MasterMessage.handoff(lease.manifest).packet(generation: 1)
            #expect(packet.encoded().count < ControlPacket.bytesMax)
        }
    }

    @Test func abandonClosesOnlyWhatNobodyElseHas() throws {
        let (kept, new) = (try FreePort.lease(), try FreePort.lease())
        try serve(1, ["a": [kept]])
        try table.bind(generation: 2, configuration: configuration(["a": [kept], "b": [new]]))
        _ = try table.handOff(generation: 2)
        table.abandon(generation: 2)
        #expect(table.views.map(\.address) == ["127.0.0.1:\(kept)"])
        #expect(table.views.map(\.phase) == ["LEASED"])
        #expect(throws: (any Error).self) { try TestSocket.connect(port: new, within: 0.2) }
    }

    @Test func removedListenerIsDrainedBeforeItCloses() throws {
        let (kept, removed) = (try FreePort.lease(), try FreePort.lease())
        try serve(1, ["a": [kept], "b": [removed]])
        let socket = try #require(
            table.all.first { $0.address.port == UInt16(removed) }?.rawValue)
        let early = try TestSocket.connect(port: removed)
        try table.bind(generation: 2, configuration: configuration(["a": [kept]]))
        _ = try table.handOff(generation: 2)
        let drained = table.willRelease(generation: 1, successor: 2, isFinal: false)
        #expect(drained == [2])
        #expect(table.views.map(\.phase) == ["LEASED", "DRAINING_BACKLOG"])
        // The one that waits can be accepted, a new one is not answered, and not refused either.
        #expect(throws: (any Error).self) { try TestSocket.connect(port: removed, within: 0.2) }
        let isAccepted = try TCPSocket.accept(socket) != nil
        #expect(isAccepted)
        table.didLetGo(generation: 1)
        #expect(table.views.count == 2, "wanted by the committed generation until the commit")
        table.commit(generation: 2)
        #expect(table.views.map(\.address) == ["127.0.0.1:\(kept)"])
        early.close()
    }

    @Test func listenerThatComesBackIsAdvertisedAgain() throws {
        let (kept, back) = (try FreePort.lease(), try FreePort.lease())
        try serve(1, ["a": [kept], "b": [back]])
        try table.bind(generation: 2, configuration: configuration(["a": [kept]]))
        _ = try table.handOff(generation: 2)
        _ = table.willRelease(generation: 1, successor: 2, isFinal: false)
        table.commit(generation: 2)
        // Generation 1 still holds it: it is slow to let go.
        try table.bind(generation: 3, configuration: configuration(["a": [kept], "b": [back]]))
        _ = try table.handOff(generation: 3)
        #expect((try? TestSocket.connect(port: back, within: 1)) != nil)
        table.didLetGo(generation: 1)
        table.commit(generation: 3)
        #expect(table.views.count == 2)
    }

    @Test func crashLeavesThePortToTheKernel() throws {
        let port = try FreePort.lease()
        try serve(1, ["a": [port]])
        table.didLetGo(generation: 1)
        #expect(table.views.map(\.phase) == ["BOUND"])
        #expect((try? TestSocket.connect(port: port)) != nil, "queued, not refused")
        // Its replacement fails in the switch, when nobody serves.
        try table.bind(generation: 2, configuration: configuration(["a": [port]]))
        _ = try table.handOff(generation: 2)
        #expect(table.willRelease(generation: 2, successor: nil, isFinal: false) == [])
        table.abandon(generation: 2)
        #expect((try? TestSocket.connect(port: port)) != nil)
    }

    /// Options change at the switch, of a socket that lives on, and come back where it fails.
    @Test func optionsFollowTheConfiguration() throws {
        let port = try FreePort.lease()
        func prepare(_ generation: Int, _ timeout: Duration?) throws -> Int32 {
            var configuration = configuration(["a": [port]])
            configuration.frontends[0].bind[0].userTimeout = timeout
            try table.bind(generation: generation, configuration: configuration)
            return try #require(table.all.first?.rawValue)
        }
        let socket = try prepare(1, .seconds(7))
        _ = try table.handOff(generation: 1)
        table.commit(generation: 1)
        #expect(option(TCP_USER_TIMEOUT, of: socket) == 7_000)
        #expect(option(TCP_NODELAY, of: socket) != 0)
        #expect(try prepare(2, .seconds(9)) == socket)
        #expect(option(TCP_USER_TIMEOUT, of: socket) == 7_000, "nothing changes before the switch")
        _ = try table.handOff(generation: 2)
        #expect(option(TCP_USER_TIMEOUT, of: socket) == 9_000)
        table.abandon(generation: 2)
        #expect(option(TCP_USER_TIMEOUT, of: socket) == 7_000)
        _ = try prepare(3, nil)
        _ = try table.handOff(generation: 3)
        table.commit(generation: 3)
        #expect(option(TCP_USER_TIMEOUT, of: socket) == 0)
        // A connection has what its listener had.
        let client = try TestSocket.connect(port: port)
        defer { client.close() }
        guard let accepted = try TCPSocket.accept(socket) else {
            Issue.record("nobody has come")
            return
        }
        let connection = accepted.takeConnection()
        #expect(option(TCP_NODELAY, of: connection.rawValue) != 0)
    }

    private func option(_ name: Int32, of socket: Int32) -> Int32 {
        var value: Int32 = -1
        var size = socklen_t(MemoryLayout<Int32>.size)
        // SAFETY: both are written during the call only, and `value` has that size.
        _ = unsafe getsockopt(socket, Int32(IPPROTO_TCP), name, &value, &size)
        return value
    }

    @Test func finalReleaseClosesAll() throws {
        let port = try FreePort.lease()
        try serve(1, ["a": [port]])
        #expect(table.willRelease(generation: 1, successor: nil, isFinal: true) == [1])
        table.didLetGo(generation: 1)
        #expect(table.views.isEmpty)
    }

    private func serve(_ generation: Int, _ ports: [String: [Int]]) throws {
        try table.bind(generation: generation, configuration: configuration(ports))
        _ = try table.handOff(generation: generation)
        table.commit(generation: generation)
    }

    private func configuration(_ ports: [String: [Int]]) -> Configuration {
        configuration(addresses: ports.mapValues { $0.map { "127.0.0.1:\($0)" } })
    }

    private func configuration(addresses: [String: [String]]) -> Configuration {
        Configuration(
            frontends: addresses.sorted { $0.key < $1.key }.map { name, texts in
                Frontend(name: name, mode: .http, bind: texts.compactMap { SocketAddress($0) })
            })
    }
}
