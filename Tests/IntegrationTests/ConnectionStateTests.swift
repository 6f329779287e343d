// Connections that are reset, half closed or closed in every state of the protocol, by either side:
// whatever happens, afterwards the worker has the descriptors that it had before, and no session.

internal import Foundation
internal import TestKit
internal import Testing

/// How far a connection got before somebody broke it.
private enum Stage: CaseIterable {
    case connected, halfHead, halfBody, awaitingResponse, halfResponseHead, halfResponseBody, idle
    case tunnel, tcp, tcpWithBytes

    var isTCP: Bool { self == .tcp || self == .tcpWithBytes }
    /// Whether there is a server yet.
    var hasServer: Bool { self != .connected && self != .halfHead }
}

private enum Break: CaseIterable {
    case reset, halfClose, close
}

/// Both ends of one connection through the proxy, played in lock step.
private struct Round {
    let proxyPort: Int
    let rawPort: Int
    let listener: TestSocket

    func play(_ stage: Stage, brokenBy client: Bool, _ how: Break) throws {
        let socket = try TestSocket.connect(port: stage.isTCP ? rawPort : proxyPort)
        defer { socket.close() }
        let server = try advance(socket, to: stage)
        defer { server?.close() }
        let victim = client ? socket : server ?? socket
        switch how {
        case .reset: victim.reset()
        case .halfClose: victim.shutdownWriting()
        case .close: victim.close()
        }
        // Each side sees some end, or answers; nobody waits for ever.
        if how == .halfClose {
            (client ? server : socket)?.shutdownWriting()
        }
    }

    private func advance(_ socket: TestSocket, to stage: Stage) throws -> TestSocket? {
        switch stage {
        case .connected: return nil
        case .halfHead:
            try socket.send("GET / HTTP/1.1\r\nHo")
            return nil
        case .tcp: return try accept()
        case .tcpWithBytes:
            let server = try accept()
            try socket.send("ping")
            _ = try server.receive()
            try server.send("pong")
            return server
        case .halfBody:
            // One that may be repeated, should it meet a connection that is just being closed.
            try socket.send("PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf")
            return try acceptRequest()
        case .awaitingResponse, .halfResponseHead, .halfResponseBody, .idle, .tunnel:
            let upgrade = stage == .tunnel ? "Connection: upgrade\r\nUpgrade: x\r\n" : ""
            try socket.send("GET /a HTTP/1.1\r\nHost: a\r\n\(upgrade)\r\n")
            let server = try acceptRequest()
            if let answer = Self.answer(stage) {
                try server.send(answer)
                if stage != .halfResponseHead { _ = try socket.receive() }
            }
            return server
        }
    }

    private static func answer(_ stage: Stage) -> String? {
        switch stage {
        case .halfResponseHead: "HTTP/1.1 200 OK\r\nConte"
        case .halfResponseBody: "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"
        case .idle: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
        case .tunnel:
            "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"
        case .connected, .halfHead, .halfBody, .awaitingResponse, .tcp, .tcpWithBytes: nil
        }
    }

    private func accept() throws -> TestSocket {
        guard let server = listener.accept(within: 10) else {
            throw WaitExpired("a connection to the server", seconds: 10)
        }
        return server
    }

    private func acceptRequest() throws -> TestSocket {
        let server = try accept()
        _ = try server.receive()
        return server
    }
}

