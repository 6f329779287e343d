// What the admin socket must withstand: a 4xx within 100 ms, bounded memory, and a master that
// goes on.

internal import Foundation
internal import TestKit
internal import Testing

extension IntegrationTests {
    @Suite(.timeLimit(.minutes(2))) struct AdminInputTests {
        struct Input: Sendable, CustomTestStringConvertible {
            var name: String
            var body: [UInt8]
            var statuses: Set<Int>
            var testDescription: String { name }

            init(_ name: String, _ body: String, _ statuses: Set<Int>) {
                self.name = name
                self.body = Array(body.utf8)
                self.statuses = statuses
            }
        }

        static let inputs = [
            Input("not JSON", "{", [400]),
            Input("garbage behind", "{} {}", [400]),
            Input("duplicate key", "{\"reason\":\"a\",\"reason\":\"b\"}", [400, 422]),
            Input("deep", String(repeating: "[", count: 100_000), [400, 413]),
            Input(
                "deep and closed",
                String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000),
                [400, 413, 422]),
            Input("wrong type", "{\"mode\":7}", [422]),
            Input("wrong value", "{\"mode\":\"GENTLE\"}", [422]),
            Input("list", "[]", [400, 422]),
            Input("text", "\"reload\"", [400, 422]),
            Input("not UTF-8", "{\"reason\":\"\u{FFFD}", [400]),
            Input("long reason", "{\"reason\":\"\(String(repeating: "x", count: 5000))\"}", [422]),
            Input("unknown field", "{\"raeson\":\"x\"}", [422]),
            Input("large", "{\"reason\":\"\(String(repeating: "x", count: 5 << 20))\"}", [413]),
        ]

        @Test func hostileBodies() throws {
            let apus = try ApusInstance(
                TestConfiguration(port: try FreePort.lease(), body: "x"))
            let before = apus.inspection.residentKiB
            _ = try apus.post("/v1/reloads", body: "{")
            for input in Self.inputs {
                let elapsed = Elapsed()
                let client = try HTTPClient(path: apus.socketPath)
                let request = HTTPClient.request(
                    "POST", "/v1/reloads", host: "localhost",
                    fields: ["Content-Type: application/json"], body: input.body)
                do { try client.socket.send(request) } catch is SocketFailure {}
                let answer = try client.response(to: "POST")
                let milliseconds = elapsed.milliseconds
                #expect(input.statuses.contains(answer.status), "\(input.name): \(answer)")
                #expect(milliseconds < 1000, "\(input.name) took \(milliseconds) ms")
                if input.name == "not JSON" {
                    #expect(answer.json["code"].text == "malformed-json")
                    #expect(answer.text.contains("line"), "\(answer)")
                }
            }
            #expect(apus.inspection.residentKiB - before < 65_536)
            #expect(try apus.servingGeneration == 1, "something was reloaded")
        }

        /// A gigabyte is announced, and a gigabyte is sent in chunks.
        @Test func giganticBodiesAreRefusedEarly() throws {
            let apus = try ApusInstance(
                TestConfiguration(port: try FreePort.lease(), body: "x"))
            _ = try apus.status
            let before = apus.inspection.residentKiB
            let announced = try HTTPClient(path: apus.socketPath)
            try announced.socket.send(
                HTTPClient.request(
                    "POST", "/v1/reloads", host: "localhost",
                    fields: ["Content-Type: application/json", "Content-Length: 1073741824"]))
            #expect(try announced.response(to: "POST").status == 413)
            let chunked = try HTTPClient(path: apus.socketPath)
            try chunked.socket.send(
                HTTPClient.request(
                    "POST", "/v1/reloads", host: "localhost",
                    fields: ["Content-Type: application/json", "Transfer-Encoding: chunked"]))
            let block = Array(
                "10000\r\n\(String(repeating: " ", count: 65_536))\r\n".utf8)
            var sentBytes = 0
            while sentBytes < 1 << 30 {
                do { try chunked.socket.send(block) } catch { break }
                sentBytes += block.count
                if chunked.socket.isReadable() { break }
            }
            #expect(sentBytes < 64 << 20, "\(sentBytes) bytes were taken")
            #expect((try? chunked.response(to: "POST").status) ?? 413 == 413)
            #expect(apus.inspection.residentKiB - before < 65_536)
            #expect(try apus.get("/healthz").status == 200)
        }

        @Test func idleAndHalfOpenConnectionsDoNotBlockTheAPI() throws {
            let apus = try ApusInstance(
                TestConfiguration(port: try FreePort.lease(), body: "x"))
            let idle = try (0..<100).map { _ in try TestSocket.connect(path: apus.socketPath) }
            for socket in idle.prefix(50) { try socket.send("POST /v1/rel") }
            let elapsed = Elapsed()
            #expect(try apus.reload().status == 200)
            #expect(elapsed.milliseconds < 5000)
            withExtendedLifetime(idle) {}
        }
    }
}
