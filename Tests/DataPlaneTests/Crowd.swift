// Many clients, each with one request after the other.

import Synchronization
import Syscalls
import Testing

@testable import DataPlane

enum Crowd {
    /// Every client on a thread of its own sends so many requests over one connection; returns when
    /// all are answered.
    ///
    /// - Parameters:
    ///   - meanwhile: called again and again with a growing number, until they are done.
    ///   - body: called with each status, -1 where there was no answer.
    static func run(
        clients: Int, requests: Int, at ports: [UInt16], meanwhile: (Int) -> Void = { _ in },
        _ body: @escaping @Sendable (Int) -> Void
    ) throws {
        let counter = Remaining(clients)
        for number in 0..<clients {
            let port = ports[number % ports.count]
            try Thread.start(name: "client") {
                defer { counter.leave() }
                var client = try? EngineSocket.connect(port: port)
                for request in 0..<requests {
                    client?.send("GET /\(number)/\(request) HTTP/1.1\r\nHost: a\r\n\r\n")
                    let answer = client?.takeMessage(within: 60)
                    body(answer?.status ?? -1)
                    // An error of ours ends the connection.
                    if answer?.status != 200 { client = try? EngineSocket.connect(port: port) }
                }
            }
        }
        var round = 0
        #expect(
            Wait.until(120) {
                meanwhile(round)
                round += 1
                return counter.isEmpty
            })
        meanwhile(0)
    }

    static func run(
        clients: Int, requests: Int, at port: UInt16, meanwhile: (Int) -> Void = { _ in },
        _ body: @escaping @Sendable (Int) -> Void
    ) throws {
        try run(clients: clients, requests: requests, at: [port], meanwhile: meanwhile, body)
    }
}

private final class Remaining: Sendable {
    private let count: Atomic<Int>

    init(_ count: Int) { self.count = Atomic(count) }

    func leave() { count.subtract(1, ordering: .relaxed) }
    var isEmpty: Bool { count.load(ordering: .relaxed) == 0 }
}
