// Servers at unix sockets, as far as they differ from those that are reached by TCP.

import Glibc
import Model
import Synchronization
import Syscalls
import Testing

@testable import DataPlane

@Suite struct EngineUnixServerTests {
    /// A server whose queue is full, or that is not there, refuses at once: another one is tried.
    @Test(arguments: [true, false])
    func aRefusalIsTriedElsewhere(isThere: Bool) throws {
        let name = "@apus-\(getpid())-\(UInt64.random(in: 0 ... .max))"
        let listener = try UnixSocket.bind(name)
        var waiting: [Int32] = []
        defer { for fd in waiting { FileDescriptor(owning: fd).close() } }
        if isThere {
            try TCPSocket.listen(listener.rawValue, backlog: 0)
            while let next = try? UnixSocket.connect(to: name) { waiting.append(next.take()) }
            #expect(!waiting.isEmpty)
            let error = #expect(throws: SystemError.self) { _ = try UnixSocket.connect(to: name) }
            #expect(error?.errno == EAGAIN)
        }
        let origin = try CountingOrigin(work: 0)
        var options = EngineHarness.Options()
        options.changeServer = { server in
            if server.name == "s0" { server.address = .unix(UnixAddress(name: name)) }
        }
        let harness = try EngineHarness(origins: [1, origin.port], options)
        for _ in 0..<4 {
            let client = try harness.connect()
            client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try #require(client.takeMessage()).status == 200)
        }
        #expect(origin.most == 1)
    }

    /// Who closes at once has said all it had to: at a unix socket that looks like a hang-up.
    @Test func anEndBehindTheLastByteIsNoFailure() throws {
        let name = "@apus-\(getpid())-\(UInt64.random(in: 0 ... .max))"
        let listener = try UnixSocket.bind(name)
        try TCPSocket.listen(listener.rawValue, backlog: 16)
        let fd = listener.rawValue
        let isStopped = Stop()
        try Thread.start(name: "origin") {
            while !isStopped.isSet {
                guard let accepted = try? TCPSocket.accept(fd) else {
                    EngineSocket.awaitInput(fd, milliseconds: 50)
                    continue
                }
                // Said before it was asked, and gone before anybody looks.
                let socket = EngineSocket(owning: accepted.takeConnection().take())
                socket.send("hello")
                socket.close()
            }
        }
        defer { isStopped.set() }
        var options = EngineHarness.Options()
        options.mode = .tcp
        options.changeServer = { $0.address = .unix(UnixAddress(name: name)) }
        let harness = try EngineHarness(origins: [1], options)
        for _ in 0..<20 {
            let client = try harness.connect()
            #expect(client.takeAll(within: 5) == Array("hello".utf8))
            #expect(!client.wasReset)
        }
        isStopped.set()
        usleep(100_000)
        withExtendedLifetime(listener) {}
    }

    private final class Stop: Sendable {
        private let flag = Atomic(false)
        var isSet: Bool { flag.load(ordering: .relaxed) }
        func set() { flag.store(true, ordering: .relaxed) }
    }
}
