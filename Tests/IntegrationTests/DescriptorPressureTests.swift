// A worker that has few descriptors: connections that it keeps make room for those that are needed,
// and requests go on; with none left it leaves the others to the kernel for a while.

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
            // More than `auto` lets in, which leaves descriptors for servers.
            configuration.process["max_connections"] = "1000"
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

        /// M1: more clients than descriptors. accept(2) fails and is left alone for a while, whoever
        /// is being served is served on, and when some have left all the others are.
        @Test func noDescriptorIsLeft() throws {
            let server = try EchoServer()
            let port = try FreePort.lease()
            var configuration = TestConfiguration(port: port, serverPort: server.port)
            configuration.process["threads"] = "1"
            // More than `auto` lets in, which leaves descriptors for servers.
            configuration.process["max_connections"] = "1000"
            configuration.timeouts = ["http_keep_alive": "5m", "http_request": "5m"]
            let limit = 120
            let apus = try ApusInstance(configuration, descriptorLimit: limit)
            let worker = ProcessInspection(pid: try #require(try apus.servingPids.first))
            let kept = try HTTPClient(port: port)
            #expect(try kept.exchange().status == 200)
            let transfers = try (0..<4).map { _ in try PinnedTransfer(port: port, milliseconds: 20)
            }
            let late = try (0..<4).map { _ in
                let client = try HTTPClient(port: port)
                try client.send("GET", "/delay/2000")
                return client
            }
            try eventually("all at the server") { server.mostDelayed == late.count }

            func errors() throws -> Int {
                let lines = try apus.get("/metrics").text.split(separator: "\n")
                let line = lines.first { $0.hasPrefix("apus_worker_accept_errors_total") }
                return line?.split(separator: " ").last.flatMap { Double($0) }.map { Int($0) } ?? -1
            }
            #expect(try errors() == 0)
            let crowd = try (0..<limit + 40).map { _ in try HTTPClient(port: port) }
            try eventually("accept(2) to fail") { try errors() > 0 }
            let (counted, ticks) = (try errors(), worker.cpuTicks)
            let elapsed = Elapsed()
            Thread.sleep(forTimeInterval: 1)
            let attempts = try errors() - counted
            // At first a tenth of a second later, then twice as long each time, up to two seconds.
            let most = 5 + Int(elapsed.milliseconds / 2_000)
            #expect(attempts <= most)
            #expect(worker.cpuTicks - ticks < 20 * most)
            #expect(worker.descriptors.count > limit - 5)
            for transfer in transfers { #expect(transfer.isRunning) }
            for client in late { #expect(try client.response().text == "late") }

            for client in crowd.prefix(limit) { client.socket.close() }
            for client in crowd.suffix(40) {
                #expect(try client.exchange(within: 10).status == 200)
            }
            for transfer in transfers { #expect(transfer.isRunning) }
            #expect(try kept.exchange().status == 200)
            #expect(try HTTPClient(port: port).exchange(within: 10).status == 200)
            report("\(try errors()) failures of accept(2), \(attempts) of them within a second")
        }
    }
}
