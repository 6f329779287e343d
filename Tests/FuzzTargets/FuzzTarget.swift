// What is fuzzed: the parsers of foreign bytes, each with what must hold of whatever it reads. Run by
// libFuzzer (`make fuzz`) and, over all inputs that were kept, by `make test`.

import ConfigurationLanguage
import JSON
import Model
import Wire

@testable import DataPlane

/// What can be fuzzed. Each compares two ways of reading that must agree, where there are two.
public enum FuzzTarget: String, CaseIterable, Sendable {
    case requestHead = "request-head"
    case responseHead = "response-head"
    case chunked
    case configuration
    case controlPacket = "control-packet"
    case json
    case target
    case mapFile = "map-file"
    case proxyHeader = "proxy-header"
    case clientHello = "client-hello"
    case regex

    /// Reads the bytes; ends the process if what must hold does not.
    public func run(_ input: UnsafeBufferPointer<UInt8>) {
        switch self {
        case .requestHead: unsafe Self.readRequest(input)
        case .responseHead: unsafe Self.readResponse(input)
        case .chunked: unsafe Self.readChunks(input)
        case .configuration:
            _ = ConfigurationSource(
                text: ConfigurationText(bytes: unsafe Array(input)), fileName: "fuzz.yaml"
            ).read()
        case .controlPacket:
            guard let packet = try? ControlPacket.decode(unsafe Array(input)) else { return }
            _ = try? WorkerMessage(packet)
            _ = try? MasterMessage(packet)
        case .json: unsafe Self.readJSON(input)
        case .target: unsafe TargetFuzzing.readTarget(input)
        case .mapFile: unsafe TargetFuzzing.readMap(input)
        case .proxyHeader: unsafe Self.readProxyHeader(input)
        case .clientHello: unsafe Self.readHello(input)
        case .regex: unsafe RegexFuzzing.search(input)
        }
    }

    /// Whole, and in growing pieces as from a slow client: the same head.
    private static func readRequest(_ input: UnsafeBufferPointer<UInt8>) {
        guard let start = input.baseAddress else { return }
        let limits = MessageLimits()
        var parser = RequestHeadParser()
        var head = RequestHead()
        let whole = parser.parse(
            unsafe Bytes(start: start, count: input.count), limits: limits, into: &head)
        guard case .complete(let length) = whole else { return }
        require(length <= input.count)
        let body = head.body
        var slow = RequestHeadParser()
        for count in stride(from: 1, through: length, by: 1 + length / 64) {
            let result = slow.parse(
                unsafe Bytes(start: start, count: count), limits: limits, into: &head)
            require(result == .incomplete || count == length)
        }
        require(
            slow.parse(unsafe Bytes(start: start, count: length), limits: limits, into: &head)
                == whole)
        require("\(head.body)" == "\(body)")
        unsafe ForwardFuzzing.readForwarded(head, Bytes(start: start, count: length))
    }

    private static func readResponse(_ input: UnsafeBufferPointer<UInt8>) {
        guard let start = input.baseAddress else { return }
        let request = ResponseExpectation(method: .get, offersUpgrade: false)
        var parser = ResponseHeadParser()
        var head = ResponseHead()
        let whole = parser.parse(
            unsafe Bytes(start: start, count: input.count), to: request, headBytes: 15_360,
            into: &head)
        guard case .complete(let length) = whole else { return }
        require(length <= input.count)
        var slow = ResponseHeadParser()
        for count in stride(from: 1, to: length, by: 1 + length / 64) {
            let result = slow.parse(
                unsafe Bytes(start: start, count: count), to: request, headBytes: 15_360,
                into: &head)
            require(result == .incomplete)
        }
    }

    /// At once, and byte by byte: the same end.
    private static func readChunks(_ input: UnsafeBufferPointer<UInt8>) {
        guard let start = input.baseAddress else { return }
        var whole = ChunkedScanner(bodyLimitBytes: 1 << 20)
        let result = whole.scan(unsafe Bytes(start: start, count: input.count))
        var slow = ChunkedScanner(bodyLimitBytes: 1 << 20)
        for offset in 0..<input.count {
            let step = unsafe slow.scan(Bytes(start: start + offset, count: 1))
            switch (step, result) {
            case (.more, _): continue
            case (.end, .end(let consumed)): return require(consumed == offset + 1)
            case (.failed(let one), .failed(let other)): return require(one == other)
            default: return require(false)
            }
        }
        require(result == .more)
    }

    /// What was read can be written, and reads as the same.
    private static func readJSON(_ input: UnsafeBufferPointer<UInt8>) {
        guard let value = try? JSONText.parse(unsafe Array(input)) else { return }
        guard let text = try? JSONText.write(value) else { return }
        require((try? JSONText.parse(text)) == value)
    }

    /// A header is the same whatever follows it, and no beginning of it is one.
    private static func readProxyHeader(_ input: UnsafeBufferPointer<UInt8>) {
        guard let start = input.baseAddress else { return }
        var header = ProxyHeader()
        let whole = ProxyHeaderParser.parse(
            unsafe Bytes(start: start, count: input.count), into: &header)
        guard case .complete(let length) = whole else { return }
        require(length <= input.count && header.authority.end <= length)
        let source = header.source
        for count in [0, 1, length / 2, length - 1] {
            let result = ProxyHeaderParser.parse(
                unsafe Bytes(start: start, count: count), into: &header)
            require(result == .incomplete)
        }
        require(
            ProxyHeaderParser.parse(unsafe Bytes(start: start, count: length), into: &header)
                == whole)
        require(header.source == source)
    }

    /// At once, and in pieces: the same verdict, the same name.
    private static func readHello(_ input: UnsafeBufferPointer<UInt8>) {
        guard let start = input.baseAddress else { return }
        let scratch = ByteScratch(capacity: ClientHelloParser.limitBytes)
        func read(_ ends: StrideThrough<Int>) -> (ClientHelloResult, Int) {
            var parser = ClientHelloParser()
            for end in ends {
                var memory = scratch.writer()
                var name = Bytes.empty
                let bytes = unsafe Bytes(start: start, count: end)
                let result = parser.parse(bytes, joiningIn: &memory, name: &name)
                if result != .incomplete { return (result, name.count) }
            }
            return (.incomplete, 0)
        }
        let whole = read(stride(from: input.count, through: input.count, by: 1))
        let slow = read(stride(from: 0, through: input.count, by: 1))
        require(whole == slow)
        readFirstLine(unsafe Bytes(start: start, count: input.count))
    }

    /// The same of a first line. What is read as a head begins with one of HTTP.
    private static func readFirstLine(_ bytes: Bytes) {
        var line = FirstLine()
        let whole = line.look(at: bytes)
        var slow = FirstLine()
        var verdict = FirstLineVerdict.incomplete
        for end in 0...bytes.count where verdict == .incomplete {
            verdict = slow.look(at: bytes.prefix(end))
        }
        require(verdict == whole)
        var parser = RequestHeadParser()
        var head = RequestHead()
        guard case .complete = parser.parse(bytes, limits: MessageLimits(), into: &head) else {
            return
        }
        require(whole == .http)
    }

    private static func require(_ condition: Bool) {
        precondition(condition, "two ways of reading the same bytes disagree")
    }
}
