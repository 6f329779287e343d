// Shared by the tests of the message layer: text as bytes, and the parsers driven over any cut of
// them. Each piece is a fresh allocation of exactly its size, so a read beyond it is seen by ASan.

import Model
import Testing

@testable import DataPlane

/// One byte for each scalar: "\u{80}" is the byte 0x80.
func octets(_ text: String) -> [UInt8] {
    text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
}

func text(_ bytes: Bytes) -> String {
    String(String.UnicodeScalarView((0..<bytes.count).map { Unicode.Scalar(bytes[$0]) }))
}

/// What `body` wrote.
func written(capacity: Int = 65_536, _ body: (inout ByteWriter) -> Void) -> String {
    let scratch = ByteScratch(capacity: capacity)
    var writer = scratch.writer()
    body(&writer)
    return text(writer.written)
}

extension [UInt8] {
    func withBytes<Result>(_ body: (Bytes) -> Result) -> Result {
        span.withBytes(count, body)
    }
}

/// Everything a test may compare of a parse.
struct ParsedHead: Equatable, CustomStringConvertible {
    var result = HeadResult.incomplete
    var method = ""
    var path = ""
    var query: String?
    var host = ""
    var authority = ""
    var status = 0
    var version = HTTPVersion.http11
    var body = BodyFraming.none
    var keepAlive = false
    var expectsContinue = false
    var upgrade = ""
    /// `name=value`, with `(`, which no name holds, before a dropped one.
    var fields: [String] = []

    var error: HTTPError? {
        guard case .failed(let error) = result else { return nil }
        return error
    }
    var isComplete: Bool {
        guard case .complete = result else { return false }
        return true
    }
    var description: String {
        "\(result) \(method) \(path) \(host) \(status) \(body) \(keepAlive) \(fields)"
    }

    init(result: HeadResult) {
        self.result = result
    }

    init(_ head: borrowing RequestHead, _ bytes: Bytes) {
        result = .complete(length: head.length)
        method = text(bytes.slice(head.methodName))
        path = text(head.path(in: bytes))
        query = head.hasQuery ? text(bytes.slice(head.query)) : nil
        host = text(bytes.slice(head.host))
        authority = text(bytes.slice(head.authority))
        version = head.version
        body = head.body
        keepAlive = head.keepAlive
        expectsContinue = head.expectsContinue
        upgrade = text(bytes.slice(head.upgrade))
        fields = Self.describe(head.fields, bytes)
    }

    init(_ head: borrowing ResponseHead, _ bytes: Bytes) {
        result = .complete(length: head.length)
        status = head.status
        version = head.version
        body = head.body
        keepAlive = head.keepAlive
        upgrade = text(bytes.slice(head.upgrade))
        fields = Self.describe(head.fields, bytes)
    }

    private static func describe(_ fields: borrowing FieldTable, _ bytes: Bytes) -> [String] {
        var lines: [String] = []
        for index in 0..<fields.count {
            let slot = fields[index]
            lines.append(
                (slot.isDropped ? "(" : "") + text(bytes.slice(slot.name)) + "="
                    + text(bytes.slice(slot.value)))
        }
        return lines
    }
}

/// The bytes given at once.
func parseRequest(_ input: [UInt8], limits: MessageLimits = MessageLimits()) -> ParsedHead {
    parseRequest(input, limits: limits, ends: [input.count])
}

/// The bytes given up to each of `ends` in turn, until there is a verdict.
func parseRequest(
    _ input: [UInt8], limits: MessageLimits = MessageLimits(), ends: [Int]
) -> ParsedHead {
    var head = RequestHead()
    var parser = RequestHeadParser()
    for end in ends {
        let outcome = Array(input[..<end]).withBytes { bytes -> ParsedHead in
            let result = parser.parse(bytes, limits: limits, into: &head)
            guard case .complete = result else { return ParsedHead(result: result) }
            return ParsedHead(head, bytes)
        }
        if outcome.result != .incomplete { return outcome }
    }
    return ParsedHead(result: .incomplete)
}

func parseResponse(
    _ input: [UInt8], to request: ResponseExpectation, headBytes: Int = 15_360, ends: [Int]? = nil
) -> ParsedHead {
    var head = ResponseHead()
    var parser = ResponseHeadParser()
    for end in ends ?? [input.count] {
        let outcome = Array(input[..<end]).withBytes { bytes -> ParsedHead in
            let result = parser.parse(bytes, to: request, headBytes: headBytes, into: &head)
            guard case .complete = result else { return ParsedHead(result: result) }
            return ParsedHead(head, bytes)
        }
        if outcome.result != .incomplete { return outcome }
    }
    return ParsedHead(result: .incomplete)
}

/// 1, 2, 3… up to the whole; 0 if that is all there is.
func bytewise(_ input: [UInt8]) -> [Int] {
    input.isEmpty ? [0] : Array(1...input.count)
}

/// SplitMix64 (Steele, Lea and Flood, 2014): the same cases on every run.
struct HTTP1Random: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
        return word ^ word >> 31
    }
}

/// The routes of a frontend, beside which there are such backends.
func compiled(
    _ frontend: Frontend, backends: [String], conditions: [Condition] = [],
    arena: ConfigurationArena
) -> RouteTable {
    let configuration = Configuration(
        frontends: [frontend], conditions: conditions,
        backends: backends.map { Backend(name: $0, mode: .http, servers: []) })
    return RouteTable(
        frontend, RouteSurroundings(configuration, arena: arena), arena: arena)
}
