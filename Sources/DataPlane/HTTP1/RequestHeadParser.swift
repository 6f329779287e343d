// The request side of HTTP/1 (RFC 9112): from received bytes to a RequestHead, or a refusal.
// Refuses every head that two parsers could read in two ways. Pure; hot (bench: head parse); one
// value per client connection, eight bytes; the RequestHead is the loop's.
//
// Use:
//     // per loop:            var request = RequestHead()
//     // per connection:      var parser = RequestHeadParser()
//     // Begins with the head:
//     let received = unsafe Bytes(start: buffer + start, count: end - start)
//     switch parser.parse(received, limits: frontend.limits, into: &request) {
//     case .incomplete: wait for more bytes (the buffer may move, the bytes may not change)
//     case .complete(let length): received.prefix(length) is the head, all ranges count from its
//         first byte; the body begins at `length`; the parser is ready for the next head
//     case .failed(let error): answer error.status, log error.name, close
//     }
//     request.path(in: received), request.body, request.keepAlive, request.expectsContinue …
//
// `.incomplete` of zero bytes and of a lone leading CRLF is an idle connection:
// `hasBegun(received)` tells it from a head that has begun (408 against a silent close).

import Model

struct RequestHeadParser {
    /// Bytes in which there is no line feed that was not looked at.
    private var scanned: Int32 = 0
    private var requestLineSeen = false

    init() {}

    /// Whether a request has begun: something other than one empty line is there.
    static func hasBegun(_ received: Bytes) -> Bool {
        switch received.count {
        case 0: false
        case 1: received[0] != ASCII.carriageReturn
        case 2: received[0] != ASCII.carriageReturn || received[1] != ASCII.lineFeed
        default: true
        }
    }

    /// Forgets a head that was begun.
    mutating func reset() {
        self = RequestHeadParser()
    }

    /// `input` begins with the head and holds everything received so far, what follows the head
    /// included. `head` has meaning only when the result is complete. Amortised cost: each line of
    /// a head that comes slowly makes the lines before it be read again, each byte alone does not.
    mutating func parse(
        _ input: Bytes, limits: MessageLimits, into head: inout RequestHead
    ) -> HeadResult {
        // The first bytes decide at once, see `skipEmptyLine`.
        if scanned > 2, Int(scanned) <= input.count,
            input.firstIndex(of: ASCII.lineFeed, from: Int(scanned)) == nil
        {
            return wait(input, limits)
        }
        requestLineSeen = false
        do throws(HeadStop) {
            let lineStart = try Self.skipEmptyLine(input)
            head.reset()
            let fieldsStart = try RequestLine.read(
                input, from: lineStart, limits: limits, into: &head)
            requestLineSeen = true
            let length = try FieldLines.read(
                input, from: fieldsStart, headBytes: limits.headBytes,
                fieldCount: limits.fieldCount, refusesLookalikes: true, into: &head.fields)
            head.length = length
            let bytes = input.prefix(length)
            if let error = RequestRules.apply(to: &head, bytes, bodyLimitBytes: limits.bodyBytes) {
                throw .failed(error)
            }
            reset()
            return .complete(length: length)
        } catch {
            switch error {
            case .incomplete: return wait(input, limits)
            case .failed(let fault):
                reset()
                return .failed(fault)
            }
        }
    }

    /// More bytes are needed; unless there are too many already.
    private mutating func wait(_ input: Bytes, _ limits: MessageLimits) -> HeadResult {
        scanned = Int32(truncatingIfNeeded: input.count)
        if !requestLineSeen {
            let start = input.count >= 2 && input[0] == ASCII.carriageReturn ? 2 : 0
            let limit = RequestLine.limit(start: start, limits)
            if input.count > limit.bytes { return .failed(limit.error) }
        } else if input.count > limits.headBytes {
            return .failed(.headTooLarge)
        }
        return .incomplete
    }

    /// One CRLF before a request line is what some clients send behind a body (RFC 9112 §2.2). The
    /// first byte of the line decides at once: TLS on a clear port is refused without waiting.
    private static func skipEmptyLine(_ input: Bytes) throws(HeadStop) -> Int {
        guard input.count > 0 else { throw .incomplete }
        var start = 0
        if input[0] == ASCII.carriageReturn {
            guard input.count > 1 else { throw .incomplete }
            guard input[1] == ASCII.lineFeed else { throw .failed(.bareCarriageReturn) }
            guard input.count > 2 else { throw .incomplete }
            start = 2
        }
        let first = input[start]
        if ASCII.isToken(first) { return start }
        switch first {
        case ASCII.lineFeed: throw .failed(.bareLineFeed)
        case ASCII.carriageReturn: throw .failed(.leadingLine)
        default: throw .failed(.invalidMethod)
        }
    }
}
