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
                self.init(name, bytes: Array(body.utf8), statuses)
            }

            init(_ name: String, bytes body: [UInt8], _ statuses: Set<Int>) {
                self.name = name
                self.body = body
                self.statuses = statuses
            }
        }

        private static let reason = Array("{\"reason\":\"".utf8)
        private static let end = Array("\"}".utf8)

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
            Input("cut in a string", "{\"reason\":\"\u{FFFD}", [400]),
            Input("not UTF-8", bytes: reason + [0xC3, 0x28] + end, [400]),
            Input("surrogate in UTF-8", bytes: reason + [0xED, 0xA0, 0x80] + end, [400]),
            Input("overlong", bytes: reason + [0xC0, 0xAF] + end, [400]),
            Input("NUL", bytes: reason + [0] + end, [400]),
            Input("NUL outside", bytes: Array("{}".utf8) + [0], [400]),
            Input("control character", bytes: reason + [0x1B] + end, [400]),
            Input("escaped NUL", "{\"reason\":\"a\\u0000b\"}", [400, 422]),
            Input("NUL in a name", "{\"mode\\u0000\":\"HARD\"}", [400, 422]),
            Input("lone high surrogate", "{\"reason\":\"\\ud800\"}", [400]),
            Input("lone low surrogate", "{\"reason\":\"\\udc00 \"}", [400]),
            Input("surrogates the wrong way", "{\"reason\":\"\\udc00\\ud800\"}", [400]),
            Input("half a pair", "{\"reason\":\"\\ud83d\\u0041\"}", [400]),
            Input("too large a number", "{\"reason\":1e400}", [400, 422]),
            Input("too small a number", "{\"reason\":-1e400}", [400, 422]),
            Input(
                "too long a number", "{\"reason\":\(String(repeating: "9", count: 9999))}", [400]),
            Input("not a number", "{\"reason\":NaN}", [400]),
            Input("endless", "{\"reason\":Infinity}", [400]),
            Input("byte order mark", "\u{FEFF}{}", [400]),
            Input("comment", "{} // reload", [400]),
            Input("trailing comma", "{\"reason\":\"x\",}", [400]),
            Input("duplicate by escape", "{\"reason\":\"a\",\"re\\u0061son\":\"b\"}", [400, 422]),
            Input("duplicate below", "{\"x\":{\"a\":1,\"a\":2}}", [400, 422]),
            Input(
                "deep objects",
                String(repeating: "{\"a\":", count: 100_000) + "1"
                    + String(repeating: "}", count: 100_000), [400, 413, 422]),
            Input(
                "many unknown fields",
                "{\((0..<20_000).map { "\"x\($0)\":0" }.joined(separator: ","))}", [422]),
            Input(
                "a long name", "{\"\(String(repeating: "n", count: 500_000))\":0}", [400, 422]),
            Input("a name of another script", "{\"re\u{202E}ason\":\"x\"}", [422]),
            Input("long reason", "{\"reason\":\"\(String(repeating: "x", count: 5000))\"}", [422]),
            Input("unknown field", "{\"raeson\":\"x\"}", [422]),
            Input("large", "{\"reason\":\"\(String(repeating: "x", count: 5 << 20))\"}", [413]),
        ]

        @Test func hostileBodies() throws {
            let apus = try ApusInstance(
                TestConfiguration(port: try FreePort.lease(), body: "x"))
            let before = apus.inspection.residentKiB
            var slowest = 0.0
            _ = try apus.post("/v1/reloads", body: "{")
            for input in Self.inputs {
                let elapsed = Elapsed()
                let client = try HTTPClient(path: apus.socketPath)
                let request = HTTPClient.request(
                    "POST", "/v1/reloads", host: "localhost",
                    fields: ["Content-Type: application/json"], body: input.body)
                do { try client.socket.send(request) } catch is SocketFailure {}
                let answer = try client.response(to: "POST")
                slowest = max(slowest, elapsed.milliseconds)
                #expect(input.statuses.contains(answer.status), "\(input.name): \(answer)")
                if input.name == "not JSON" {
                    #expect(answer.json["code"].text == "malformed-json")
                    #expect(answer.text.contains("line"), "\(answer)")
                }
            }
            report("hostile bodies: the slowest answer took \(Int(slowest)) ms")
            #expect(apus.inspection.residentKiB - before < 65_536)
            #expect(try apus.servingGeneration == 1, "something was reloaded")
        }

        /// Whatever is in a path, it names nothing, and neither an answer nor the log shows it raw.
        @Test func hostileNames() throws {
            let apus = try ApusInstance(
                TestConfiguration(port: try FreePort.lease(), body: "x"))
            let names = [
                "..", ".", "../../etc/passwd", "..%2F..%2Fetc%2Fpasswd", "%2e%2e", "%00", "1%00",
                "%0d%0aX-Evil:%201", "%1b[31m", "%e2%80%ae", "%e2%81%a6x", "%ff%fe", "-1", "+1",
                "1e0", "0x1", "01", " 1", "1%20", "99999999999999999999999",
                String(repeating: "n", count: 4096), "\u{202E}rl_", "\u{0}", "\u{1B}[2J",
            ]
            for name in names {
                for collection in ["generations", "reloads"] {
                    for (method, suffix) in [
                        ("GET", ""), ("GET", "/logs"), ("POST", "/terminate"), ("DELETE", ""),
                    ] {
                        let client = try HTTPClient(path: apus.socketPath)
                        try client.socket.send(
                            HTTPClient.request(
                                method, "/v1/\(collection)/\(name)\(suffix)", host: "localhost",
                                fields: ["Content-Type: application/json"], body: Array("{}".utf8)))
                        let answer = try client.response(to: method)
                        #expect(
                            [400, 404, 405].contains(answer.status), "\(method) \(name): \(answer)")
                        #expect(answer["X-Evil"] == nil)
                        #expect(answer.body.count < 8192)
                        #expect(Self.isHarmless(answer.text.dropLast()), "\(name): \(answer)")
                    }
                }
            }
            for text in ["\\u001b[31m", "a\\n2026 fake line", "\\u202e", "\\u2028", "\\u0000"] {
                let answer = try apus.post("/v1/reloads", body: "{\"reason\":\"\(text)\"}")
                #expect(answer.status == 422, "\(text): \(answer)")
            }
            #expect(Self.isHarmless(apus.logText.replacing("\n", with: "")[...]))
            #expect(try apus.servingGeneration == 1)
        }

        /// No control character and nothing that turns the direction of writing.
        private static func isHarmless(_ text: Substring) -> Bool {
            text.unicodeScalars.allSatisfy { scalar in
                scalar.value >= 0x20 && !(0x7F...0x9F).contains(scalar.value)
                    && !(0x202A...0x202E).contains(scalar.value)
                    && !(0x2066...0x2069).contains(scalar.value)
            }
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