extension IntegrationTests {
    @Suite(.timeLimit(.minutes(30))) struct ConnectionStateTests {
        /// 100,000 with `make soak`.
        private static var roundCount: Int { isLongRun ? 100_000 : 1_200 }

        @Test func whoeverBreaksWhateverWhereverNothingIsLeft() throws {
            let listener = try TestSocket.listen()
            let (port, raw) = (try FreePort.lease(), try FreePort.lease())
            var configuration = TestConfiguration(port: port, serverPort: listener.localPort)
            configuration.process["threads"] = "1"
            configuration.frontends["raw"] =
                "{mode: tcp, bind: \"127.0.0.1:\(raw)\", backend: raw}"
            // What is kept of a server for the next client is nobody's leak, and is gone soon.
            configuration.backends["echo"] =
                "{reuse: {idle_timeout: 1s}, "
                + "servers: {one: {address: \"127.0.0.1:\(listener.localPort)\"}}}"
            configuration.backends["raw"] =
                "{mode: tcp, servers: {one: {address: \"127.0.0.1:\(listener.localPort)\"}}}"
            let apus = try ApusInstance(configuration)
            let worker = ProcessInspection(pid: try #require(try apus.servingPids.first))
            let round = Round(proxyPort: port, rawPort: raw, listener: listener)
            let before = worker.descriptors.count
            let cases = Stage.allCases.flatMap { stage in
                (stage.hasServer ? [true, false] : [true]).flatMap { client in
                    Break.allCases.map { (stage, client, $0) }
                }
            }
            for number in 0..<Self.roundCount {
                let (stage, client, how) = cases[number % cases.count]
                do {
                    try round.play(stage, brokenBy: client, how)
                } catch {
                    Issue.record("round \(number), \(stage), client \(client), \(how): \(error)")
                    return
                }
            }
            // A server that resets at once looks like one that refuses: another attempt is made within
            // a second, which no round waits for.
            while let rest = listener.accept(within: 1.5) { rest.close() }
            try eventually("the descriptors of before", within: 10) {
                worker.descriptors.count == before
            }
            report("\(Self.roundCount) rounds of \(cases.count) cases, \(before) descriptors")
            withExtendedLifetime(apus) {}
        }

        /// N2: clients that are gone without a word, idle, in a head, in a body and in a response, are
        /// let go, and again and again they leave no more behind than the first time.
        @Test func silentPeersLeaveNothing() throws {
            let (count, rounds) = isLongRun ? (500, 8) : (200, 1)
            let server = try EchoServer()
            let port = try FreePort.lease()
            var configuration = TestConfiguration(port: port, serverPort: server.port)
            configuration.frontends["main"] =
                "{bind: {address: \"127.0.0.1:\(port)\", user_timeout: 1s}, backend: echo}"
            configuration.backends["echo"] =
                "{reuse: {policy: never}, servers: {one: {address: \"127.0.0.1:\(server.port)\"}}}"
            configuration.timeouts = [
                "client": "1s", "http_request": "1s", "http_keep_alive": "1s",
            ]
            let apus = try ApusInstance(configuration)
            let worker = ProcessInspection(pid: try #require(try apus.servingPids.first))
            let (before, descriptors) = (worker.residentKiB, worker.descriptors.count)
            var resident: [Int] = []
            for _ in 0..<rounds {
                let peers = try (0..<count).map { number in
                    let peer = try TestSocket.connect(port: port, receiveBufferBytes: 4_096)
                    switch number % 4 {
                    case 0: break
                    case 1: try peer.send("GET / HTTP/1.1\r\nHo")
                    case 2: try peer.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx")
                    default: try peer.send("GET /bytes/300000 HTTP/1.1\r\nHost: a\r\n\r\n")
                    }
                    try peer.goSilent()
                    return peer
                }
                try eventually("the silent peers to be gone", within: 60) {
                    worker.descriptors.count <= descriptors + 80
                }
                resident.append(worker.residentKiB)
                withExtendedLifetime(peers) {}
            }
            report("\(before) KiB, and \(resident) behind each \(count) silent peers")
            if isLongRun { #expect(Double(resident[rounds - 1]) <= Double(resident[0]) * 1.05) }
            withExtendedLifetime(apus) {}
        }

        /// Clients that take nothing of a long answer: each costs one buffer of the worker's memory,
        /// 64 KB, and what the connections themselves are.
        @Test func zeroWindowReadersCostABufferEach() throws {
            let count = isLongRun ? 4_000 : 250
            let listener = try TestSocket.listen()
            let port = try FreePort.lease()
            var configuration = TestConfiguration(port: port, serverPort: listener.localPort)
            configuration.process["threads"] = "1"
            configuration.timeouts = ["client": "10m", "server": "10m"]
            let apus = try ApusInstance(configuration)
            let worker = ProcessInspection(pid: try #require(try apus.servingPids.first))
            let (before, descriptors) = (worker.residentKiB, worker.descriptors.count)
            var held: [TestSocket] = []
            let block = [UInt8](repeating: 7, count: 1 << 20)
            for _ in 0..<count {
                let client = try TestSocket.connect(port: port, receiveBufferBytes: 4_096)
                try client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                let server = try #require(listener.accept(within: 10))
                try server.send("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
                // Until nothing more is taken.
                _ = try? server.send(block + block + block + block, within: 0.02)
                held += [client, server]
            }
            let each = Double(worker.residentKiB - before) / Double(count)
            report("\(each) KiB for each of \(count) clients that take nothing")
            #expect(each < 68)
            // Nor is any of it kept, but a few pipes.
            held.removeAll()
            try eventually("the descriptors of before", within: 30) {
                worker.descriptors.count <= descriptors + 80
            }
            withExtendedLifetime(apus) {}
        }
    }
}
