// The chunked coding (RFC 9112 §7.1), read strictly while it passes: CRLF only, bounded lines,
// sizes and trailers, no trailer that frames or routes. Works on any cut of the body; nothing is
// buffered but the name of a trailer. Pure; hot; one value per direction of an exchange.

/// What a scanner says about a piece of a body.
enum ChunkProgress: Equatable {
    /// All of the piece belongs to the body, and more is to come.
    case more
    /// The body, trailers included, ended with the first `consumed` bytes of the piece.
    case end(consumed: Int)
    case failed(HTTPError)
}

/// Either `scan` (bytes pass unchanged) or `decode` (payload only) sees each byte of the body once.
struct ChunkedScanner: BitwiseCopyable {
    /// A size line with its extensions.
    static var lineLimitBytes: Int { 256 }
    /// All extensions of a body: they carry nothing, so a body of them is an attack.
    static var extensionLimitBytes: Int { 16_384 }
    static var trailerLimitBytes: Int { 8_192 }

    private enum State: UInt8 {
        case size, sizeDigits, chunkExtension, sizeLineFeed, data, dataReturn, dataLineFeed
        case trailerStart, trailerName, trailerValue, trailerLineFeed, endLineFeed, end
    }

    private var state = State.size
    private var nameLength: UInt8 = 0
    private var lineBytes: UInt16 = 0
    private var extensionBytes: Int32 = 0
    private var trailerBytes: Int32 = 0
    /// Of the chunk: the size while its line is read, then what is left of the data.
    private var remaining: Int64 = 0
    private let bodyLimitBytes: Int64
    /// Payload announced so far.
    private(set) var payloadBytes: Int64 = 0
    private var name: InlineArray<24, UInt8> = .init(repeating: 0)

    /// A payload beyond `bodyLimitBytes` is `.bodyTooLarge`.
    init(bodyLimitBytes: Int64 = Int64.max / 2) {
        self.bodyLimitBytes = bodyLimitBytes
    }

    var isAtEnd: Bool { state == .end }

    /// Follows the body through `input`, which is to be passed on unchanged.
    mutating func scan(_ input: Bytes) -> ChunkProgress {
        var cursor = 0
        while true {
            switch advance(input, &cursor) {
            case .payload: continue
            case .stopped(let progress): return progress
            }
        }
    }

    /// Writes the payload of `input` only. The writer needs room for as many bytes as the input
    /// has, and may write to the input's own memory from its first byte on.
    mutating func decode(_ input: Bytes, into writer: inout ByteWriter) -> ChunkProgress {
        var cursor = 0
        while true {
            switch advance(input, &cursor) {
            case .payload(let start, let length): writer.append(input.slice(start, length))
            case .stopped(let progress): return progress
            }
        }
    }

    private enum Event {
        case payload(start: Int, length: Int)
        case stopped(ChunkProgress)
    }

    /// Goes on to the next run of payload, or to where the input or the body ends.
    @inline(__always)
    private mutating func advance(_ input: Bytes, _ cursor: inout Int) -> Event {
        while cursor < input.count {
            if state == .data {
                let start = cursor
                let length = Int(min(remaining, Int64(input.count &- cursor)))
                remaining &-= Int64(length)
                cursor &+= length
                if remaining == 0 { state = .dataReturn }
                return .payload(start: start, length: length)
            }
            let byte = input[cursor]
            cursor &+= 1
            if let error = take(byte) { return .stopped(.failed(error)) }
            if state == .end { return .stopped(.end(consumed: cursor)) }
        }
        return .stopped(state == .end ? .end(consumed: 0) : .more)
    }

    /// One byte outside of chunk data.
    private mutating func take(_ byte: UInt8) -> HTTPError? {
        switch state {
        case .size, .sizeDigits, .chunkExtension, .sizeLineFeed: return takeSizeLine(byte)
        case .dataReturn:
            guard byte == ASCII.carriageReturn else { return .invalidChunkEnd }
            state = .dataLineFeed
        case .dataLineFeed:
            guard byte == ASCII.lineFeed else { return .invalidChunkEnd }
            state = .size
        case .trailerStart, .trailerName, .trailerValue, .trailerLineFeed, .endLineFeed:
            return takeTrailer(byte)
        case .data, .end: break
        }
        return nil
    }

