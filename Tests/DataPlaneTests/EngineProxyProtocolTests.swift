// PROXY headers on real sockets: whose word counts, what a server is told, who shares a connection.

import Glibc
import Model
import SharedState
import Synchronization
import Syscalls
import Testing

@testable import DataPlane

@Suite struct EngineProxyProtocolTests {
    private static let line = "PROXY TCP4 192.0.2.7 198.51.100.2 1000 443\r\n"
    private static let request = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n"

    private func harness(
        _ origins: [UInt16], mode: ProxyMode = .http, from: String = "127.0.0.0/8",
        others: ProxyProtocolInput.Others = .refuse, output: ProxyProtocolVersion? = nil,
        inspect: Duration = .seconds(5)
    ) throws -> EngineHarness {
        var options = EngineHarness.Options()
        options.mode = mode
        options.log = true
        options.timeouts.inspect = inspect
        options.proxyInput = ProxyProtocolInput(
            from: [try #require(AddressRange(from))], others: others)
        options.proxyOutput = output
        return try EngineHarness(origins: origins, options)
    }

    /// Answers with what it was told about the client.
    private func forwardedForOrigin() throws -> EngineOrigin {
        try EngineOrigin { connection in
            while let request = connection.takeMessage() {
                let body = request.field("x-forwarded-for") ?? "-"
                connection.send(
                    "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
            }
        }
    }

    @Test(arguments: [
        (octets(line), "192.0.2.7"), (octets("PROXY UNKNOWN\r\n"), "127.0.0.1"),
        (octets("PROXY TCP6 2001:db8::7 ::1 1 2\r\n"), "2001:db8::7"),
        (BinaryHeader.make(), "192.0.2.1"), (BinaryHeader.checked(), "192.0.2.1"),
        (BinaryHeader.make(family: 0x21, BinaryHeader.ipv6), "2001:db8::1"),
        (BinaryHeader.make(command: 0x20, family: 0, []), "127.0.0.1"),
        (BinaryHeader.make(family: 0x31, [UInt8](repeating: 0, count: 216)), "127.0.0.1"),
    ])
    func clientIsWhoTheProxyNames(_ header: [UInt8], _ address: String) throws {
        let origin = try forwardedForOrigin()
        let harness = try harness([origin.port])
        for pieces in [
            [header + octets(Self.request)], header.map { [$0] } + [octets(Self.request)],
        ] {
            let client = try harness.connect()
            for piece in pieces { client.send(piece) }
            #expect(client.takeMessage()?.text == address)
            // It holds for the connection, not for its first request.
            client.send(Self.request)
            #expect(client.takeMessage()?.text == address)
        }
        let lines = harness.logLines(4)
        #expect(lines.count == 4)
        #expect(lines.allSatisfy { $0.contains("\"client_ip\":\"\(address)\"") })
    }

    @Test(arguments: [
        (octets(request), "proxy-header-missing"),
        (octets("PROXY TCP4 192.0.2.7\r\n" + request), "proxy-header-line"),
        (BinaryHeader.checked(wrong: true), "proxy-header-checksum"),
        (BinaryHeader.make(command: 0x25), "proxy-header-command"),
    ])
    func trustedWithoutAHeaderIsRefused(_ bytes: [UInt8], _ error: String) throws {
        let origin = try forwardedForOrigin()
        let harness = try harness([origin.port])
        let client = try harness.connect()
        client.send(bytes)
        #expect(client.endsSilently())
        #expect(harness.logLines(1).first?.contains("\"error\":\"\(error)\"") == true)
        #expect(Wait.until(5) { harness.worker[.proxyHeaderErrors] == 1 })
        #expect(harness.gauge(.clientConnections, becomes: 0))
        #expect(origin.connectionCount == 0)
    }

    @Test(arguments: [ProxyMode.http, .tcp])
    func othersAreRefused(_ mode: ProxyMode) throws {
        let origin = try forwardedForOrigin()
        let harness = try harness([origin.port], mode: mode, from: "192.0.2.0/24")
        let client = try harness.connect()
        #expect(client.endsSilently())
        #expect(harness.logLines(1).first?.contains("proxy-header-untrusted") == true)
        #expect(origin.connectionCount == 0)
    }

    /// A header of somebody who is not trusted is never believed, in whole or in part.
    @Test func othersArePlain() throws {
        let origin = try forwardedForOrigin()
        let harness = try harness([origin.port], from: "192.0.2.0/24", others: .plain)
        let client = try harness.connect()
        client.send(Self.request)
        #expect(client.takeMessage()?.text == "127.0.0.1")
        let liar = try harness.connect()
        liar.send(Self.line + Self.request)
        #expect(liar.takeMessage()?.status == 400)
        #expect(harness.logLines(2).allSatisfy { $0.contains("\"client_ip\":\"127.0.0.1\"") })
    }

    /// What the client spoke with the proxy before us is what servers and templates are told.
    @Test(arguments: [
        (BinaryHeader.make(BinaryHeader.ipv4 + BinaryHeader.tlv(0x20, [1, 0, 0, 0, 0])), "https"),
        (BinaryHeader.make(BinaryHeader.ipv4 + BinaryHeader.tlv(0x20, [7, 0, 0, 0, 0])), "https"),
        (BinaryHeader.make(family: 0, BinaryHeader.tlv(0x20, [1, 0, 0, 0, 0])), "https"),
        (BinaryHeader.make(BinaryHeader.ipv4 + BinaryHeader.tlv(0x20, [0, 0, 0, 0, 0])), "http"),
        (BinaryHeader.make(BinaryHeader.ipv4 + BinaryHeader.tlv(0x20, [6, 0, 0, 0, 0])), "http"),
        (
            BinaryHeader.make(
                command: 0x20, BinaryHeader.ipv4 + BinaryHeader.tlv(0x20, [1, 0, 0, 0, 0])), "http"
        ),
        (BinaryHeader.make(), "http"), (octets(line), "http"),
    ])
    func schemeIsTheClients(_ header: [UInt8], _ scheme: String) throws {
        let origin = try EngineOrigin { connection in
            while let request = connection.takeMessage() {
                let body = request.field("x-forwarded-proto") ?? "-"
                connection.send(
                    "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n"
                        + "X-Request: \(request.startLine)\r\n\r\n\(body)")
            }
        }
        var options = EngineHarness.Options()
        options.proxyInput = ProxyProtocolInput(
            from: [try #require(AddressRange("127.0.0.0/8"))], others: .refuse)
        options.headers.response = [
            HeaderEdit(action: .set, name: "X-Scheme", value: Template(parts: [.variable(.scheme)]))
        ]
        var away = RouteMatch()
        away.paths = ["/away"]
        options.routes = [
            Route(id: "away", match: away, action: .redirect(Redirect(host: "b"))),
            Route(id: "r", action: .backend("b")),
        ]
        let harness = try EngineHarness(origins: [origin.port], options)
        let client = try harness.connect()
        client.send(header)
        // The connection's, not the first request's.
        for _ in 0..<2 {
            client.send(Self.request)
            let answer = try #require(client.takeMessage())
            #expect(answer.text == scheme)
            #expect(answer.field("x-scheme") == scheme)
        }
        client.send("GET /away HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(client.takeMessage()?.field("location") == "\(scheme)://b/away")
    }

    @Test func slowHeaderEnds() throws {
        let origin = try forwardedForOrigin()
        let harness = try harness([origin.port], inspect: .milliseconds(200))
        let client = try harness.connect()
        client.send("PROXY TCP4 1.")
        #expect(client.endsSilently(within: 5))
        #expect(harness.logLines(1).first?.contains("proxy-header-timeout") == true)
        // Who says nothing and goes is no error.
        try harness.connect().close()
        #expect(harness.gauge(.clientConnections, becomes: 0))
        #expect(harness.worker[.proxyHeaderErrors] == 1)
    }

    /// A server's view of one connection: the header and the bytes behind it.
    private func recordingOrigin(_ seen: Guarded<[String]>, _ end: String) throws -> EngineOrigin {
        try EngineOrigin { connection in
            while let head = connection.take(through: end) {
                seen.withLock { $0.append(head) }
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            }
        }
    }

    @Test(arguments: [ProxyMode.http, .tcp])
    func serverIsToldInALine(_ mode: ProxyMode) throws {
        let seen = Guarded<[String]>([])
        let origin = try recordingOrigin(seen, "\r\n\r\n")
        let harness = try harness([origin.port], mode: mode, output: .v1)
        let client = try harness.connect()
        client.send(Self.line + Self.request)
        #expect(client.takeHead()?.status == 200)
        #expect(seen.withLock { $0.first?.hasPrefix(Self.line + "GET /x ") } == true)
        client.close()
        // Without such a header, what the kernel says.
        let other = try harness.connect()
        other.send("PROXY UNKNOWN\r\n" + Self.request)
        #expect(other.takeHead()?.status == 200)
        let own = "PROXY TCP4 127.0.0.1 127.0.0.1 "
        #expect(seen.withLock { $0.last?.hasPrefix(own) } == true)
        #expect(seen.withLock { $0.last?.contains(" \(harness.port)\r\nGET ") } == true)
    }

    /// Requests of two clients, or two of one, never share a connection that names a client.
    @Test func suchConnectionsAreNotShared() throws {
        let seen = Guarded<[String]>([])
        let origin = try recordingOrigin(seen, "\r\n\r\n")
        let harness = try harness([origin.port], output: .v1)
        for address in ["192.0.2.1", "192.0.2.2", "192.0.2.3"] {
            let client = try harness.connect()
            client.send("PROXY TCP4 \(address) 1.1.1.1 1 2\r\n")
            for _ in 0..<3 {
                client.send(Self.request)
                #expect(client.takeHead()?.status == 200)
            }
            let heads = seen.withLock { heads in
                defer { heads = [] }
                return heads
            }
            #expect(heads.count == 3)
            for head in heads where head.hasPrefix("PROXY") {
                #expect(head.hasPrefix("PROXY TCP4 \(address) "))
            }
            #expect(heads.first?.hasPrefix("PROXY ") == true)
        }
        #expect(harness.gauge(.upstreamIdle, becomes: 0))
    }

    /// A server that speaks first hears who is there before it does.
    @Test func headerDoesNotWaitForBytes() throws {
        let told = Guarded<[UInt8]>([])
        let origin = try EngineOrigin { connection in
            let header = connection.take(16 + 12)
            told.withLock { $0 = header }
            connection.send("220 hello\r\n")
        }
        let harness = try harness([origin.port], mode: .tcp, output: .v2)
        let client = try harness.connect()
        client.send(
            BinaryHeader.make(BinaryHeader.ipv4 + BinaryHeader.tlv(2, octets("db.example"))))
        #expect(client.take(through: "\r\n") == "220 hello\r\n")
        let header = told.withLock { $0 }
        #expect(Array(header.dropFirst(16)) == BinaryHeader.ipv4)
        #expect(harness.logLines(0).isEmpty)
    }

    @Test func idAndNameAreTold() throws {
        let told = Guarded<[UInt8]>([])
        let origin = try EngineOrigin { connection in
            let bytes = connection.takeAll()
            told.withLock { $0 = bytes }
        }
        let harness = try harness([origin.port], mode: .tcp, output: .v2)
        let client = try harness.connect()
        let header = BinaryHeader.make(
            BinaryHeader.ipv4 + BinaryHeader.tlv(2, octets("db.example")))
        client.send(header + octets("the rest"))
        client.endSending()
        _ = client.takeAll()
        client.close()
        let line = try #require(harness.logLines(1).first)
        let bytes = told.withLock { $0 }
        let length = 12 + 3 + 32 + 3 + 10
        #expect(bytes.count == 16 + length + 8)
        #expect(Array(bytes.suffix(8)) == octets("the rest"))
        #expect(Array(bytes[(16 + length - 10)..<(16 + length)]) == octets("db.example"))
        let id = String(decoding: bytes[31..<63], as: UTF8.self)
        #expect(line.contains("\"request_id\":\"\(id)\""))
        #expect(line.contains("\"host\":\"db.example\""))
        #expect(line.contains("\"client_ip\":\"192.0.2.1\""))
    }
}
