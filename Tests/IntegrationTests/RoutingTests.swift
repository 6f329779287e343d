// Routes, header edits, templates, weights, TCP frontends, timeouts and the access log.

internal import Foundation
internal import TestKit
internal import Testing

extension IntegrationTests {
    @Suite(.timeLimit(.minutes(2))) struct RoutingTests {
        @Test func routesMatchInOrder() throws {
            let port = try FreePort.lease()
            var configuration = TestConfiguration()
            let routes = [
                "{id: host, match: {host: [a.example]}, respond: {body: host}}",
                "{id: wild, match: {host: [\"*.wild.example\"]}, respond: {body: wild}}",
                "{id: exact, match: {path: /exact}, respond: {body: exact}}",
                "{id: prefix, match: {path_prefix: /api}, respond: {body: prefix}}",
                "{id: method, match: {method: DELETE}, respond: {status: 405, body: method}}",
                "{id: field, match: {header: {X-Kind: special}}, respond: {body: field}}",
                "{id: moved, match: {path: /old}, redirect: {path: /new, status: 308}}",
            ]
            configuration.frontends["main"] =
                "{bind: \"127.0.0.1:\(port)\", routes: [\(routes.joined(separator: ", "))]}"
            let apus = try ApusInstance(configuration)
            let client = try HTTPClient(port: port)
            func body(
                _ target: String, host: String = "z", _ method: String = "GET",
                _ fields: [String] = []
            ) throws -> String {
                try client.exchange(method, target, host: host, fields: fields).text
            }
            #expect(try body("/", host: "a.example") == "host")
            #expect(try body("/", host: "A.EXAMPLE:8080") == "host")
            #expect(try body("/", host: "x.wild.example") == "wild")
            #expect(try body("/exact", host: "wild.example") == "exact")
            #expect(try body("/exact?a=b") == "exact")
            #expect(try body("/api") == "prefix")
            #expect(try body("/api/x") == "prefix")
            #expect(try client.exchange("GET", "/apis").status == 404)
            #expect(try body("/", "DELETE") == "method")
            #expect(try body("/", "GET", ["X-Kind: special"]) == "field")
            let moved = try client.exchange("GET", "/old")
            #expect(moved.status == 308)
            #expect(moved["Location"]?.hasSuffix("/new") == true)
            withExtendedLifetime(apus) {}
        }

        /// From the text of a configuration to the bytes that a server sees.
        @Test func regularExpressionsAndShares() throws {
            let server = try EchoServer()
            let port = try FreePort.lease()
            var configuration = TestConfiguration(port: port, serverPort: server.port)
            let routes = [
                "{id: never, match: {share: 0%}, respond: {status: 500}}",
                #"{id: old, match: {path_regex: '^/old/(?<id>\d+)$', header: {X-Kind: {regex: "#
                    + #"'^(?:a|b)$'}}}, redirect: {location: '/new/%{capture.id}', status: 301}}"#,
                "{id: few, match: {servers_up: {echo: 2}}, respond: {status: 500}}",
                #"{id: all, match: {path_regex: '(?i)^/show/(?<what>.*)$', servers_up: {echo: 1}, "#
                    + #"connections_free: {echo: 1}, share: 100%}, "#
                    + #"rewrite: {path: '/%{capture.what}'}, backend: echo, headers: "#
                    + #"{replace: {Cookie: {regex: '(debug)=[^;]*', with: '%{group.1}=off'}}, "#
                    + #"response: {by_status: [{status: 200-299, set: {X-Good: '%{status}'}}, "#
                    + #"{status: [404, 500-599], set: {X-Bad: 'yes'}}]}}}"#,
            ]
            configuration.frontends["main"] =
                "{bind: \"127.0.0.1:\(port)\", routes: [\(routes.joined(separator: ", "))]}"
            let apus = try ApusInstance(configuration)
            let client = try HTTPClient(port: port)
            let moved = try client.exchange("GET", "/old/7", fields: ["X-Kind: b"])
            #expect(moved.status == 301)
            #expect(moved["Location"]?.hasSuffix("/new/7") == true)
            #expect(try client.exchange("GET", "/old/7", fields: ["X-Kind: ab"]).status == 404)
            let answer = try client.exchange(
                "GET", "/SHOW/head", fields: ["Cookie: a=1; debug=yes; b=2"])
            #expect(answer.status == 200)
            #expect(answer["X-Good"] == "200" && answer["X-Bad"] == nil)
            #expect(answer.text.hasPrefix("GET /head HTTP/1.1\r\n"))
            #expect(answer.text.contains("Cookie: a=1; debug=off; b=2\r\n"))
            withExtendedLifetime((apus, server)) {}
        }

        @Test func headersAndTemplates() throws {
            let server = try EchoServer()
            let port = try FreePort.lease()
            var configuration = TestConfiguration(port: port, serverPort: server.port)
            configuration.frontends["main"] = """
                {bind: "127.0.0.1:\(port)", routes: [{id: all, backend: echo, headers: {\
                request: {set: {X-Gen: "%{generation}", X-Host: "%{host}"}, remove: [X-Secret]}, \
                response: {set: {X-Pid: "%{pid}"}, remove: [X-Server]}}}]}
                """
            let apus = try ApusInstance(configuration)
            let client = try HTTPClient(port: port)
            let answer = try client.exchange(
                "GET", "/head", host: "Some.Example:81",
                fields: [
                    "X-Secret: s", "X-Forwarded-For: 6.6.6.6", "X-Forwarded-Proto: https",
                    "X-Gen: mine",
                ])
            let head = answer.text.lowercased()
            #expect(head.contains("x-gen: 1\r\n") || head.hasSuffix("x-gen: 1"), "\(head)")
            #expect(head.contains("x-host: some.example"))
            #expect(!head.contains("x-secret"))
            #expect(!head.contains("mine"))
            #expect(head.contains("x-forwarded-for: 127.0.0.1"), "\(head)")
            #expect(!head.contains("6.6.6.6"), "the client's own must not pass")
            #expect(head.contains("x-forwarded-proto: http"))
            #expect(!head.contains("https"))
            #expect(answer["X-Server"] == nil)
            let pids = try apus.servingPids
            #expect(pids.contains(Int(answer["X-Pid"] ?? "") ?? 0))
            server.stop()
        }

        @Test func weightsDistribute() throws {
            let servers = try (0..<3).map { try EchoServer(name: "s\($0)") }
            let port = try FreePort.lease()
            var configuration = TestConfiguration(port: port, serverPort: 1)
            configuration.process["threads"] = "1"
            configuration.backends["echo"] = """
                {servers: {a: {address: "127.0.0.1:\(servers[0].port)", weight: 30}, \
                b: {address: "127.0.0.1:\(servers[1].port)", weight: 10}, \
                c: {address: "127.0.0.1:\(servers[2].port)", weight: 0}}}
                """
            let apus = try ApusInstance(configuration)
            let client = try HTTPClient(port: port)
            for _ in 0..<40 { #expect(try client.exchange().status == 200) }
            #expect(servers.map(\.requestCount) == [30, 10, 0])
            withExtendedLifetime(apus) {}
            servers.forEach { $0.stop() }
        }

        @Test func rawTCPFrontend() throws {
            let server = try EchoServer()
            let port = try FreePort.lease()
            var configuration = TestConfiguration()
            configuration.frontends["raw"] =
                "{mode: tcp, bind: \"127.0.0.1:\(port)\", backend: raw}"
            configuration.backends["raw"] =
                "{mode: tcp, servers: {one: {address: \"127.0.0.1:\(server.port)\"}}}"
            let apus = try ApusInstance(configuration)
            let client = try HTTPClient(port: port)
            let block = EchoServer.pattern(400_000)
            #expect(
                try client.exchange("POST", "/upload", body: block).text
                    == EchoServer.checksum(block))
            #expect(try client.exchange("GET", "/bytes/400000").body == block)
            // The end of one direction is passed on, the other goes on.
            try client.socket.send(HTTPClient.request("GET", "/until-close/1000"))
            client.socket.shutdownWriting()
            #expect(try client.response().body == EchoServer.pattern(1000))
            #expect(try apus.reload().status == 200)
            server.stop()
        }

        @Test func timeoutsGiveTheRightStatus() throws {
            let server = try EchoServer()
            let port = try FreePort.lease()
            let gone = try FreePort.lease()
            var configuration = TestConfiguration(port: port, serverPort: server.port)
            configuration.timeouts = [
                "server": "500ms", "http_request": "600ms", "http_keep_alive": "700ms",
                "client": "500ms", "connect": "500ms", "tunnel": "800ms",
            ]
            configuration.frontends["main"] = """
                {bind: "127.0.0.1:\(port)", routes: [\
                {id: gone, match: {path: /gone}, backend: gone}, {id: rest, backend: echo}]}
                """
            configuration.backends["gone"] =
                "{servers: {one: {address: \"127.0.0.1:\(gone)\"}}}"
            let apus = try ApusInstance(configuration)
            #expect(try HTTPClient(port: port).exchange("GET", "/hang").status == 504)
            let refused = try HTTPClient(port: port).exchange("GET", "/gone").status
            #expect([502, 503].contains(refused))
            let slow = try HTTPClient(port: port)
            try slow.socket.send("GET / HTTP/1.1\r\nHost:")
            #expect(try slow.response().status == 408)
            #expect(slow.isEnded(within: 2))
            let stalled = try HTTPClient(port: port)
            try stalled.socket.send(
                HTTPClient.request("POST", "/upload", fields: ["Content-Length: 10"]) + [1])
            #expect(try stalled.response().status == 408)
            let idle = try HTTPClient(port: port)
            #expect(try idle.exchange().status == 200)
            #expect(idle.isEnded(within: 3))
            let silent = try HTTPClient(port: port)
            #expect(silent.isEnded(within: 3), "a connection that never said a word")
            let tunnel = try HTTPClient(port: port)
            #expect(
                try tunnel.exchange(
                    "GET", "/upgrade", fields: ["Connection: Upgrade", "Upgrade: echo"]
                ).status == 101)
            #expect(tunnel.isEnded(within: 4))
            withExtendedLifetime(apus) { server.stop() }
        }

