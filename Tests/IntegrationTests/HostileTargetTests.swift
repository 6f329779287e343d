// Whatever a client asks for, or a server answers, a worker connects to the servers of the
// configuration and to nothing else.

internal import Foundation
internal import TestKit
internal import Testing

extension IntegrationTests {
    @Suite(.timeLimit(.minutes(2))) struct HostileTargetTests {
        /// A server that sends whoever asks elsewhere, in every way that some proxy follows.
        private func server(pointingTo target: String, _ threads: Threads) throws -> TestSocket {
            let listener = try TestSocket.listen()
            let answer = """
                HTTP/1.1 302 Found\r\nLocation: http://\(target)/\r\nX-Accel-Redirect: \
                http://\(target)/\r\nX-Sendfile: /etc/passwd\r\nX-Reproxy-URL: http://\(target)/\r\n\
                Refresh: 0; url=http://\(target)/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n
                """
            threads.start {
                while let socket = listener.accept(within: 30) {
                    _ = try? HTTPClient(socket).raw(atLeast: 16, within: 5)
                    try? socket.send(answer)
                    socket.shutdownWriting()
                }
            }
            return listener
        }

        private func requests(_ target: String) -> [String] {
            let host = "Host: a.example\r\n"
            func get(_ path: String, _ fields: String = "Host: a.example\r\n") -> String {
                "GET \(path) HTTP/1.1\r\n\(fields)Connection: close\r\n\r\n"
            }
            let fields = [
                "X-To: http://\(target)/", "X-Forwarded-Host: \(target)", "X-Host: \(target)",
                "Forwarded: host=\"\(target)\";for=\"\(target)\"",
                "X-Original-URL: http://\(target)/",
                "X-Rewrite-URL: http://\(target)/", "X-Forwarded-Server: \(target)",
                "X-Real-IP: \(target)", "Proxy-Host: \(target)", "Referer: http://\(target)/",
                "Alt-Svc: h1=\"\(target)\"", "Destination: http://\(target)/",
            ]
            let paths = [
                "http://\(target)/", "http://a.example@\(target)/", "//\(target)/",
                "/@\(target)/", "/http://\(target)/", "/to/http:%2f%2f\(target)/", "/to/\(target)",
                "/to/..%2f..%2f\(target)", "/?url=http://\(target)/", "/#@\(target)/",
                "/to/%0d%0aHost:%20\(target)", "http://\(target)", "\(target)", "@\(target)/",
                "unix:/run/apus/admin.sock", "/unix:/run/apus/admin.sock:/",
            ]
            return paths.map { get($0) } + paths.map { get($0, "Host: \(target)\r\n") }
                + fields.map { get("/to/x", host + $0 + "\r\n") }
                + [
                    get("/", "Host: \(target)\r\n"), get("/", "Host: a.example@\(target)\r\n"),
                    get("/", "Host: a.example\r\nHost: \(target)\r\n"),
                    get("/", "Host: a.example, \(target)\r\n"),
                    "CONNECT \(target) HTTP/1.1\r\nHost: \(target)\r\n\r\n",
                    "CONNECT a.example:80 HTTP/1.1\r\nHost: \(target)\r\n\r\n",
                    "GET http://\(target)/ HTTP/1.0\r\n\r\n",
                    "OPTIONS http://\(target) HTTP/1.1\r\n\(host)Connection: close\r\n\r\n",
                ]
        }

        @Test func nobodyIsLedToAnotherServer() throws {
            let trap = try TestSocket.listen()
            let target = "127.0.0.1:\(trap.localPort)"
            let threads = Threads()
            let pointing = try server(pointingTo: target, threads)
            defer { pointing.shutdown() }
            let folder = try TemporaryDirectory()
            let map = try folder.write("map", "\(target) pointing\na.example pointing\n")
            let port = try FreePort.lease()
            var configuration = TestConfiguration()
            configuration.backends["pointing"] =
                "{servers: {s: {address: \"127.0.0.1:\(pointing.localPort)\"}}}"
            // Everything that takes a piece of the request and puts it into what is forwarded.
            configuration.frontends["main"] = """
                {bind: "127.0.0.1:\(port)", routes: [\
                {id: q, rewrite: {query: {set: {u: "%{header.x-to}"}}}}, \
                {id: p, match: {path_prefix: /to}, rewrite: {path: "/%{header.x-to}"}}, \
                {id: h, headers: {request: {set: {X-Up: "%{header.x-to}", X-H: "%{host}"}}}}, \
                {id: m, backend_map: m}, {id: all, backend: pointing}]}
                """
            let text = configuration.text + "maps: {m: {file: \(map), key: host}}\n"
            try folder.write("apus.yaml", text)
            let apus = try ApusInstance(
                directory: folder, configurationPath: folder.path("apus.yaml"))
            let attacks = requests(target)
            var answered = 0
            for bytes in attacks {
                let socket = try TestSocket.connect(port: port)
                try socket.send(bytes)
                let answer = try socket.receiveAll()
                #expect(!answer.isEmpty, "\(bytes)")
                // What the server said goes to the client, who may do with it what it likes.
                if String(decoding: answer, as: UTF8.self).contains("X-Accel-Redirect") {
                    answered += 1
                }
                #expect(trap.accept(within: 0) == nil, "\(bytes)")
            }
            #expect(answered > attacks.count / 3, "\(answered) of \(attacks.count)")
            #expect(trap.accept(within: 0.2) == nil)
            // It would have told.
            let ours = try TestSocket.connect(port: trap.localPort)
            #expect(trap.accept(within: 5) != nil)
            withExtendedLifetime((apus, ours)) {}
        }
    }
}
