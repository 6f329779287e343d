// Connections of a TCP frontend that go on as ones of an HTTP frontend: which, and what becomes of
// their bytes.

import Model
import SharedState
import Testing

@testable import DataPlane

@Suite struct EngineHandOverTests {
    private static let request = "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"
    private static let post = "POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"

    /// No requests of HTTP/1.
    private static let strange: [[UInt8]] = [
        HelloBytes.asking("a.example").records(), HelloBytes.asking("b.example").records(),
        HelloBytes().records(), [0], octets("SSH-2.0-x y\r\n"), octets("EHLO a b\r\n"), [],
        octets("GET /\r\n"), octets("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), octets("GET / HTT"),
        octets("GET /" + String(repeating: "a", count: 17_000)), [22, 3, 1, 0],
    ]

    /// Requests in one piece, in single bytes, cut within the line and behind it: each byte once.
    @Test func requests() throws {
        let door = try Door()
        let bytes = octets("\r\n" + Self.request + Self.post + Self.request)
        let forms = [
            [bytes], bytes.map { [$0] }, [Array(bytes.prefix(9)), Array(bytes.dropFirst(9))],
            [Array(bytes.prefix(18)), Array(bytes.dropFirst(18))],
        ]
        for pieces in forms {
            let client = try door.harness.connect()
            for piece in pieces { client.send(piece) }
            for answer in ["/1 ", "/2 hi", "/1 "] { #expect(client.takeMessage()?.text == answer) }
            // And on it goes.
            client.send(Self.post)
            #expect(client.takeMessage()?.text == "/2 hi")
            client.endSending()
            #expect(client.endsSilently())
        }
        let lines = door.harness.logLines(16)
        #expect(lines.count == 16)
        for line in lines {
            #expect(line.contains("\"frontend\":\"web\",\"route\":\"page\""), "\(line)")
        }
        #expect(
            door.harness.traffic(
                EngineHarness.otherFrontend,
                becomes: {
                    $0[.connections] == 4 && $0[.requests] == 16
                }))
        #expect(
            door.harness.traffic(
                EngineHarness.frontend,
                becomes: {
                    $0[.connections] == 4 && $0[.requests] == 0
                }))
        #expect(door.tcp.connectionCount == 0)
        #expect(door.isEmpty)
    }

    /// A head that is rewritten and a body that is longer than any buffer.
    @Test func longBody() throws {
        let door = try Door()
        let body = String(repeating: "0123456789", count: 30_000)
        let client = try door.harness.connect()
        client.send(
            "PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.utf8.count)\r\n\r\n" + body)
        #expect(client.takeMessage()?.text == "/x " + body)
    }

    /// What speaks something else goes where it would have gone without the HTTP frontend.
    @Test(arguments: strange)
    func others(_ bytes: [UInt8]) throws {
        let door = try Door()
        let client = try door.harness.connect()
        client.send(bytes)
        client.endSending()
        #expect(client.takeAll() == octets("T:") + bytes)
        #expect(door.http.connectionCount == 0)
        #expect(door.isEmpty)
    }

    /// A server that speaks first is reached, when its client has been silent for long enough.
    @Test func silence() throws {
        let door = try Door { options, _ in options.timeouts.inspect = .milliseconds(200) }
        let client = try door.harness.connect()
        #expect(client.take(2, within: 5) == octets("T:"))
    }

