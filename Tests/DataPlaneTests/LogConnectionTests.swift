// LogConnection and its thread, against receivers that are away, end, reset, hang: no frame is ever
// torn or doubled, nothing else waits, and what is lost is counted.

import Model
import SharedState
import Syscalls
import Testing

@testable import DataPlane

/// A port of 127.0.0.1, which refuses until it listens.
private final class Receiver {
    private let listener: Int32
    let port: UInt16

    /// - Parameter receiveBytes: of each connection's buffer.
    init(backlog: Int32? = 16, receiveBytes: Int32? = nil) throws {
        let socket = try TCPSocket.bind(.loopback(port: 0))
        try TCPSocket.setBufferSizes(socket.rawValue, receiveBytes: receiveBytes)
        if let backlog { try TCPSocket.listen(socket.rawValue, backlog: backlog) }
        port = try TCPSocket.localAddress(socket.rawValue).port
        listener = socket.take()
    }

    deinit { FileDescriptor(owning: listener).close() }

    func listen() throws { try TCPSocket.listen(listener, backlog: 16) }

    /// Nil: nobody came.
    func accept(within seconds: Double = 10) -> EngineSocket? {
        var fd: Int32 = -1
        Wait.until(seconds) {
            if let accepted = try? TCPSocket.accept(listener) {
                fd = accepted.takeConnection().take()
            }
            return fd >= 0
        }
        return fd < 0 ? nil : EngineSocket(owning: fd)
    }
}

extension EngineSocket {
    /// The next message of RFC 6587 §3.4.1, read to the letter; nil where there is no whole one.
    fileprivate func takeFrame(within seconds: Double = 10) -> String? {
        guard let count = take(through: " ", within: seconds)?.dropLast() else { return nil }
        guard let first = count.first, ("1"..."9").contains(first), let length = Int(count) else {
            Issue.record("no count: \(count)")
            return nil
        }
        let message = take(length, within: seconds)
        return message.count == length ? String(decoding: message, as: UTF8.self) : nil
    }

    /// All whole messages up to the end.
    fileprivate func takeFrames() -> [String] {
        var frames: [String] = []
        while let frame = takeFrame() { frames.append(frame) }
        return frames
    }
}

@Suite struct LogConnectionTests {
    private let sink: AccessLogSink

    init() throws { sink = try AccessLogSink() }

    private func writer(to receiver: Receiver) throws -> AccessLogWriter {
        try AccessLogWriter(of: sink, connectingTo: .loopback(port: receiver.port))
    }

    /// False: the sink is full.
    private func submit(_ messages: [String]) throws -> Bool {
        let buffer = try #require(sink.recycle() ?? LogBuffer())
        for message in messages {
            var writer = buffer.freeWriter()
            for byte in message.utf8 { writer.append(byte) }
            writer.insertCount(at: 0)
            try #require(!writer.overflowed)
            buffer.didWrite(writer.count)
        }
        return sink.submit(buffer, isFull: true)
    }