    private mutating func takeSizeLine(_ byte: UInt8) -> HTTPError? {
        lineBytes &+= 1
        if Int(lineBytes) > Self.lineLimitBytes { return .chunkLineTooLong }
        switch state {
        case .size:
            guard let digit = ASCII.hexValue(byte) else { return .invalidChunkSize }
            lineBytes = 1
            remaining = Int64(digit)
            state = .sizeDigits
        case .sizeDigits:
            if let digit = ASCII.hexValue(byte) {
                // Sixteen digits, leading zeros included: a longer number is an attempt at a wrap.
                guard remaining <= Int64.max >> 6, lineBytes <= 16 else {
                    return .chunkSizeOverflow
                }
                remaining = remaining << 4 | Int64(digit)
            } else if byte == ASCII.carriageReturn {
                state = .sizeLineFeed
            } else if byte == ASCII.semicolon {
                state = .chunkExtension
            } else {
                return byte == ASCII.lineFeed ? .bareLineFeed : .invalidChunkSize
            }
        case .chunkExtension:
            extensionBytes &+= 1
            if Int(extensionBytes) > Self.extensionLimitBytes { return .chunkLineTooLong }
            if byte == ASCII.carriageReturn {
                state = .sizeLineFeed
            } else if byte < ASCII.space && byte != ASCII.tab || byte >= 0x7F {
                return byte == ASCII.lineFeed ? .bareLineFeed : .invalidChunkSize
            }
        default:
            guard byte == ASCII.lineFeed else { return .bareCarriageReturn }
            return beginChunk()
        }
        return nil
    }

    private mutating func beginChunk() -> HTTPError? {
        lineBytes = 0
        if remaining == 0 {
            state = .trailerStart
            return nil
        }
        guard remaining <= bodyLimitBytes &- payloadBytes else { return .bodyTooLarge }
        payloadBytes &+= remaining
        state = .data
        return nil
    }

    private mutating func takeTrailer(_ byte: UInt8) -> HTTPError? {
        trailerBytes &+= 1
        if Int(trailerBytes) > Self.trailerLimitBytes { return .trailersTooLarge }
        switch state {
        case .trailerStart:
            if byte == ASCII.carriageReturn {
                state = .endLineFeed
                return nil
            }
            nameLength = 0
            state = .trailerName
            return takeTrailerName(byte)
        case .trailerName: return takeTrailerName(byte)
        case .trailerValue:
            if byte == ASCII.carriageReturn {
                state = .trailerLineFeed
            } else if byte < ASCII.space && byte != ASCII.tab || byte == 0x7F {
                return byte == ASCII.lineFeed ? .bareLineFeed : .invalidFieldValue
            }
        case .trailerLineFeed:
            guard byte == ASCII.lineFeed else { return .bareCarriageReturn }
            state = .trailerStart
        default:
            guard byte == ASCII.lineFeed else { return .bareCarriageReturn }
            state = .end
        }
        return nil
    }

    private mutating func takeTrailerName(_ byte: UInt8) -> HTTPError? {
        if byte == ASCII.colon {
            guard nameLength > 0 else { return .emptyFieldName }
            state = .trailerValue
            return isForbiddenTrailer() ? .forbiddenTrailer : nil
        }
        guard ASCII.isToken(byte) else { return .invalidFieldName }
        if Int(nameLength) < name.count {
            // Some servers read `_` as `-`.
            name[Int(nameLength)] = byte == UInt8(ascii: "_") ? UInt8(ascii: "-") : byte
            nameLength &+= 1
        }
        return nil
    }

    /// Fields that frame, route or authenticate have no place behind the body (RFC 9110 §6.5.1). A
    /// name that is longer than what is kept can only be one of the open family X-Forwarded-…
    private func isForbiddenTrailer() -> Bool {
        let known = name.span.withBytes(Int(nameLength)) { KnownField($0) }
        return known.isProtected || known.isHopByHop || known == .trailer
    }
}
