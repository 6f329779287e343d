// Passwords as an operator sets them up: hashes that openssl made, in a file of their own, checked by
// real workers; the user in the log's line; and a reload that takes one away.

internal import Foundation
internal import TestKit
internal import Testing

extension IntegrationTests {
    @Suite(.timeLimit(.minutes(5))) struct LoginTests {
        @Test(arguments: ["-6", "-5", "-apr1"]) func hashesOfOpenSSL(_ method: String) throws {
            let directory = try TemporaryDirectory()
            let made = try CommandResult.run(
                "/usr/bin/openssl", ["passwd", method, "correct horse"])
            #expect(made.code == 0)
            let hash = made.output.trimmingCharacters(in: .whitespacesAndNewlines)
            try hash.write(
                toFile: directory.path("alice.hash"), atomically: true, encoding: .utf8)
            let server = try EchoServer()
            let port = try FreePort.lease()
            var configuration = TestConfiguration(port: port, serverPort: server.port)
            configuration.accessLog = directory.path("access.log")
            configuration.frontends["main"] = """
                {bind: "127.0.0.1:\(port)", routes: [
                {id: in, match: {path_prefix: /in}, auth: {users: staff}, backend: echo},
                {id: out, respond: {status: 204}}]}
                """
            configuration.more =
                "users: {staff: {alice: \"${file:\(directory.path("alice.hash"))}\"}}"
            if method == "-apr1" {
                // Of Apache's own, which crypt(3) does not know: said before anything starts.
                #expect(throws: (any Error).self) { try ApusInstance(configuration) }
                return
            }
            let apus = try ApusInstance(configuration)
            func status(_ password: String) throws -> Int {
                let token = Data("alice:\(password)".utf8).base64EncodedString()
                return try HTTPClient(port: port).exchange(
                    "GET", "/in", fields: ["Authorization: Basic \(token)"]
                ).status
            }
            #expect(try status("correct horse") == 200)
            #expect(try status("battery staple") == 401)
            #expect(try HTTPClient(port: port).exchange("GET", "/in").status == 401)
            #expect(try HTTPClient(port: port).exchange("GET", "/").status == 204)
            // Remembered by loops of workers that are no more.
            configuration.more = configuration.more.replacingOccurrences(of: "alice:", with: "bob:")
            try apus.write(configuration)
            #expect(try apus.reload().status == 200)
            #expect(try status("correct horse") == 401)
            try apus.stop()
            let log = try String(
                contentsOfFile: directory.path("access.log"), encoding: .utf8)
            #expect(log.contains("\"user\":\"alice\"") && !log.contains("horse"))
        }
    }
}
