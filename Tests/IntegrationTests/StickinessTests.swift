// Clients that belong to servers, over reloads: those that carry a cookie and those that the table
// knows, also when the servers' places in the configuration move.

internal import Foundation
internal import TestKit
internal import Testing

extension IntegrationTests {
    @Suite(.timeLimit(.minutes(5))) struct StickinessTests {
        private static let names = ["m", "n", "o"]
        private let servers: [EchoServer]
        private let port: Int
        private let apus: ApusInstance

        init() throws {
            servers = try Self.names.map { _ in try EchoServer() }
            port = try FreePort.lease()
            apus = try ApusInstance(Self.configuration(servers, port: port, more: []))
        }

        private static func configuration(
            _ servers: [EchoServer], port: Int, more: [String]
        ) -> TestConfiguration {
            var configuration = TestConfiguration(port: port, serverPort: servers[0].port)
            // Weight 0: they only move the others' places.
            let members =
                zip(names, servers).map { "\($0): {address: \"127.0.0.1:\($1.port)\"}" }
                + more.map { "\($0): {address: \"127.0.0.1:1\", weight: 0}" }
            let list = "servers: {\(members.joined(separator: ", "))}"
            configuration.frontends["main"] =
                "{bind: \"127.0.0.1:\(port)\", routes: [{match: {host: t.example}, backend: table}, "
                + "{backend: cookie}]}"
            configuration.backends = [
                "cookie": "{stickiness: {cookie: {name: SRV}}, \(list)}",
                "table": "{stickiness: {table: {key: \"header:X-User\", entries: 1k}}, \(list)}",
            ]
            return configuration
        }

        /// Which server answered, and what the client is told.
        private func ask(
            _ host: String, _ field: String
        ) throws -> (server: Int, set: String?, seen: String) {
            let before = servers.map(\.requestCount)
            let answer = try HTTPClient(port: port).exchange(
                "GET", "/head", host: host, fields: [field])
            #expect(answer.status == 200)
            let moved = servers.indices.filter { servers[$0].requestCount != before[$0] }
            return (try #require(moved.first), answer["set-cookie"], answer.text)
        }

        @Test func reloadsForgetNobody() throws {
            let users = (0..<12).map { "X-User: u\($0)" }
            let owners = try users.map { try ask("t.example", $0).server }
            #expect(Set(owners).count == 3)
            var cookies: [(text: String, owner: Int)] = []
            // Each loop takes its own turns: of six newcomers, one of two loops has three at least.
            for _ in 0..<6 {
                let first = try ask("c.example", "X-Any: 1")
                let text = try #require(first.set)
                #expect(text.hasSuffix("; Path=/; HttpOnly"))
                cookies.append((String(text.prefix { $0 != ";" }), first.server))
            }
            #expect(Set(cookies.map(\.owner)).count == 3)
            for more in [[], ["a", "b"], ["b", "z"], []] {
                try apus.write(Self.configuration(servers, port: port, more: more))
                #expect(try apus.reload().status == 200)
                for (user, owner) in zip(users, owners) {
                    #expect(try ask("t.example", user).server == owner)
                }
                for cookie in cookies {
                    let next = try ask("c.example", "Cookie: \(cookie.text); a=1")
                    #expect(next.server == cookie.owner && next.set == nil)
                    #expect(next.seen.contains("a=1") && !next.seen.contains("SRV"))
                }
            }
        }
    }
}
