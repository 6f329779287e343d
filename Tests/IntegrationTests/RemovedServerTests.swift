// A reload takes servers out of the configuration: what becomes of the sessions that they have, in a
// generation that leaves. `on_removed` decides.

internal import Foundation
internal import TestKit
internal import Testing

extension IntegrationTests {
    @Suite(.timeLimit(.minutes(3))) struct RemovedServerTests {
        /// A backend of two servers in turn, and another one that stays.
        private struct Setting {
            let servers: [EchoServer]
            let other: EchoServer
            let port: Int
            let onRemoved: String
            var configuration: TestConfiguration
            let apus: ApusInstance

            init(_ onRemoved: String) throws {
                self.onRemoved = onRemoved
                servers = [try EchoServer(name: "one"), try EchoServer(name: "two")]
                other = try EchoServer(name: "other")
                port = try FreePort.lease()
                configuration = TestConfiguration(port: port, serverPort: other.port)
                configuration.process["max_reloads"] = "20"
                apus = try ApusInstance(configuration)
                try change([0, 1])
                try #require(try apus.reload().status == 200)
            }

            /// Those servers are in the file from now on, none: nor is their backend.
            mutating func change(_ places: [Int]) throws {
                let named = places.map {
                    "\(servers[$0].name): {address: \"127.0.0.1:\(servers[$0].port)\"}"
                }
                configuration.backends["pool"] =
                    "{on_removed: \(onRemoved), servers: {\(named.joined(separator: ", "))}}"
                let own = places.isEmpty ? "" : "{match: {host: pool.test}, backend: pool}, "
                if places.isEmpty { configuration.backends["pool"] = nil }
                configuration.frontends["main"] =
                    "{bind: \"127.0.0.1:\(port)\", routes: [\(own){backend: echo}]}"
                try apus.write(configuration)
            }

            /// A request without an answer, a response without an end, and a tunnel, at each server.
            func sessions() throws -> [[Session]] {
                var sessions: [[Session]] = [[], []]
                for kind in Session.Kind.allCases {
                    // In turn, but each loop has a turn of its own.
                    while !sessions.allSatisfy({ $0.contains { $0.kind == kind } }) {
                        let before = servers.map(\.requestCount)
                        let session = try Session(kind, port: port, host: "pool.test")
                        try eventually("the request at a server") {
                            servers.map(\.requestCount) != before
                        }
                        sessions[servers[0].requestCount != before[0] ? 0 : 1].append(session)
                    }
                }
                return sessions
            }
        }

        /// What does not end by itself.
        private struct Session {
            enum Kind: String, CaseIterable {
                case request = "/hang"
                case response = "/trickle/20"
                case tunnel = "/upgrade"
            }
            let kind: Kind
            let socket: TestSocket

            init(_ kind: Kind, port: Int, host: String) throws {
                self.kind = kind
                socket = try TestSocket.connect(port: port)
                try socket.send(
                    HTTPClient.request(
                        "GET", kind.rawValue, host: host,
                        fields: kind == .tunnel ? ["Connection: upgrade", "Upgrade: x"] : []))
            }

            /// Looked at for so long.
            func isOpen(for seconds: Double) -> Bool {
                do {
                    let bytes = try socket.receive(within: seconds)
                    return !bytes.isEmpty && kind != .request
                } catch let failure as SocketFailure where failure.isReset {
                    return false
                } catch {
                    return true
                }
            }

            /// The end comes, and before it, where no byte was answered, a 503.
            func hasEnded() throws -> Bool {
                let bytes = try socket.receiveAll(within: 5)
                return kind != .request
                    || String(decoding: bytes, as: UTF8.self).hasPrefix("HTTP/1.1 503 ")
            }
        }

        @Test func theirSessionsEnd() throws {
            var setting = try Setting("end_sessions")
            let sessions = try setting.sessions()
            // Whoever is with another backend.
            let bystander = try Session(.request, port: setting.port, host: "other.test")
            try eventually("the request at the server") { setting.other.requestCount == 1 }

            // A reload that fails ends nothing.
            let taken = try TestSocket.listen()
            try setting.change([1])
            let good = setting.configuration
            setting.configuration.addListener("taken", port: taken.localPort)
            try setting.apus.write(setting.configuration)
            #expect(try setting.apus.reload().status != 200)
            #expect(isOpen(sessions[0] + sessions[1] + [bystander]))

            setting.configuration = good
            try setting.apus.write(good)
            let elapsed = Elapsed()
            try #require(try setting.apus.reload().status == 200)
            try expectEnd(sessions[0])
            report("reload to the end of a removed server's sessions: \(elapsed.milliseconds) ms")
            #expect(isOpen(sessions[1] + [bystander]))
            #expect(setting.apus.logText.contains("a server was removed, its sessions end"))

            // The backend goes with the server that is left.
            try setting.change([])
            try #require(try setting.apus.reload().status == 200)
            try expectEnd(sessions[1])
            #expect(isOpen([bystander]))
        }

        @Test func orStay() throws {
            var setting = try Setting("keep_sessions")
            let sessions = try setting.sessions()
            for places in [[1], []] {
                try setting.change(places)
                try #require(try setting.apus.reload().status == 200)
            }
            // Looked at for longer than the others take to end.
            #expect(isOpen(sessions[0] + sessions[1], for: 1))
            for session in sessions.joined() where session.kind == .tunnel {
                try session.socket.send("still here")
                #expect(
                    try String(decoding: session.socket.receive(), as: UTF8.self)
                        .hasSuffix("still here"))
            }
        }

        private func expectEnd(_ sessions: [Session]) throws {
            for session in sessions { #expect(try session.hasEnded(), "\(session.kind)") }
        }

        private func isOpen(_ sessions: [Session], for seconds: Double = 0.1) -> Bool {
            sessions.allSatisfy { $0.isOpen(for: seconds) }
        }
    }
}
