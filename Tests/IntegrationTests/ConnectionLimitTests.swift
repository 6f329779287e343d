// The limits of client connections, of a frontend and of all, over processes: workers share them,
// two generations overlap, a worker dies, and there are never more.

internal import Foundation
internal import TestKit
internal import Testing

extension IntegrationTests {
    @Suite(.timeLimit(.minutes(5))) struct ConnectionLimitTests {
        private static let limit = 4

        private static func metric(_ name: String, _ apus: ApusInstance) throws -> Double? {
            let text = String(decoding: try apus.get("/metrics").body, as: UTF8.self)
            return text.split(separator: "\n").first { $0.hasPrefix(name + "{") }
                .flatMap { $0.split(separator: " ").last }.flatMap { Double($0) }
        }

        /// Of a frontend, of an entry of its `bind`, whose others have no limit, and of all.
        @Test(arguments: ["frontend", "entry", "process"])
        func theLimitIsOfAllWorkers(_ whose: String) throws {
            let server = try EchoServer()
            let port = try FreePort.lease()
            var configuration = TestConfiguration(port: port, serverPort: server.port)
            configuration.process["workers"] = "2"
            configuration.process["threads"] = "2"
            let (other, limit) = (try FreePort.lease(), "max_connections: \(Self.limit)")
            switch whose {
            case "frontend":
                configuration.frontends["main"] =
                    "{bind: \"127.0.0.1:\(port)\", backend: echo, \(limit)}"
            case "entry":
                configuration.frontends["main"] =
                    "{bind: [{address: \"127.0.0.1:\(port)\", \(limit)}, \"127.0.0.1:\(other)\"], "
                    + "backend: echo}"
            default: configuration.process["max_connections"] = "\(Self.limit)"
            }
            let apus = try ApusInstance(configuration)
            let (good, bad) = (Counter(), Counter())
            let stopped = OnceFlag()
            let threads = Threads()
            for _ in 0..<20 {
                threads.start {
                    while !stopped.isSet {
                        let client = try? HTTPClient(port: port)
                        let answer = try? client?.exchange("GET", "/delay/10", within: 25)
                        if answer?.status == 200 { good.add() } else { bad.add() }
                    }
                }
            }
            for _ in 0..<4 {
                let before = good.value
                if whose == "entry" {
                    #expect(try HTTPClient(port: other).exchange().status == 200)
                }
                #expect(try apus.reload().status == 200)
                try eventually("requests to be answered", within: 20) { good.value > before + 20 }
            }
            #expect(bad.value == 0)
            // A server goes on for a moment with what a worker had asked that is dead: while that is
            // so, it may have those of its successor as well.
            let most = server.mostDelayed
            #expect(most <= Self.limit)
            let pid = try #require(try apus.servingPids.first)
            kill(Int32(pid), SIGKILL)
            try eventually("another worker", within: 20) {
                try apus.servingPids.count == 2 && !apus.servingPids.contains(pid)
            }
            let before = good.value
            try eventually("requests to be answered on", within: 20) { good.value > before + 40 }
            #expect(try Self.metric("apus_frontend_open_connections", apus) ?? 0 > 0)
            stopped.set()
            try threads.join(within: 60)
            try eventually("nothing to be counted", within: 10) {
                try Self.metric("apus_frontend_open_connections", apus) == 0
            }
            #expect(server.mostDelayed <= 2 * Self.limit)
            #expect(try Self.metric("apus_frontend_full_total", apus) ?? 0 > 0)
            report(
                "\(good.value) requests, \(most) at once at most, "
                    + "\(bad.value) lost with a killed worker")
            #expect(bad.value <= Self.limit)
        }
    }
}
