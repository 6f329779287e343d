// The access log's ways out of real processes: a file that is rotated under load, and loggers.

internal import Foundation
internal import TestKit
internal import Testing

extension IntegrationTests {
    @Suite(.timeLimit(.minutes(2))) struct AccessLogTests {
        /// Two workers serve, and a leaver has a tunnel, while the file is renamed and opened anew.
        @Test func rotatingLosesNoLine() throws {
            let server = try EchoServer()
            let port = try FreePort.lease()
            let directory = try TemporaryDirectory()
            let path = directory.path("access.log")
            var configuration = TestConfiguration(port: port, serverPort: server.port)
            configuration.process["workers"] = "2"
            configuration.accessLog = path
            let apus = try ApusInstance(configuration)
            let tunnel = try HTTPClient(port: port)
            let upgrade = ["Connection: Upgrade", "Upgrade: echo"]
            #expect(try tunnel.exchange("GET", "/upgrade", fields: upgrade).status == 101)
            #expect(try apus.reload().json["status"].text == "SUCCEEDED")

            var sent: [String] = []
            for rotation in 0..<4 {
                let client = try HTTPClient(port: port)
                for index in 0..<50 {
                    let target = "/r\(rotation)-\(index)"
                    #expect(try client.exchange("GET", target).status == 200)
                    sent.append(target)
                    guard index == 25 else { continue }
                    try FileManager.default.moveItem(atPath: path, toPath: "\(path).\(rotation)")
                    let answer = try apus.command(["-o", "json", "logs", "reopen"])
                    #expect(answer.code == 0, "\(answer)")
                    #expect(answer.json["destinations"].list.compactMap(\.text) == [path])
                    #expect(answer.json["workers"].int == (rotation < 2 ? 3 : 2))
                }
                if rotation == 1 {
                    // The leaver's one line comes to the file that is there now.
                    tunnel.socket.close()
                    try eventually("the leaver's line is in the new file") {
                        let lines = try Self.entries(path)
                        return lines.contains { $0["path"].text == "/upgrade" }
                    }
                    try eventually("the leaver is gone") {
                        try apus.generations("phase=LEAVING").isEmpty
                    }
                }
            }
            // Nobody has an old file open.
            try eventually("only the new file is open") {
                let open = apus.workerPids.flatMap {
                    ProcessInspection(pid: $0).descriptors.values.filter { $0.hasPrefix(path) }
                }
                return open == [path, path]
            }
            try apus.stop()
            let names = [path] + (0..<4).map { "\(path).\($0)" }
            let logged = try names.flatMap { try Self.entries($0) }.compactMap { $0["path"].text }
            #expect(logged.filter { $0.hasPrefix("/r") }.sorted() == sent.sorted())
            #expect(logged.filter { $0 == "/upgrade" }.count == 1)
            server.stop()
        }

        private static func entries(_ path: String) throws -> [JSONValue] {
            try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map {
                try JSONValue(parsing: Array($0.utf8))
            }
        }

        /// One that cannot be opened is said, and the workers keep what they have.
        @Test func aFileThatCannotBeOpenedIsSaid() throws {
            let port = try FreePort.lease()
            let directory = try TemporaryDirectory()
            let path = directory.path("access.log")
            var configuration = TestConfiguration(port: port, body: "x")
            configuration.accessLog = path
            let apus = try ApusInstance(configuration)
            try FileManager.default.moveItem(atPath: path, toPath: path + ".1")
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: false)
            let answer = try apus.command(["logs", "reopen"])
            #expect(answer.code == 8, "\(answer)")
            #expect(answer.errorOutput.contains(path), "\(answer)")
            #expect(try HTTPClient(port: port).exchange().status == 200)
            try apus.stop()
            #expect(try Self.entries(path + ".1").count == 1)
        }

