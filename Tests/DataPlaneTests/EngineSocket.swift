// A blocking-looking socket for tests: polls, and gives up after a while instead of hanging.

import Glibc
import Syscalls
import Testing

@testable import DataPlane

/// One connection of a test's client or origin.
final class EngineSocket: @unchecked Sendable {
    let fd: Int32
    private var buffered: [UInt8] = []
    private var chunk = [UInt8](repeating: 0, count: 65_536)
    private var isOpen = true
    /// recv(2) gave the end, or an error.
    private(set) var ended = false
    private(set) var wasReset = false

    init(owning fd: Int32) {
        self.fd = fd
    }

    deinit { close() }

    /// - Parameter from: an address of this machine, 127.0.0.0/8 all of it.
    static func connect(
        port: UInt16, from: UInt32? = nil, receiveBytes: Int32? = nil
    ) throws -> EngineSocket {
        var start = TCPSocket.ConnectStart.inProgress
        let source = from.map { RawSocketAddress(host: .ipv4($0), port: 0) }
        let socket = try TCPSocket.connect(to: .loopback(port: port), from: source, start: &start)
        let connection = EngineSocket(owning: socket.take())
        if let receiveBytes {
            try TCPSocket.setBufferSizes(connection.fd, receiveBytes: receiveBytes)
        }
        return connection
    }

    func close(reset: Bool = false) {
        guard isOpen else { return }
        isOpen = false
        if reset { try? TCPSocket.resetOnClose(fd) }
        FileDescriptor(owning: fd).close()
    }

    func endSending() { try? TCPSocket.shutdown(fd, .writing) }

    func send(_ text: String) { send(Array(text.utf8)) }

    /// Sends all, or as much as is taken within the time.
    @discardableResult
    func send(_ bytes: [UInt8], within seconds: Double = 10) -> Bool {
        if !isOpen { return false }
        var sent = 0
        return wait(seconds, for: POLLOUT) {
            while sent < bytes.count {
                let span = bytes.span.extracting(sent..<bytes.count)
                let result = unsafe SocketIO.send(fd, span.bytes)
                if result.wouldBlock || result.errno == ENOTCONN { return false }
                if result.isError { return true }
                sent += result.value
            }
            return true
        } && sent == bytes.count
    }

    /// One attempt; true if something came or the end is known.
    @discardableResult
    private func pull() -> Bool {
        // The number of a closed one may be another socket's by now.
        if !isOpen { ended = true }
        if ended { return true }
        var span = chunk.mutableSpan
        var raw = unsafe span.mutableBytes
        let result = SocketIO.receive(fd, into: &raw)
        if result.value > 0 {
            buffered += chunk[0..<result.value]
            return true
        }
        if result.wouldBlock || result.errno == ENOTCONN { return false }
        ended = true
        wasReset = result.isError
        return true
    }

    /// Takes exactly `count` bytes, or what came until the end or the time.
    func take(_ count: Int, within seconds: Double = 10) -> [UInt8] {
        wait(seconds) {
            while buffered.count < count, !ended { if !pull() { return false } }
            return true
        }
        let taken = Array(buffered.prefix(count))
        buffered.removeFirst(taken.count)
        return taken
    }

    /// Takes everything up to and including `mark`; nil if it does not come.
    func take(through mark: String, within seconds: Double = 10) -> String? {
        let bytes = Array(mark.utf8)
        var end: Int?
        wait(seconds) {
            while true {
                end = buffered.firstRange(of: bytes)?.upperBound
                if end != nil || ended { return true }
                if !pull() { return false }
            }
        }
        guard let end else { return nil }
        let taken = Array(buffered[0..<end])
        buffered.removeFirst(end)
        return String(decoding: taken, as: UTF8.self)
    }

