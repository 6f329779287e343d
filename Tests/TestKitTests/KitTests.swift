internal import Foundation
internal import TestKit
internal import Testing

@Suite struct KitTests {
    @Test func clientReadsEveryFraming() throws {
        let server = try EchoServer()
        let client = try HTTPClient(port: server.port)
        #expect(try client.exchange("GET", "/bytes/100000").body == EchoServer.pattern(100_000))
        let chunked = try client.exchange("GET", "/chunked/5000")
        #expect(chunked.isChunked)
        #expect(chunked.body == EchoServer.pattern(5000))
        #expect(try client.exchange("HEAD", "/status/204").body.isEmpty)
        #expect(
            try client.exchange("POST", "/upload", body: [1, 2, 3]).text
                == EchoServer.checksum([1, 2, 3]))
        #expect(try !client.exchange("GET", "/close").isReusable)
        let last = try HTTPClient(port: server.port)
        #expect(try last.exchange("GET", "/until-close/300").body == EchoServer.pattern(300))
        server.stop()
    }

    @Test(arguments: ["reset", "vanish"]) func clientTellsLoss(_ behaviour: String) throws {
        let server = try EchoServer()
        let client = try HTTPClient(port: server.port)
        #expect(throws: ResponseFailure.endedBefore(wasReset: behaviour == "reset")) {
            try client.exchange("GET", "/\(behaviour)")
        }
        server.stop()
    }

    @Test func processesAreEndedAndSeen() throws {
        let directory = try TemporaryDirectory()
        let process = try ChildProcess(
            "/bin/sh", ["-c", "echo out; echo err >&2; exit 3"], directory: directory)
        #expect(try process.waitForEnd() == .code(3))
        #expect(process.output == "out\n")
        #expect(process.errorOutput == "err\n")
        let sleeper = try ChildProcess("/bin/sleep", ["60"], name: "s", directory: directory)
        #expect(ProcessInspection(pid: Int(sleeper.pid)).isAlive)
        sleeper.killGroup()
        #expect(sleeper.ended == .signal(9))
    }

    @Test func listenersAreFoundByPort() throws {
        let socket = try TestSocket.listen()
        // A line can be skipped while other tests open and close listeners.
        let inode = try eventually("the listener in the table") {
            ProcessInspection.listeningInode(port: socket.localPort)
        }
        let me = ProcessInspection(pid: Int(ProcessInfo.processInfo.processIdentifier))
        #expect(me.socketInodes.contains(inode))
    }
}
