// A worker that has few descriptors: connections that it keeps make room for those that are needed,
// and requests go on.

internal import Foundation
internal import TestKit
internal import Testing

extension IntegrationTests {
    @Suite(.timeLimit(.minutes(2))) struct DescriptorPressureTests {
        private static let limit = 240

        @Test func keptConnectionsMakeRoom() throws {
            let (first, second) = (try EchoServer(name: "first"), try EchoServer(name: "second"))
            let port = try FreePort.lease()
            var configuration = TestConfiguration(port: port, serverPort: first.port)
            configuration.process["threads"] = "1"
            configuration.timeouts = ["http_keep_alive": "5m"]
            for server in [first, second] {
                configuration.backends[server.name] =
                    "{reuse: {policy: aggressive}, servers: {one: {address: "
                    + "\"127.0.0.1:\(server.port)\"}}}"
            }
            configuration.frontends["main"] =
                "{bind: \"127.0.0.1:\(port)\", routes: [{match: {host: second.test}, "
                + "backend: second}, {backend: first}]}"
            let apus = try ApusInstance(configuration, descriptorLimit: Self.limit)
            let worker = ProcessInspection(pid: try #require(try apus.servingPids.first))

            /// So many requests at once, by as many new clients.
            func ask(_ count: Int, of server: EchoServer) throws -> [HTTPClient] {
                let clients = try (0..<count).map { _ in try HTTPClient(port: port) }
                for client in clients {
                    try client.send("GET", "/delay/500", host: "\(server.name).test")
                }
                try eventually("all at the server") { server.mostDelayed >= count }
                for client in clients { #expect(try client.response().status == 200) }
                return clients
            }
            let before = worker.descriptors.count
            let early = try ask(60, of: first)
            // A fifth of all is kept at most.
            try eventually("what is too much is closed") {
                first.openConnectionCount <= Self.limit / 5
            }
            let kept = first.openConnectionCount
            #expect(kept > 30)
            // What is in use with these passes three quarters by far, as long as nothing is closed.
            let late = 50
            #expect(before + 60 + kept + 2 * late > Self.limit * 3 / 4 + 20)
            let others = try ask(late, of: second)
            #expect(first.openConnectionCount <= kept - 20)
            // Nothing more is kept.
            try eventually("no connection to the second server") {
                second.openConnectionCount == 0
            }
            for client in early + others {
                #expect(try client.exchange("GET", "/bytes/10").status == 200)
            }
            report("\(kept) connections kept, \(first.openConnectionCount) under pressure")

            // When there is room again, they are kept again.
            for client in early + others { client.socket.close() }
            try eventually("the clients are gone") {
                worker.descriptors.count < before + Self.limit / 4
            }
            let last = try HTTPClient(port: port)
            #expect(try last.exchange("GET", "/bytes/10", host: "second.test").status == 200)
            #expect(second.openConnectionCount == 1)
        }
    }
}
