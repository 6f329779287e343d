// AccessLogSink, AccessLogWriter, LogOutput on real files and sockets.

import Glibc
import Model
import Syscalls
import Testing

@testable import DataPlane

/// A folder of this test's own, removed with the value.
private final class Folder {
    let path: String

    init() throws {
        let top = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/var/tmp"
        path = "\(top)/log-\(String(UInt64.random(in: 0 ... .max), radix: 36))"
        try Files.makeDirectory(path, mode: 0o700)
    }

    deinit {
        for name in ["log", "log.1", "socket"] { try? Files.remove("\(path)/\(name)") }
        _ = unsafe rmdir(path)
    }

    func lines(_ name: String) throws -> [String] {
        let bytes = try Files.read("\(path)/\(name)", maxBytes: 64 << 20)
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }
}

/// A bound datagram socket, as a logger has one.
private final class Logger {
    let fd: Int32

    init(path: String) throws {
        fd = try EngineDatagrams.bind(path: path)
    }

    deinit { FileDescriptor(owning: fd).close() }

    /// Messages that are there, or come in time until there are so many.
    func messages(_ count: Int, within seconds: Double = 10) -> [String] {
        EngineDatagrams.messages(fd, count, within: seconds)
    }
}

@Suite struct AccessLogWriterTests {
    private func submit(_ lines: [String], to sink: AccessLogSink) throws -> Bool {
        let buffer = try #require(sink.recycle() ?? LogBuffer())
        for line in lines {
            var writer = buffer.freeWriter()
            for byte in line.utf8 { writer.append(byte) }
            buffer.didWrite(writer.count)
        }
        return sink.submit(buffer, isFull: true)
    }

    private func kind(_ path: String) throws -> LogOutput.Kind {
        var settings = LogSettings()
        settings.accessTo = .syslog
        settings.syslog.address = .socket(path: path)
        return try #require(LogOutput.Kind(settings))
    }

    /// The file is renamed and opened anew again and again while lines come.
    @Test func noLineIsLostWhenTheFileIsReplaced() throws {
        let folder = try Folder()
        let path = "\(folder.path)/log"
        let sink = try AccessLogSink()
        let writer = try AccessLogWriter(of: sink, to: try Files.openAppend(path), .stream)
        var expected: [String] = []
        var found: [String] = []
        for round in 0..<50 {
            let lines = (0..<100).map { "\(round)-\($0)" }
            expected += lines
            #expect(try submit(lines.map { $0 + "\n" }, to: sink))
            if round == 49 { writer.finish(waitMilliseconds: 10_000) }
            if round % 5 == 4 {
                // Once the next file has something, nothing more comes to the one before.
                try Files.rename(path, to: path + ".1")
                writer.replace(with: try Files.openAppend(path))
                let mark = "mark-\(round)"
                if round < 49 {
                    #expect(try submit([mark + "\n"], to: sink))
                    #expect(Wait.until(10) { (try? folder.lines("log").contains(mark)) == true })
                }
                found += try folder.lines("log.1")
            }
        }
        #expect(found.filter { !$0.hasPrefix("mark") } == expected)
        #expect(sink.takeLost() == 0)
    }

    @Test func eachRecordIsADatagram() throws {
        let folder = try Folder()
        let path = "\(folder.path)/socket"
        let logger = try Logger(path: path)
        let sink = try AccessLogSink()
        let writer = try AccessLogWriter(
            of: sink, to: try DatagramSocket.connect(toPath: path), try kind(path))
        #expect(try submit(["one", "two\nthree", "four"], to: sink))
        #expect(logger.messages(3) == ["one", "two\nthree", "four"])
        writer.finish(waitMilliseconds: 10_000)
        #expect(sink.takeLost() == 0)
    }

    @Test func byUDPAsWell() throws {
        let (fd, port) = try EngineDatagrams.bindUDP()
        defer { FileDescriptor(owning: fd).close() }
        let sink = try AccessLogSink()
        let writer = try AccessLogWriter(
            of: sink, to: try DatagramSocket.connect(to: .loopback(port: port)),
            .datagrams(path: nil))
        #expect(try submit(["one", "two"], to: sink))
        #expect(EngineDatagrams.messages(fd, 2, within: 10) == ["one", "two"])
        writer.finish(waitMilliseconds: 10_000)
    }

