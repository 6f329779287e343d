// ChunkedScanner: what passes, what is refused, where the body ends, what the payload is.

import Testing

@testable import DataPlane

struct ChunkVector: Sendable, CustomStringConvertible {
    let reason: String
    let bytes: [UInt8]
    /// The payload, or why not.
    let outcome: Result<String, HTTPError>

    init(_ reason: String, _ text: String, _ payload: String) {
        self.reason = reason
        bytes = octets(text)
        outcome = .success(payload)
    }

    init(_ reason: String, _ text: String, _ error: HTTPError) {
        self.reason = reason
        bytes = octets(text)
        outcome = .failure(error)
    }

    var description: String { reason }
}

enum ChunkCorpus {
    private static let long = String(repeating: "x", count: 300)

    static let all: [ChunkVector] = [
        ChunkVector("no payload", "0\r\n\r\n", ""),
        ChunkVector("one chunk", "5\r\nhello\r\n0\r\n\r\n", "hello"),
        ChunkVector("two chunks", "5\r\nhello\r\nA\r\n0123456789\r\n0\r\n\r\n", "hello0123456789"),
        ChunkVector("leading zeros", "0005\r\nhello\r\n000\r\n\r\n", "hello"),
        ChunkVector("CRLF in the data", "4\r\n\r\n\r\n\r\n0\r\n\r\n", "\r\n\r\n"),
        ChunkVector("extension", "5;a=b\r\nhello\r\n0;c=\"d e\"\r\n\r\n", "hello"),
        ChunkVector("empty extension", "5;\r\nhello\r\n0\r\n\r\n", "hello"),
        ChunkVector("trailer", "0\r\nX: y\r\nZ:\r\n\r\n", ""),
        ChunkVector("8-bit trailer", "0\r\nX: \u{80}\r\n\r\n", ""),
        ChunkVector("what follows is not the body's", "0\r\n\r\nGET / HTTP/1.1\r\n", ""),
        ChunkVector("empty size", "\r\nhello", .invalidChunkSize),
        ChunkVector("no digit", "x\r\n", .invalidChunkSize),
        ChunkVector("sign", "+5\r\nhello", .invalidChunkSize),
        ChunkVector("minus", "-5\r\nhello", .invalidChunkSize),
        ChunkVector("0x", "0x5\r\nhello", .invalidChunkSize),
        ChunkVector("blank before", " 5\r\nhello", .invalidChunkSize),
        ChunkVector("blank behind", "5 \r\nhello", .invalidChunkSize),
        ChunkVector("tab behind", "5\t;a\r\nhello", .invalidChunkSize),
        ChunkVector("underscore", "1_0\r\n", .invalidChunkSize),
        ChunkVector("NUL behind", "5\u{0}\r\nhello", .invalidChunkSize),
        ChunkVector("bare LF behind the size", "5\nhello", .bareLineFeed),
        ChunkVector("bare CR behind the size", "5\rhello", .bareCarriageReturn),
        ChunkVector("two CRs", "5\r\r\nhello", .bareCarriageReturn),
        ChunkVector("bare LF in an extension", "5;a\nhello", .bareLineFeed),
        ChunkVector("bare CR in an extension", "5;a\rb\r\nhello", .bareCarriageReturn),
        ChunkVector("NUL in an extension", "5;\u{0}\r\nhello", .invalidChunkSize),
        ChunkVector("8-bit in an extension", "5;\u{80}\r\nhello", .invalidChunkSize),
        ChunkVector("a long extension", "5;\(long)\r\nhello", .chunkLineTooLong),
        ChunkVector("seventeen digits", "00000000000000005\r\nhello", .chunkSizeOverflow),
        ChunkVector("2^64 + 1", "10000000000000001\r\n", .chunkSizeOverflow),
        ChunkVector("2^64", "10000000000000000\r\n", .chunkSizeOverflow),
        ChunkVector("2^64 - 1", "ffffffffffffffff\r\n", .chunkSizeOverflow),
        ChunkVector("2^63 + 1", "8000000000000001\r\n", .chunkSizeOverflow),
        ChunkVector("2^63", "8000000000000000\r\n", .chunkSizeOverflow),
        ChunkVector("2^63 - 1", "7fffffffffffffff\r\n", .chunkSizeOverflow),
        ChunkVector("2^32 + 5", "100000005\r\nhello", .bodyTooLarge),
        ChunkVector("2^32 + 1", "100000001\r\nhello", .bodyTooLarge),
        ChunkVector("2^32", "100000000\r\nhello", .bodyTooLarge),
        ChunkVector("2^32 - 1", "ffffffff\r\nhello", .bodyTooLarge),
        ChunkVector("2^31 + 1", "80000001\r\nhello", .bodyTooLarge),
        ChunkVector("2^31", "80000000\r\nhello", .bodyTooLarge),
        ChunkVector("2^31 - 1", "7fffffff\r\nhello", .bodyTooLarge),
        ChunkVector("data too long", "5\r\nhelloX\r\n0\r\n\r\n", .invalidChunkEnd),
        ChunkVector("data too short", "5\r\nhell\r\n0\r\n\r\n", .invalidChunkEnd),
        ChunkVector("LF behind the data", "5\r\nhello\n0\r\n\r\n", .invalidChunkEnd),
        ChunkVector("CR behind the data", "5\r\nhello\r0\r\n\r\n", .invalidChunkEnd),
        ChunkVector("LF ends the body", "0\r\n\n", .invalidFieldName),
        ChunkVector("CR ends the body", "0\r\n\rX", .bareCarriageReturn),
        ChunkVector("trailer frames", "0\r\nContent-Length: 5\r\n\r\n", .forbiddenTrailer),
        ChunkVector("trailer codes", "0\r\ntransfer-encoding: chunked\r\n\r\n", .forbiddenTrailer),
        ChunkVector(
            "trailer with underscore", "0\r\nTransfer_Encoding: x\r\n\r\n", .forbiddenTrailer),
        ChunkVector("trailer routes", "0\r\nHost: b\r\n\r\n", .forbiddenTrailer),
        ChunkVector("trailer connects", "0\r\nConnection: close\r\n\r\n", .forbiddenTrailer),
        ChunkVector("trailer authorises", "0\r\nAuthorization: x\r\n\r\n", .forbiddenTrailer),
        ChunkVector("trailer spoofs", "0\r\nX-Forwarded-For: 1\r\n\r\n", .forbiddenTrailer),
        ChunkVector(
            "trailer spoofs with a long name", "0\r\nX-Forwarded-\(long): 1\r\n\r\n",
            .forbiddenTrailer),
        ChunkVector("empty trailer name", "0\r\n: x\r\n\r\n", .emptyFieldName),
        ChunkVector("blank before the colon", "0\r\nX : y\r\n\r\n", .invalidFieldName),
        ChunkVector("folded trailer", "0\r\nX: y\r\n z\r\n\r\n", .invalidFieldName),
        ChunkVector("no colon", "0\r\nX\r\n\r\n", .invalidFieldName),
        ChunkVector("bare LF in a trailer", "0\r\nX: y\nZ: a\r\n\r\n", .bareLineFeed),
        ChunkVector("NUL in a trailer", "0\r\nX: \u{0}\r\n\r\n", .invalidFieldValue),
        ChunkVector(
            "trailers without end", "0\r\nX: " + String(repeating: "y", count: 9_000),
            .trailersTooLarge),
    ]
}

