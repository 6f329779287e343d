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
        #expect(first.first?.manifest.entries.first?.address.description.hasSuffix(":0") == false)
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
        #expect(ProcessFacts.holder(of: .internet(address))?.contains("pid") == true)
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

    /// A port that an entry has grown by gets a socket, the others keep theirs, whoever has them.
    @Test func aRangeGrowsAndShrinks() throws {
        let first = try FreePort.range(6)
        func bind(_ generation: Int, _ count: Int, from offset: Int = 0) throws -> [UInt64] {
            var configuration = configuration(["a": [first + offset]])
            configuration.frontends[0].bind[0].portCount = count
            try table.bind(generation: generation, configuration: configuration)
            let entries = try table.handOff(generation: generation).flatMap(\.manifest.entries)
            let ports = (0..<count).map { first + offset + $0 }
            #expect(entries.map(\.address.description) == ports.map { "127.0.0.1:\($0)" })
            return entries.map(\.inode)
        }
        let three = try bind(1, 3)
        table.commit(generation: 1)
        let six = try bind(2, 6)
        #expect(Array(six.prefix(3)) == three)
        _ = table.willRelease(generation: 1, successor: 2, isFinal: false)
        table.didLetGo(generation: 1)
        table.commit(generation: 2)
        #expect(try bind(3, 2, from: 3) == Array(six[3...4]))
        #expect(table.willRelease(generation: 2, successor: 3, isFinal: false) == [1, 2, 3, 6])
        table.didLetGo(generation: 2)
        table.commit(generation: 3)
        #expect(table.views.map(\.id) == [4, 5])
    }

    /// Two sockets cannot have one address, so the kernel refuses, and nothing has happened.
    @Test func whatOverlapsOurOwnIsRefused() throws {
        let port = try FreePort.lease()
        try serve(1, ["a": [port]])
        var configuration = configuration(addresses: ["a": ["0.0.0.0:\(port)"]])
        let failure = #expect(throws: ListenerFailure.self) {
            try table.bind(generation: 2, configuration: configuration)
        }
        #expect(failure?.error.errno == EADDRINUSE)
        configuration.frontends[0].bind[0].interface = "lo"
        let listen = try #require(configuration.frontends[0].bind[0].places.first)
        #expect(table.overlapping(listen)?.text == "127.0.0.1:\(port)")
        #expect(table.views.map(\.phase) == ["LEASED"])
        #expect((try? TestSocket.connect(port: port)) != nil)
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
            table.all.first { $0.text == "127.0.0.1:\(removed)" }?.rawValue)
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
        func prepare(
            _ generation: Int, _ timeout: Duration?, _ deferring: Duration?, _ backlog: Int
        ) throws -> Int32 {
            var configuration = configuration(["a": [port]])
            configuration.frontends[0].bind[0].userTimeout = timeout
            configuration.frontends[0].bind[0].deferAccept = deferring
            configuration.frontends[0].bind[0].backlog = backlog
            try table.bind(generation: generation, configuration: configuration)
            return try #require(table.all.first?.rawValue)
        }
        // The kernel knows as many seconds as it sends a packet again in.
        func options(_ socket: Int32) -> [Int32] {
            [TCP_USER_TIMEOUT, TCP_DEFER_ACCEPT].map { option($0, of: socket) } + [backlog(socket)]
        }
        let socket = try prepare(1, .seconds(7), .seconds(3), 33)
        _ = try table.handOff(generation: 1)
        table.commit(generation: 1)
        #expect(options(socket) == [7_000, 3, 33])
        #expect(option(TCP_NODELAY, of: socket) != 0)
        #expect(try prepare(2, .seconds(9), .seconds(7), 99) == socket)
        #expect(options(socket) == [7_000, 3, 33], "nothing changes before the switch")
        _ = try table.handOff(generation: 2)
        #expect(options(socket) == [9_000, 7, 99])
        table.abandon(generation: 2)
        #expect(options(socket) == [7_000, 3, 33])
        _ = try prepare(3, nil, nil, 20)
        _ = try table.handOff(generation: 3)
        table.commit(generation: 3)
        #expect(options(socket) == [0, 0, 20])
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

    /// How many may wait to be accepted: of a listener, that is where others have `sacked` (tcp(7)).
    private func backlog(_ socket: Int32) -> Int32 {
        var info = tcp_info()
        var size = socklen_t(MemoryLayout<tcp_info>.size)
        // SAFETY: both are written during the call only, and `info` has that size.
        _ = unsafe getsockopt(socket, Int32(IPPROTO_TCP), TCP_INFO, &info, &size)
        return Int32(clamping: info.tcpi_sacked)
    }

    // MARK: Unix sockets

    /// The file is there as long as the socket, with the access that was asked for.
    @Test func aUnixSocketIsAFile() throws {
        let folder = try TemporaryDirectory()
        let path = folder.path("web.sock")
        try serve(1, unix: path)
        let entry = try #require(table.all.first)
        #expect(entry.text == "unix:\(path)")
        #expect(try Files.status(of: path).mode == 0o660)
        #expect(ProcessFacts.holder(of: entry.address)?.contains("pid") == true)
        _ = try TestSocket.connect(path: path)
        var configuration = configuration(unix: path)
        configuration.frontends[0].bind[0].access.mode = 0o600
        try table.bind(generation: 2, configuration: configuration)
        #expect(try Files.status(of: path).mode == 0o660, "nothing changes before the switch")
        let after = try table.handOff(generation: 2).first?.manifest.entries.first
        #expect(after?.inode == entry.inode)
        #expect(try Files.status(of: path).mode == 0o600)
        table.abandon(generation: 2)
        #expect(try Files.status(of: path).mode == 0o660)
        // Whoever waits is served before the end, and nobody new comes.
        let early = try TestSocket.connect(path: path)
        #expect(table.willRelease(generation: 1, successor: nil, isFinal: true) == [1])
        #expect(throws: SystemError.self) { _ = try Files.identity(ofSocket: path) }
        #expect(try TCPSocket.accept(try #require(entry.rawValue)) != nil)
        table.didLetGo(generation: 1)
        #expect(table.views.isEmpty)
        early.close()
    }

    @Test func onlyAFileThatNobodyListensAtIsReplaced() throws {
        let folder = try TemporaryDirectory()
        let path = folder.path("web.sock")
        func failure() -> ListenerFailure? {
            do throws(ListenerFailure) {
                try table.bind(generation: 1, configuration: configuration(unix: path))
            } catch {
                return error
            }
            return nil
        }
        try folder.write("web.sock", "precious")
        #expect(failure()?.error.errno == EADDRINUSE)
        try Files.remove(path)
        let link = try folder.link("web.sock", to: folder.path("elsewhere"))
        #expect(failure()?.error.errno == EADDRINUSE)
        try Files.remove(link)
        let other = try UnixSocket.bind(path)
        try TCPSocket.listen(other.rawValue, backlog: 1)
        #expect(failure()?.error.errno == EADDRINUSE)
        let identity = try Files.identity(ofSocket: path)
        other.close()
        #expect(try Files.identity(ofSocket: path) == identity, "a file is left")
        try serve(1, unix: path)
        _ = try TestSocket.connect(path: path)
        // Another program's in its place is not ours to remove; ours comes back under its name.
        try Files.remove(path)
        #expect(table.all.first?.isDeaf == true)
        try serve(2, unix: path)
        _ = try TestSocket.connect(path: path)
        table.didLetGo(generation: 1)
        _ = try TestSocket.connect(path: path)
        try Files.remove(path)
        try folder.write("web.sock", "precious")
        table.closeAll()
        #expect(try Files.status(of: path).isRegular)
    }

    @Test func anAbstractNameHasNoFile() throws {
        let name = "@apus-\(getpid())-\(UInt64.random(in: 0 ... .max))"
        try serve(1, unix: name)
        #expect(table.views.map(\.address) == ["unix:\(name)"])
        let client = try UnixSocket.connect(to: name)
        #expect(try TCPSocket.accept(try #require(table.all.first?.rawValue)) != nil)
        client.close()
        let taken = ListenerTable()
        #expect(throws: ListenerFailure.self) {
            try taken.bind(generation: 1, configuration: configuration(unix: name))
        }
        table.closeAll()
        try taken.bind(generation: 2, configuration: configuration(unix: name))
    }

    private func configuration(unix name: String) -> Configuration {
        var frontend = Frontend(name: "a", mode: .http, bind: [])
        frontend.bind = [Bind(.unix(UnixAddress(name: name)))]
        return Configuration(frontends: [frontend])
    }

    private func serve(_ generation: Int, unix name: String) throws {
        try table.bind(generation: generation, configuration: configuration(unix: name))
        _ = try table.handOff(generation: generation)
        table.commit(generation: generation)
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