    /// Nobody reads: what does not fit the socket is lost and counted, and the writer goes on.
    @Test func aLoggerThatReadsNothingCostsLinesOnly() throws {
        let folder = try Folder()
        let path = "\(folder.path)/socket"
        let logger = try Logger(path: path)
        let sink = try AccessLogSink()
        let writer = try AccessLogWriter(
            of: sink, to: try DatagramSocket.connect(toPath: path), try kind(path))
        let count = 3
        for round in 0..<count {
            #expect(try submit((0..<2_000).map { "\(round)-\($0)" }, to: sink))
        }
        var lost: UInt64 = 0
        writer.finish(waitMilliseconds: 10_000)
        lost += sink.takeLost()
        let kept = logger.messages(.max, within: 0.2).count
        #expect(kept > 0)
        #expect(lost > 0 && UInt64(kept) + lost == UInt64(count * 2_000))
        #expect(!(try submit(["late"], to: sink)), "closed")
    }

    /// Started anew, a logger has another socket of the same name.
    @Test func aLoggerThatComesBackIsFound() throws {
        let folder = try Folder()
        let path = "\(folder.path)/socket"
        var logger: Logger? = try Logger(path: path)
        let sink = try AccessLogSink()
        let writer = try AccessLogWriter(
            of: sink, to: try DatagramSocket.connect(toPath: path), try kind(path))
        #expect(try submit(["first"], to: sink))
        #expect(logger?.messages(1) == ["first"])
        logger = nil
        #expect(try submit(["nobody"], to: sink))
        #expect(Wait.until(10) { sink.takeLost() == 1 })
        try Files.remove(path)
        let next = try Logger(path: path)
        var sent = 0
        let came = Wait.until(10) {
            sent += 1
            guard (try? submit(["again"], to: sink)) == true else { return false }
            return next.messages(1, within: 0.1) == ["again"]
        }
        #expect(came, "after \(sent) messages")
        writer.finish(waitMilliseconds: 10_000)
    }

    /// The ring turns; who finds it full is told so; buffers are used again.
    @Test func theWayIsBoundedAndInOrder() throws {
        let sink = try AccessLogSink()
        for turn in 0..<5 {
            for place in 0..<128 { #expect(try submit(["\(turn)-\(place)"], to: sink)) }
            #expect(!(try submit(["too many"], to: sink)))
            for place in 0..<128 {
                let buffer = try #require(sink.next())
                #expect(text(buffer.record(0)) == "\(turn)-\(place)")
                sink.give(buffer, lost: place == 0 ? 2 : 0)
            }
            #expect(sink.next() == nil)
            #expect(sink.takeLost() == 2 && sink.takeLost() == 0)
            let used = try #require(sink.recycle())
            #expect(used.recordCount == 0 && used.count == 0)
            sink.give(used, lost: 0)
        }
    }

    /// What went wrong is logged whatever the sampling says, and says that it stands for itself.
    @Test func samplingKeepsFaultsAndTellsItsWeight() throws {
        let origin = try EngineOrigin { connection in
            while let request = connection.takeMessage() {
                let status = request.startLine.contains("/bad") ? "503 No" : "200 OK"
                connection.send("HTTP/1.1 \(status)\r\nContent-Length: 0\r\n\r\n")
            }
        }
        var options = EngineHarness.Options()
        var settings = LogSettings()
        settings.accessSample = 4
        options.logSettings = settings
        let harness = try EngineHarness(origins: [origin.port], options)
        let client = try harness.connect()
        let count = 400
        for index in 0..<count {
            let path = index % 20 == 0 ? "/bad" : "/good"
            client.send("GET \(path) HTTP/1.1\r\nHost: h\r\n\r\n")
            _ = client.takeMessage()
        }
        let bad = count / 20
        // Lines of one connection come in order, so with the last fault all are there that matter.
        var lines: [String] = []
        let isComplete = Wait.until(10) {
            lines += harness.logLines(0)
            return lines.count {
                $0.contains("\"status\":503") && $0.contains("\"weight\":1,")
            } == bad
        }
        #expect(isComplete)
        let good = lines.filter { $0.contains("\"status\":200") && $0.contains("\"weight\":4,") }
        #expect((50...150).contains(good.count), "\(good.count) of \(count - bad)")
        #expect(lines.count == bad + good.count)
    }
}
