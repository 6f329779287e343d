// Servers at unix sockets, as far as they differ from those that are reached by TCP.

import Glibc
import Model
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
}
