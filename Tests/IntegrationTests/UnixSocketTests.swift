// Frontends at unix sockets: reloads, clients without an address, and what becomes of the files.

internal import Foundation
internal import TestKit
internal import Testing

extension IntegrationTests {
    @Suite(.timeLimit(.minutes(5))) struct UnixSocketTests {
        @Test func twentyReloadsLoseNothing() throws {
            let setting = try Setting()
            let path = setting.apus.directory.path("web.sock")
            func reload(_ mode: String) throws {
                var configuration = setting.configuration
                configuration.frontends["main"] =
                    "{bind: [\"127.0.0.1:\(setting.port)\", "
                    + "{address: \"unix:\(path)\", mode: \"\(mode)\"}], backend: echo}"
                try setting.apus.write(configuration)
                let answer = try setting.apus.reload()
                #expect(answer.status == 200, "\(answer)")
            }
            try reload("0600")
            let inode = try Self.inode(path)
            let load = MixedLoad(path: path)
            load.start()
            try eventually("traffic") { setting.server.requestCount > 100 }
            try pace(every: 0.4, count: 20) { step in
                try reload(step.isMultiple(of: 2) ? "0660" : "0600")
            }
            try load.stop()
            let verdict = load.ledger.verdict(server: setting.server)
            report("20 reloads at a unix socket: \(verdict)")
            #expect(verdict.isPerfect, "\(verdict)")
            #expect(try Self.inode(path) == inode)
            // Away with it, and nobody is left in its queue.
            try setting.apus.write(setting.configuration)
            #expect(try setting.apus.reload().status == 200)
            #expect(!FileManager.default.fileExists(atPath: path))
        }

        @Test func aClientHasTheAddressThatAProxySays() throws {
            let folder = try TemporaryDirectory()
            let path = folder.path("web.sock")
            let routes =
                "[{match: {client_ip: 192.0.2.0/24}, respond: {body: \"near %{client_ip}\"}}, "
                + "{match: {client_ip: 0.0.0.0/0}, respond: {body: \"far %{client_ip}\"}}, "
                + "{respond: {body: \"%{client_ip} %{client_port}\"}}]"
            var configuration = TestConfiguration()
            configuration.frontends["plain"] = "{bind: \"unix:\(path)\", routes: \(routes)}"
            configuration.frontends["told"] =
                "{bind: \"unix:\(path)2\", proxy_protocol: {from: 10.0.0.0/8}, routes: \(routes)}"
            let apus = try ApusInstance(configuration)
            #expect(try HTTPClient(path: path).exchange().text == "unix: 0")
            for (header, body) in [
                ("PROXY TCP4 192.0.2.7 10.0.0.1 4711 80\r\n", "near 192.0.2.7"),
                ("PROXY TCP6 ::ffff:192.0.2.7 ::1 4711 80\r\n", "near 192.0.2.7"),
                ("PROXY TCP4 198.51.100.7 10.0.0.1 4711 80\r\n", "far 198.51.100.7"),
                ("PROXY UNKNOWN\r\n", "unix: 0"),
            ] {
                let client = try HTTPClient(path: path + "2")
                try client.socket.send(header)
                #expect(try client.exchange().text == body)
            }
            try apus.stop()
            #expect(!FileManager.default.fileExists(atPath: path))
            #expect(!FileManager.default.fileExists(atPath: path + "2"))
        }

        /// Through a server at a unix socket, and another frontend that is told where clients are.
        @Test func aServerAtAUnixSocketLosesNothing() throws {
            let folder = try TemporaryDirectory()
            let path = folder.path("app.sock")
            let setting = try Setting { configuration in
                configuration.frontends["app"] =
                    "{bind: \"unix:\(path)\", backend: echo, proxy_protocol: {from: 10.0.0.0/8}}"
                configuration.frontends["main"] = configuration.frontends["main"]?
                    .replacing("backend: echo", with: "backend: unix")
                configuration.backends["unix"] =
                    "{proxy_protocol: v2, check: {http: {path: /}, interval: 200ms}, "
                    + "servers: {one: {address: \"unix:\(path)\"}}}"
            }
            let load = MixedLoad(port: setting.port)
            load.start()
            try eventually("traffic") { setting.server.requestCount > 100 }
            try pace(every: 0.5, count: 10) { _ in
                let answer = try setting.apus.reload()
                #expect(answer.status == 200, "\(answer)")
            }
            let server = try setting.apus.get("/v1/backends/unix/servers/one").json
            #expect(server["address"].text == "unix:\(path)")
            #expect(server["operational_state"].text == "UP")
            try load.stop()
            let verdict = load.ledger.verdict(server: setting.server)
            report("a server at a unix socket: \(verdict)")
            #expect(verdict.isPerfect, "\(verdict)")
        }

        /// Clients do not get to the admin API by a server that is there.
        @Test func theAdminSocketAnswersNoWorker() throws {
            let folder = try TemporaryDirectory()
            let port = try FreePort.lease()
            let name = try folder.link("innocent.sock", to: folder.path("run/admin.sock"))
            var configuration = TestConfiguration()
            configuration.frontends["main"] = "{bind: \"127.0.0.1:\(port)\", backend: spy}"
            configuration.backends["spy"] = "{servers: {one: {address: \"unix:\(name)\"}}}"
            let apus = try ApusInstance(configuration, directory: folder)
            #expect(try apus.get("/v1/status").status == 200)
            let client = try HTTPClient(port: port)
            let answer = try client.exchange("GET", "/v1/status", host: "localhost")
            #expect(answer.status == 403, "\(answer)")
        }

        /// What a master that was killed has left is replaced, once its workers have let go.
        @Test func aNewMasterTakesTheNameOver() throws {
            let folder = try TemporaryDirectory()
            let path = folder.path("web.sock")
            var configuration = TestConfiguration()
            configuration.frontends["main"] =
                "{bind: \"unix:\(path)\", routes: [{respond: {body: ours}}]}"
            let old = try ApusInstance(configuration, directory: folder)
            old.master.signal(SIGKILL)
            _ = try old.master.waitForEnd(within: 5)
            #expect(try HTTPClient(path: path).exchange().text == "ours", "workers serve on")
            let new = try ApusInstance(resuming: folder)
            try new.waitUntilReady()
            #expect(try HTTPClient(path: path).exchange().text == "ours")
            // Somebody else's is not taken.
            let other = try ApusInstance(configuration, waits: false)
            let end = try other.master.waitForEnd(within: 20)
            #expect(end == .code(4), "\(end)")
            #expect(other.logText.contains("where somebody listens"))
            #expect(try HTTPClient(path: path).exchange().text == "ours")
            try new.stop()
            #expect(!FileManager.default.fileExists(atPath: path))
        }

        private static func inode(_ path: String) throws -> UInt64? {
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            return (attributes[.systemFileNumber] as? NSNumber)?.uint64Value
        }
    }
}