        @Test(arguments: ["json", "text"]) func accessLogIsOneLinePerExchange(
            _ format: String
        ) throws {
            let server = try EchoServer()
            let port = try FreePort.lease()
            let directory = try TemporaryDirectory()
            var configuration = TestConfiguration(port: port, serverPort: server.port)
            configuration.accessLog = directory.path("access.log")
            configuration.accessFormat = format
            let apus = try ApusInstance(configuration)
            let client = try HTTPClient(port: port)
            #expect(
                try client.exchange(
                    "GET", "/quote%22%0a?a=\"b\\", fields: ["User-Agent: a\"b\u{1}\u{80}c"]
                ).status != 0)
            let other = try HTTPClient(port: port)
            #expect(try other.exchange("POST", "/upload", body: [1, 2, 3]).status == 200)
            try apus.stop()
            let text = try String(
                contentsOfFile: directory.path("access.log"), encoding: .utf8)
            let lines = text.split(separator: "\n")
            #expect(lines.count == 2, "\(text)")
            #expect(lines.contains { $0.contains("/upload") })
            if format == "json" {
                for line in lines {
                    let entry = try JSONValue(parsing: Array(line.utf8))
                    #expect(entry["status"].int != nil, "\(entry)")
                }
            }
            server.stop()
        }
    }
}