    /// Behind a few buffers only full ones are taken: lines that come slowly fill the room as well.
    @Test func whatWaitsIsFull() throws {
        func submit(isFull: Bool) throws -> Bool {
            let buffer = try #require(LogBuffer())
            buffer.didWrite(1)
            return sink.submit(buffer, isFull: isFull)
        }
        for _ in 0..<8 { #expect(try submit(isFull: false)) }
        #expect(!(try submit(isFull: false)))
        for _ in 8..<128 { #expect(try submit(isFull: true)) }
        #expect(!(try submit(isFull: true)))
        #expect(sink.next() != nil)
        #expect(!(try submit(isFull: false)))
        #expect(try submit(isFull: true))
    }

    @Test func eachMessageStandsBehindItsCount() throws {
        let receiver = try Receiver()
        let writer = try writer(to: receiver)
        let messages = [
            "x", "two\nlines\n", String(repeating: "9", count: 9),
            String(repeating: "a", count: 10), "é", String(repeating: "b", count: 20_000),
        ]
        #expect(try submit(Array(messages[..<3])))
        #expect(try submit(Array(messages[3...])))
        let connection = try #require(receiver.accept())
        for message in messages { #expect(connection.takeFrame() == message) }
        writer.finish(waitMilliseconds: 10_000)
        #expect(connection.endsSilently())
        #expect(sink.takeLost() == 0)
    }

    /// Nobody listens to a receiver: whatever it says, and however much, it gets what it gets.
    @Test func aReceiverThatSpeaks() throws {
        let receiver = try Receiver()
        let writer = try writer(to: receiver)
        #expect(try submit(["first"]))
        let connection = try #require(receiver.accept())
        #expect(connection.takeFrame() == "first")
        let rubbish = [UInt8](repeating: 0, count: 8 << 20)
        // More than anybody's buffers hold: it is not taken.
        #expect(!connection.send(rubbish, within: 0.5))
        for number in 0..<50 {
            #expect(try submit(Self.messages(number..<number + 1)))
            #expect(connection.takeFrame() == Self.messages(number..<number + 1)[0])
        }
        writer.finish(waitMilliseconds: 10_000)
        #expect(sink.takeLost() == 0)
    }

    @Test func withoutALineThereIsNoConnection() throws {
        let receiver = try Receiver()
        let writer = try writer(to: receiver)
        writer.finish(waitMilliseconds: 10_000)
        #expect(receiver.accept(within: 0) == nil)
    }

    /// Lines from before it was there reach it too. More are taken than the sink holds, so the writer
    /// has called on it.
    @Test func aReceiverThatRefusesAtFirst() throws {
        let receiver = try Receiver(backlog: nil)
        let writer = try writer(to: receiver)
        for index in 0...128 { #expect(Wait.until(10) { (try? submit(["\(index)"])) == true }) }
        try receiver.listen()
        let connection = try #require(receiver.accept())
        for index in 0...128 { #expect(connection.takeFrame() == "\(index)") }
        writer.finish(waitMilliseconds: 10_000)
        #expect(connection.endsSilently())
        #expect(sink.takeLost() == 0)
    }

    enum Ending: CaseIterable {
        case reset, close, endOfItsSide
    }

    /// It goes in the middle of a message, and comes back: there the next whole message stands first,
    /// and none comes twice.
    @Test(arguments: Ending.allCases)
    func aReceiverThatGoesAndComesBack(_ ending: Ending) throws {
        let receiver = try Receiver(receiveBytes: 32_768)
        let writer = try writer(to: receiver)
        let count = 2_000
        for start in stride(from: 0, to: count, by: 20) {
            #expect(Wait.until(10) { (try? submit(Self.messages(start..<start + 20))) == true })
        }
        let first = try #require(receiver.accept())
        var frames: [String] = []
        for _ in 0..<3 { frames.append(try #require(first.takeFrame())) }
        switch ending {
        case .reset, .close:
            #expect(first.take(100).count == 100)
            first.close(reset: ending == .reset)
        case .endOfItsSide:
            first.endSending()
            frames += first.takeFrames()
        }
        let second = try #require(receiver.accept())
        while frames.last != Self.messages(count - 1..<count)[0] {
            frames.append(try #require(second.takeFrame(), "after \(frames.count)"))
        }
        let numbers = frames.compactMap { Int($0.prefix { $0 != " " }) }
        #expect(frames == numbers.flatMap { Self.messages($0..<$0 + 1) })
        #expect(numbers == Set(numbers).sorted(), "twice, or out of order")
        // What it had not read when it went is lost; one that read on to the end has all.
        #expect((numbers.count == count) == (ending == .endOfItsSide), "\(numbers.count)")
        writer.finish(waitMilliseconds: 10_000)
        #expect(second.endsSilently())
        #expect(sink.takeLost() == 0)
    }

    /// What fits is kept for it, the rest is refused at once, and what is left at the end is counted.
    @Test func aReceiverThatReadsNothing() throws {
        let receiver = try Receiver(receiveBytes: 32_768)
        let writer = try writer(to: receiver)
        var offered = 0
        while Wait.until(0.5, { (try? submit(Self.messages(offered..<offered + 20))) == true }) {
            offered += 20
            try #require(offered < 20_000, "nothing bounds it")
        }
        writer.finish(waitMilliseconds: 200)
        #expect(!(try submit(["late"])), "closed")
        let connection = try #require(receiver.accept())
        let frames = connection.takeFrames()
        #expect(frames == Self.messages(0..<frames.count))
        #expect(connection.ended && !connection.wasReset)
        var lost = 0
        let isCounted = Wait.until(10) {
            lost += Int(sink.takeLost())
            return frames.count + lost == offered
        }
        #expect(isCounted && lost > 0, "\(frames.count) and \(lost) of \(offered)")
    }

    /// The accept queue is full: an attempt gets no answer at all.
    @Test func aReceiverThatDoesNotAnswerHoldsUpNoEnd() throws {
        let receiver = try Receiver(backlog: 0)
        let others = try (0..<4).map { _ in try EngineSocket.connect(port: receiver.port) }
        let writer = try writer(to: receiver)
        #expect(try submit(["1", "2"]))
        #expect(try submit(["3"]))
        writer.finish(waitMilliseconds: 200)
        var lost = 0
        let isCounted = Wait.until(10) {
            lost += Int(sink.takeLost())
            return lost == 3
        }
        #expect(isCounted, "\(lost)")
        for other in others { other.close() }
    }

    /// Exchanges go on while nobody takes their lines; each line came or was counted, and as long as
    /// there is room they are kept.
    @Test func aReceiverThatIsAwayHoldsUpNoExchange() throws {
        let receiver = try Receiver(backlog: nil)
        var options = EngineHarness.Options()
        var settings = LogSettings()
        settings.accessTo = .syslog
        settings.syslog.address = .tcp(
            SocketAddress(host: .ipv4(0x7F00_0001), port: receiver.port))
        options.logSettings = settings
        let origin = try EngineOrigin.echo()
        let harness = try EngineHarness(origins: [origin.port], options)
        let writer = try AccessLogWriter(
            of: harness.sink, connectingTo: .loopback(port: receiver.port))
        let client = try harness.connect()
        let padding = String(repeating: "p", count: 2_000)
        var count = 0
        while harness.worker[.logLinesDropped] == 0 {
            try #require(count < 20_000, "nothing bounds it")
            client.send("GET /\(count)/\(padding) HTTP/1.1\r\nHost: h\r\n\r\n")
            try #require(client.takeMessage() != nil)
            count += 1
        }
        #expect(count > 3_000, "6 MB at least")
        try receiver.listen()
        let connection = try #require(receiver.accept(within: 20))
        client.close()
        harness.stop()
        let expected = count - Int(harness.worker[.logLinesDropped])
        let frames = (0..<expected).compactMap { _ in connection.takeFrame() }
        #expect(frames.count == expected)
        #expect(frames.allSatisfy { $0.hasPrefix("<134>1 ") && $0.hasSuffix("}") })
        writer.finish(waitMilliseconds: 10_000)
        #expect(connection.endsSilently())
        #expect(harness.sink.takeLost() == 0)
    }

    private static func messages(_ numbers: Range<Int>) -> [String] {
        numbers.map { "\($0) " + String(repeating: "m", count: 3_000) }
    }
}