    /// What is wrong with a request, the HTTP frontend says.
    @Test(arguments: [
        ("GET / HTTP/1.1\r\nHost: a\r\nbad field\r\n\r\n", 400),
        ("GET /#a HTTP/1.1\r\nHost: a\r\n\r\n", 400), ("GET / HTTP/1.1\nHost: a\n\n", 400),
        ("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/1.7\r\nHost: a\r\n\r\n", 505),
        ("GET /\(String(repeating: "a", count: 9_000)) HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        ("GET / HTTP/1.1\r\nHost: a\r\nA: \(String(repeating: "a", count: 16_000))\r\n\r\n", 431),
        ("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", 501),
    ])
    func wrongRequests(_ request: String, _ status: Int) throws {
        let door = try Door()
        let client = try door.harness.connect()
        client.send(request)
        #expect(client.takeMessage()?.status == status)
        let line = door.harness.logLines(1).first ?? ""
        #expect(line.contains("\"frontend\":\"web\""), "\(line)")
        #expect(door.tcp.connectionCount == 0)
        client.close()
        #expect(door.isEmpty)
    }

    // MARK: Refusals

    /// Where `http` is refused, whatever somebody lenient may take for a request is; where everything
    /// else is, whatever is not clearly one.
    @Test(arguments: [
        (request, true, false), ("GET /\r\n", true, true), ("GET\t/ HTTP/1.1\r\n", true, true),
        ("PRI * HTTP/2.0\r\n", true, true), ("GET /", true, true), ("", true, true),
        (String(repeating: "a", count: 80), true, true), ("SSH-2.0-x y\r\n", false, true),
        ("\u{16}\u{3}\u{1}", false, true), ("\0", false, true),
    ])
    func denials(_ text: String, _ isRefusedAsHTTP: Bool, _ isRefusedAsOther: Bool) throws {
        for (speaksHTTP, expected) in [(true, isRefusedAsHTTP), (false, isRefusedAsOther)] {
            let door = try Door([
                Door.route("d", .deny(Denial())) { $0.speaksHTTP = speaksHTTP }, Door.rest,
            ]) { options, _ in options.timeouts.inspect = .milliseconds(150) }
            let client = try door.harness.connect()
            client.send(text)
            if expected {
                #expect(client.isRefused)
                #expect(door.tcp.connectionCount == 0)
            } else {
                #expect(client.take(2, within: 5) == octets("T:"))
            }
            client.close()
            let line = door.harness.logLines(1).first ?? ""
            #expect(line.contains("\"error\":\"denied\"") == expected, "\(line)")
        }
    }

    /// A request hides no name where a route before has taken it; a hello is no request, whether or
    /// not its name can be read.
    @Test(arguments: [
        (octets(request), false, true), ([22, 3, 1], true, true),
        (HelloBytes.asking("b.example").records(), false, false),
    ])
    func hiddenNames(_ bytes: [UInt8], _ isRefusedBehind: Bool, _ isRefusedBefore: Bool) throws {
        let secret = Door.route("d", .deny(Denial())) {
            $0.serverNames = [.exact("secret.example")]
        }
        for (routes, expected) in [
            ([Door.web, secret, Door.rest], isRefusedBehind),
            ([secret, Door.web, Door.rest], isRefusedBefore),
        ] {
            let door = try Door(routes) { options, _ in
                options.timeouts.inspect = .milliseconds(300)
            }
            let client = try door.harness.connect()
            client.send(bytes)
            if expected {
                #expect(client.isRefused && door.tcp.connectionCount == 0)
            } else {
                #expect(client.takeSome(within: 5) != nil)
            }
        }
    }

    /// By themselves and in conditions of conditions.
    @Test(arguments: [
        (Door.route("r", .frontend("web")) { $0.all = ["web"] }, true),
        (Door.route("r", .frontend("web")) { $0.all = ["web", "here"] }, true),
        (Door.route("r", .frontend("web")) { $0.any = ["there", "web"] }, true),
        (Door.route("r", .frontend("web")) { $0.none = ["other"] }, true),
        (Door.route("r", .frontend("web")) { $0.all = ["web", "there"] }, false),
        (Door.route("r", .frontend("web")) { $0.none = ["web"] }, false),
        (
            Door.route("r", .frontend("web")) {
                $0.speaksHTTP = true
                $0.serverNames = [.exact("a.example")]
            }, false
        ),
    ])
    func conditions(_ route: Route, _ isTaken: Bool) throws {
        func condition(_ name: String, _ change: (inout RouteMatch) -> Void) -> Condition {
            Condition(name: name, match: Door.route(name, nil, change).match)
        }
        let door = try Door([route, Door.rest]) { options, _ in
            options.conditions = [
                condition("web") { $0.all = ["http"] }, condition("http") { $0.speaksHTTP = true },
                condition("other") { $0.speaksHTTP = false },
                condition("here") {
                    $0.clientRanges = [AddressRange("127.0.0.0/8")].compactMap { $0 }
                },
                condition("there") {
                    $0.clientRanges = [AddressRange("192.0.2.0/24")].compactMap { $0 }
                },
            ]
        }
        let client = try door.harness.connect()
        client.send(Self.request)
        #expect(client.take(2, within: 5) == octets(isTaken ? "HT" : "T:"))
    }
}