/// What came of a body given up to each of `ends` in turn.
struct ScannedChunks: Equatable {
    var error: HTTPError?
    var payload = ""
    var payloadBytes: Int64 = 0
    /// Bytes of the input up to the end of the body, if it came.
    var end: Int?
}

/// Both uses at once, which must agree.
func scanChunks(_ input: [UInt8], ends: [Int], bodyLimitBytes: Int64 = 1 << 20) -> ScannedChunks {
    var scanner = ChunkedScanner(bodyLimitBytes: bodyLimitBytes)
    var decoder = ChunkedScanner(bodyLimitBytes: bodyLimitBytes)
    var scanned = ScannedChunks()
    var start = 0
    for end in ends {
        let piece = Array(input[start..<end])
        let scratch = ByteScratch(capacity: max(piece.count, 1))
        let progress = piece.withBytes { bytes -> ChunkProgress in
            var writer = scratch.writer()
            let decoded = decoder.decode(bytes, into: &writer)
            scanned.payload += text(writer.written)
            let passed = scanner.scan(bytes)
            #expect(passed == decoded)
            #expect(!writer.overflowed)
            return passed
        }
        scanned.payloadBytes = scanner.payloadBytes
        switch progress {
        case .more: break
        case .end(let consumed):
            #expect(scanner.isAtEnd)
            scanned.end = start + consumed
            return scanned
        case .failed(let error):
            scanned.error = error
            // How much payload had come by then depends on the cut.
            scanned.payload = ""
            return scanned
        }
        start = end
    }
    return scanned
}

@Suite struct HTTP1ChunkTests {
    @Test(arguments: ChunkCorpus.all)
    func verdict(_ vector: ChunkVector) {
        let whole = scanChunks(vector.bytes, ends: [vector.bytes.count])
        switch vector.outcome {
        case .success(let payload):
            #expect(whole.payload == payload)
            #expect(whole.payloadBytes == Int64(payload.unicodeScalars.count))
            #expect(whole.end != nil)
        case .failure(let error): #expect(whole.error == error)
        }
        #expect(scanChunks(vector.bytes, ends: bytewise(vector.bytes)) == whole)
    }

    @Test func theEndIsExact() {
        let body = octets("5\r\nhello\r\n0\r\nX: y\r\n\r\n")
        #expect(scanChunks(body + octets("GET /"), ends: [body.count + 5]).end == body.count)
        #expect(scanChunks(body, ends: [body.count]).end == body.count)
        #expect(scanChunks(Array(body.dropLast()), ends: [body.count - 1]).end == nil)
    }

    @Test(arguments: [9, 10, 11])
    func bodyLimit(_ limitBytes: Int64) {
        let body = octets("5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n")
        let error = scanChunks(body, ends: [body.count], bodyLimitBytes: limitBytes).error
        #expect(error == (limitBytes < 10 ? .bodyTooLarge : nil))
    }

    @Test func aBodyOfExtensionsIsRefused() {
        let chunk = "1;" + String(repeating: "x", count: 200) + "\r\ny\r\n"
        let body = octets(String(repeating: chunk, count: 100))
        #expect(scanChunks(body, ends: [body.count]).error == .chunkLineTooLong)
    }

    @Test func decodingInPlace() {
        let scratch = ByteScratch(capacity: 256)
        var writer = scratch.writer()
        writer.append("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n")
        let input = writer.written
        var output = scratch.writer()
        var scanner = ChunkedScanner()
        #expect(scanner.decode(input, into: &output) == .end(consumed: input.count))
        #expect(text(output.written) == "hello world")
    }
}
