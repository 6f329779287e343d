// Checks that say something, and that look at a body with a regular expression.

import Model
import SharedState
import Testing

@testable import DataPlane

@Suite struct CheckRequestTests {
    private func plan(_ change: (inout HTTPProbe) -> Void, _ arena: ConfigurationArena) throws
        -> CheckPlan
    {
        var probe = HTTPProbe()
        change(&probe)
        let server = Server(name: "s", address: SocketAddress(host: .ipv4(0x7F00_0001), port: 81))
        return try #require(
            CheckPlan(HealthCheck(.http(probe)), of: server, arena: arena))
    }

    @Test(arguments: [
        (HTTPProbe.Method.get, "", "GET", ""), (.options, "", "OPTIONS", ""),
        (.post, "", "POST", "Content-Length: 0\r\n"), (.put, "ä", "PUT", "Content-Length: 2\r\n"),
        (.post, "a\r\nb", "POST", "Content-Length: 4\r\n"),
    ])
    func request(
        _ method: HTTPProbe.Method, _ body: String, _ name: String, _ length: String
    ) throws {
        let arena = ConfigurationArena()
        let plan = try plan(
            {
                $0.method = method
                $0.path = "/p"
                $0.body = body
                $0.headers = [HTTPProbe.Field(name: "Content-Type", value: "text/plain")]
            }, arena)
        #expect(
            CompiledRegexTests.utf8(plan.request)
                == "\(name) /p HTTP/1.1\r\nHost: 127.0.0.1:81\r\nUser-Agent: apus-check\r\n"
                + "Content-Type: text/plain\r\n\(length)Connection: close\r\n\r\n\(body)")
    }

    /// Another body or expression is another question, whatever is known of the server.
    @Test func whatIsAskedCounts() throws {
        let arena = ConfigurationArena()
        let changes: [(inout HTTPProbe) -> Void] = [
            { _ in }, { $0.method = .post },
            {
                $0.method = .post
                $0.body = "a"
            },
            { $0.bodyContains = "a" }, { $0.bodyRegex = try? RegularExpression("a") },
        ]
        let definitions = try changes.map { try plan($0, arena).definition }
        #expect(Set(definitions).count == changes.count)
    }

    @Test(
        arguments: [
            ("Content-Length: 4\r\n\r\nok 7", false, ServerCheckFinding(.passed, status: 200)),
            ("Content-Length: 4\r\n\r\nok x", false, ServerCheckFinding(.wrongBody, status: 200)),
            ("Content-Length: 5\r\n\r\nok 7", false, nil),
            ("Content-Length: 5\r\n\r\nok 7", true, ServerCheckFinding(.invalidAnswer)),
            ("\r\nok 7", true, ServerCheckFinding(.passed, status: 200)),
            ("\r\nok x", true, ServerCheckFinding(.wrongBody, status: 200)),
            ("Content-Length: 0\r\n\r\n", false, ServerCheckFinding(.wrongBody, status: 200)),
            (
                "Transfer-Encoding: chunked\r\n\r\n3\r\nok \r\n1\r\n7\r\n0\r\n\r\n", false,
                ServerCheckFinding(.passed, status: 200)
            ),
            (
                "\r\nok 7" + String(repeating: "x", count: 20_000), false,
                ServerCheckFinding(.wrongBody, status: 200)
            ),
        ] as [(String, Bool, ServerCheckFinding?)], [1, 5, 100_000])
    func bodyRegex(
        sample: (String, Bool, ServerCheckFinding?), piece: Int
    ) throws {
        let arena = ConfigurationArena()
        let plan = try plan({ $0.bodyRegex = try? RegularExpression(#"^ok \d$"#) }, arena)
        let memory = CaptureMemory(regexCells: arena.regexCells)
        var pool = BufferPool()
        var buffer = Buffer()
        var head = ResponseHead()
        var answer = CheckAnswer()
        var finding: ServerCheckFinding?
        let isFilled = pool.fill(&buffer)
        #expect(isFilled)
        let bytes = Array("HTTP/1.1 200 OK\r\n\(sample.0)".utf8)
        var taken = 0
        while taken < bytes.count, finding == nil {
            let count = min(piece, bytes.count - taken, buffer.room)
            let isTaken = buffer.append(arena.bytes(Array(bytes[taken..<taken + count])))
            #expect(isTaken)
            taken += count
            finding = answer.didReceive(&buffer, plan, head: &head, memory.empty)
        }
        if finding == nil, sample.1 { finding = answer.didEnd(buffer, plan, memory.empty) }
        #expect(finding == sample.2)
    }
}