    /// Takes what comes next, as much as there is; nil at the end.
    func takeSome(within seconds: Double) -> [UInt8]? {
        wait(seconds) {
            guard pull() else { return !buffered.isEmpty }
            while !ended, buffered.count < 1 << 20, pull() {}
            return true
        }
        guard !buffered.isEmpty else { return nil }
        let taken = buffered
        buffered = []
        return taken
    }

    /// Takes everything up to the end.
    func takeAll(within seconds: Double = 10) -> [UInt8] {
        wait(seconds) {
            while !ended { if !pull() { return false } }
            return true
        }
        let taken = buffered
        buffered = []
        return taken
    }

    /// Whether the peer ends within the time, without another byte.
    func endsSilently(within seconds: Double = 10) -> Bool {
        takeAll(within: seconds).isEmpty && ended
    }

    /// Whether nothing at all happens for so long.
    func staysSilent(for seconds: Double) -> Bool {
        !wait(seconds) { pull() || !buffered.isEmpty }
    }
}

/// Polling with a limit.
enum Wait {
    @discardableResult
    static func until(_ seconds: Double, _ condition: () -> Bool) -> Bool {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while ContinuousClock.now < deadline {
            if condition() { return true }
            usleep(1_000)
        }
        return condition()
    }
}

extension EngineSocket {
    /// Waits until a descriptor is readable.
    static func awaitInput(_ fd: Int32, milliseconds: Int32) {
        var waiting = pollfd(fd: fd, events: Int16(POLLIN), revents: 0)
        // SAFETY: the callee uses the one element during the call only.
        _ = unsafe poll(&waiting, 1, milliseconds)
    }

    /// Tries `condition` whenever the socket is ready for something, until it holds.
    @discardableResult
    private func wait(
        _ seconds: Double, for events: Int32 = POLLIN, _ condition: () -> Bool
    ) -> Bool {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while !condition() {
            guard ContinuousClock.now < deadline else { return false }
            var waiting = pollfd(fd: fd, events: Int16(events), revents: 0)
            // SAFETY: the callee uses the one element during the call only.
            _ = unsafe poll(&waiting, 1, 50)
        }
        return true
    }
}

/// A tenth of a second: long enough for the loop to have seen what came before.
func usleepTenth() { usleep(100_000) }

/// One HTTP message as a test wants to look at it.
struct EngineMessage {
    var startLine = ""
    var fields: [(name: String, value: String)] = []
    var body: [UInt8] = []

    var status: Int { Int(startLine.split(separator: " ").dropFirst().first ?? "") ?? -1 }
    var text: String { String(decoding: body, as: UTF8.self) }

    func field(_ name: String) -> String? {
        fields.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}

extension EngineSocket {
    /// Reads a head; nil if none comes.
    func takeHead(within seconds: Double = 10) -> EngineMessage? {
        guard let head = take(through: "\r\n\r\n", within: seconds) else { return nil }
        let lines = head.split(separator: "\r\n", omittingEmptySubsequences: true)
        var message = EngineMessage()
        message.startLine = String(lines.first ?? "")
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { continue }
            message.fields.append(
                (String(parts[0]), parts[1].trimmingPrefix(while: { $0 == " " }).description))
        }
        return message
    }

    /// Reads a message with its body, decoded from chunks where it has them.
    func takeMessage(hasBody: Bool = true, within seconds: Double = 10) -> EngineMessage? {
        guard var message = takeHead(within: seconds) else { return nil }
        guard hasBody else { return message }
        if let length = message.field("content-length").flatMap({ Int($0) }) {
            message.body = take(length, within: seconds)
        } else if message.field("transfer-encoding") != nil {
            while let line = take(through: "\r\n", within: seconds) {
                let size = Int(line.prefix { $0.isHexDigit }, radix: 16) ?? 0
                if size == 0 { break }
                message.body += take(size, within: seconds)
                _ = take(2, within: seconds)
            }
            while let line = take(through: "\r\n", within: seconds), line != "\r\n" {}
        }
        return message
    }
}
