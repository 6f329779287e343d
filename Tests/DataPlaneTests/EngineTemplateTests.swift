// What templates say that only a running loop knows: the port, the status, the server's fields.

import Model
import Testing

@testable import DataPlane

@Suite struct EngineTemplateTests {
    private static func set(_ name: String, _ parts: Template.Part...) -> HeaderEdit {
        HeaderEdit(action: .set, name: name, value: Template(parts: parts))
    }

    private static let cache = Template.Part.request(RequestValue(kind: .response, name: "x-cache"))

    /// What leads to another host is the operator's to write: `\` is `/` to browsers.
    @Test(arguments: [
        (["/"], "?\\evil.example", "/evil.example"), (["/"], "?/\\/evil.example", "/evil.example"),
        (["/"], "?x\\y", "/x\\y"), (["//own.example/"], "?a", "//own.example/a"),
    ])
    func locationsStayHere(_ start: [String], _ query: String, _ location: String) throws {
        let template = Template(parts: start.map { .literal($0) } + [.variable(.query)])
        var options = EngineHarness.Options()
        options.routes = [
            Route(id: "r", action: .redirect(Redirect(status: 302, location: template)))
        ]
        let origin = try EngineOrigin.echo()
        let harness = try EngineHarness(origins: [origin.port], options)
        let client = try harness.connect()
        client.send("GET /\(query) HTTP/1.1\r\nHost: a\r\n\r\n")
        let answer = client.takeMessage()
        // A query with a backslash may be refused as well.
        #expect(answer?.status == 400 || answer?.field("location") == location)
    }

    /// Of a server's answer, of our own, of a redirect and of an error.
    @Test func statusAndPort() throws {
        let origin = try EngineOrigin { connection in
            while connection.takeHead() != nil {
                connection.send(
                    "HTTP/1.1 203 Who\r\nX-Cache: HIT, edge-7\r\nContent-Length: 0\r\n\r\n")
            }
        }
        var options = EngineHarness.Options()
        options.headers.response = [
            Self.set("X-Status", .variable(.status)), Self.set("X-Port", .variable(.port)),
            Self.set(
                "X-Node", .converted(Self.cache, [.field(-1, separator: ASCII.comma), .upper])),
        ]
        options.headers.coversErrors = true
        func at(_ path: String) -> RouteMatch {
            var match = RouteMatch()
            match.paths = [path]
            return match
        }
        options.routes = [
            Route(
                id: "own", match: at("/own"),
                action: .respond(LocalResponse(status: 202, body: Template(parts: [])))),
            Route(
                id: "away", match: at("/away"),
                action: .redirect(
                    Redirect(status: 307, location: Template(literal: "https://a.example/")))),
            Route(id: "never", match: at("/never"), action: .deny(Denial())),
            Route(id: "rest", action: .backend("b")),
        ]
        let harness = try EngineHarness(origins: [origin.port], options)
        let client = try harness.connect()
        for (path, status, node) in [
            ("/", 203, "EDGE-7"), ("/own", 202, ""), ("/away", 307, ""), ("/never", 403, ""),
        ] {
            client.send("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n")
            let answer = client.takeMessage()
            #expect(answer?.status == status)
            #expect(answer?.field("x-status") == "\(status)")
            #expect(answer?.field("x-port") == "\(harness.port)")
            #expect(answer?.field("x-node") == node)
        }
    }
}