        @Test func aLoggerOfThisMachineGetsMessages() throws {
            let port = try FreePort.lease()
            let directory = try TemporaryDirectory()
            let path = directory.path("log")
            let logger = try DatagramReceiver(path: path)
            var configuration = TestConfiguration(port: port, body: "x")
            configuration.accessLog = "syslog, syslog: {address: \(path), tag: edge}"
            configuration.accessFormat = "haproxy"
            let apus = try ApusInstance(configuration)
            let pid = try #require(apus.servingPids.first)
            #expect(try HTTPClient(port: port).exchange("GET", "/a?b").status == 200)
            let message = try #require(logger.message())
            #expect(message.hasPrefix("<134>edge[\(pid)]: 127.0.0.1:"), "\(message)")
            #expect(message.contains("] main main/<NOSRV> 0/-1/-1/"), "\(message)")
            #expect(
                message.contains(" 200 ")
                    && message.contains(" LR-- 1/1/0/0/0 0/0 \"GET /a?b HTTP/1.1\""), "\(message)")
            try apus.stop()
        }

        @Test func aLoggerElsewhereGetsMessagesByUDP() throws {
            let port = try FreePort.lease()
            let loggerPort = try FreePort.lease()
            let logger = try DatagramReceiver(port: loggerPort)
            var configuration = TestConfiguration(port: port, body: "x")
            configuration.accessLog = "syslog, syslog: {address: \"127.0.0.1:\(loggerPort)\"}"
            let apus = try ApusInstance(configuration)
            #expect(try HTTPClient(port: port).exchange("GET", "/a").status == 200)
            let message = try #require(logger.message())
            #expect(message.hasPrefix("<134>1 20"), "\(message)")
            let line = try #require(message.split(separator: " ", maxSplits: 7).last)
            let entry = try JSONValue(parsing: Array(line.utf8))
            #expect(entry["path"].text == "/a" && entry["termination"].text == "answered")
            try apus.stop()
        }

        /// Each message behind its count of bytes, over a connection that ends with its generation. A
        /// receiver that is not there fails no reload, and nothing is to be opened anew.
        @Test func aReceiverGetsMessagesByTCP() throws {
            let port = try FreePort.lease()
            let receiver = try TestSocket.listen()
            let away = try TestSocket.bound()
            func destination(_ receiver: TestSocket) -> String {
                "syslog, syslog: {address: \"tcp:127.0.0.1:\(receiver.localPort)\"}"
            }
            var configuration = TestConfiguration(port: port, body: "x")
            configuration.accessLog = destination(receiver)
            let apus = try ApusInstance(configuration)
            #expect(!receiver.isReadable(), "no line, no connection")
            for path in ["/a", "/b"] {
                #expect(try HTTPClient(port: port).exchange("GET", path).status == 200)
            }
            let connection = try #require(receiver.accept(within: 10))
            let answer = try apus.command(["-o", "json", "logs", "reopen"])
            #expect(answer.code == 0 && answer.json["destinations"].list.isEmpty, "\(answer)")

            configuration.accessLog = destination(away)
            try apus.write(configuration)
            #expect(try apus.reload().json["status"].text == "SUCCEEDED")
            #expect(try HTTPClient(port: port).exchange().status == 200)
            var rest = try connection.receiveAll()[...]
            var paths: [String?] = []
            while let space = rest.firstIndex(of: UInt8(ascii: " ")) {
                let count = try #require(Int(String(decoding: rest[..<space], as: UTF8.self)))
                try #require(rest.count > count)
                let message = String(decoding: rest[(space + 1)...].prefix(count), as: UTF8.self)
                rest = rest[(space + 1)...].dropFirst(count)
                #expect(message.hasPrefix("<134>1 20"), "\(message)")
                let line = try #require(message.split(separator: " ", maxSplits: 7).last)
                paths.append(try JSONValue(parsing: Array(line.utf8))["path"].text)
            }
            // Each loop hands over its own.
            #expect(rest.isEmpty && paths.compactMap(\.self).sorted() == ["/a", "/b"], "\(paths)")
            try apus.stop()
        }

        @Test func aLoggerThatIsNotThereFailsTheReload() throws {
            let port = try FreePort.lease()
            let directory = try TemporaryDirectory()
            var configuration = TestConfiguration(port: port, body: "x")
            let apus = try ApusInstance(configuration)
            configuration.accessLog = "syslog, syslog: {address: \(directory.path("none"))}"
            try apus.write(configuration)
            let answer = try apus.reload().json
            #expect(answer["code"].text == "access-log-failed", "\(answer)")
            let error = answer["operation"]["error"]
            #expect(error["pointer"].text == "/log/access/syslog/address", "\(answer)")
            #expect(try HTTPClient(port: port).exchange().status == 200)
            try apus.stop()
        }
    }
}
