// Every way in which a message of a peer is refused: the status the client gets, and a stable name
// for logs; counters go by the status. Plain values, any thread.

/// One reason for refusing a message. `status` is the answer when the client's message is at fault;
/// a fault of a server's message is 502 whatever stands here.
enum HTTPError: UInt8, Error, CaseIterable {
    // Line and field syntax (RFC 9112 §2.2, §5).
    case bareLineFeed, bareCarriageReturn, leadingLine, foldedField, emptyFieldName
    case spaceBeforeColon, invalidFieldName, missingColon, invalidFieldValue, ambiguousFieldName
    // Request line (RFC 9112 §3).
    case invalidMethod, invalidTarget, invalidTargetForm, fragmentInTarget, backslashInPath
    case invalidEscape, escapedControl, pathAboveRoot, ambiguousDotSegment, pathParameters
    case invalidVersion
    case unsupportedVersion, connectUnsupported, unsupportedMethod, traceWithBody
    // Host (RFC 9112 §3.2).
    case missingHost, duplicateHost, invalidHost, hostMismatch
    // Framing (RFC 9112 §6).
    case duplicateContentLength, invalidContentLength, lengthAndTransferEncoding
    case invalidTransferEncoding, unknownTransferCoding, transferEncodingOnHTTP10
    // Connection, Expect (RFC 9110 §7.6.1, §10.1.1).
    case invalidConnection, connectionNominatesField, unknownExpectation
    // Limits.
    case headTooLarge, tooManyFields, targetTooLong, bodyTooLarge
    // Chunked bodies (RFC 9112 §7.1).
    case invalidChunkSize, chunkSizeOverflow, chunkLineTooLong, invalidChunkEnd
    case trailersTooLarge, forbiddenTrailer
    // Responses.
    case invalidStatusLine, unexpectedUpgrade, tooManyInterim

    /// 400, 413, 414, 417, 431, 501 or 505.
    var status: Int {
        switch self {
        case .bodyTooLarge: 413
        case .targetTooLong: 414
        case .unknownExpectation: 417
        case .headTooLarge, .tooManyFields, .trailersTooLarge: 431
        case .unknownTransferCoding, .connectUnsupported, .unsupportedMethod: 501
        case .unsupportedVersion: 505
        default: 400
        }
    }

    /// Stable, lower case with dashes.
    var name: StaticString {
        switch self {
        case .bareLineFeed: "bare-lf"
        case .bareCarriageReturn: "bare-cr"
        case .leadingLine: "leading-line"
        case .foldedField: "obs-fold"
        case .emptyFieldName: "empty-field-name"
        case .spaceBeforeColon: "space-before-colon"
        case .invalidFieldName: "invalid-field-name"
        case .missingColon: "missing-colon"
        case .invalidFieldValue: "invalid-field-value"
        case .ambiguousFieldName: "ambiguous-field-name"
        case .invalidMethod: "invalid-method"
        case .invalidTarget: "invalid-target"
        case .invalidTargetForm: "invalid-target-form"
        case .fragmentInTarget: "fragment-in-target"
        case .backslashInPath: "backslash-in-path"
        case .invalidEscape: "invalid-escape"
        case .escapedControl: "escaped-control"
        case .pathAboveRoot: "path-above-root"
        case .ambiguousDotSegment: "ambiguous-dot-segment"
        case .pathParameters: "path-parameters"
        case .invalidVersion: "invalid-version"
        case .unsupportedVersion: "unsupported-version"
        case .connectUnsupported: "connect-unsupported"
        case .unsupportedMethod: "unsupported-method"
        case .traceWithBody: "trace-with-body"
        case .missingHost: "missing-host"
        case .duplicateHost: "duplicate-host"
        case .invalidHost: "invalid-host"
        case .hostMismatch: "host-mismatch"
        case .duplicateContentLength: "duplicate-content-length"
        case .invalidContentLength: "invalid-content-length"
        case .lengthAndTransferEncoding: "length-and-transfer-encoding"
        case .invalidTransferEncoding: "invalid-transfer-encoding"
        case .unknownTransferCoding: "unknown-transfer-coding"
        case .transferEncodingOnHTTP10: "transfer-encoding-on-http-1.0"
        case .invalidConnection: "invalid-connection"
        case .connectionNominatesField: "connection-nominates-field"
        case .unknownExpectation: "unknown-expectation"
        case .headTooLarge: "head-too-large"
        case .tooManyFields: "too-many-fields"
        case .targetTooLong: "target-too-long"
        case .bodyTooLarge: "body-too-large"
        case .invalidChunkSize: "invalid-chunk-size"
        case .chunkSizeOverflow: "chunk-size-overflow"
        case .chunkLineTooLong: "chunk-line-too-long"
        case .invalidChunkEnd: "invalid-chunk-end"
        case .trailersTooLarge: "trailers-too-large"
        case .forbiddenTrailer: "forbidden-trailer"
        case .invalidStatusLine: "invalid-status-line"
        case .unexpectedUpgrade: "unexpected-upgrade"
        case .tooManyInterim: "too-many-interim"
        }
    }
}

/// What a head parser says about the bytes so far.
enum HeadResult: Equatable {
    /// Well-formed as far as it goes; call again with the same bytes and more behind them.
    case incomplete
    /// The head, with its empty line, is the first `length` bytes.
    case complete(length: Int)
    case failed(HTTPError)
}
