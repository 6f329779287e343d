// Where a body ends: every way to make two parsers disagree about it.

@testable import DataPlane

extension RequestCorpus {
    static let framing: [RequestVector] = lengths + codings + both

    private static let lengths: [RequestVector] = [
        .post("a length", "Content-Length: 5", nil),
        .post("no body", "Content-Length: 0", nil),
        .post("case does not matter", "cOnTeNt-LeNgTh: 5", nil),
        .post("blanks around a value are no part of it", "Content-Length: \t 5 \t", nil),
        .post("no blank behind the colon", "Content-Length:5", nil),
        .post(
            "two different lengths", "Content-Length: 5\r\nContent-Length: 6",
            .duplicateContentLength),
        .post(
            "two equal lengths", "Content-Length: 5\r\nContent-Length: 5",
            .duplicateContentLength),
        .post(
            "two zero lengths", "Content-Length: 0\r\nContent-Length: 0",
            .duplicateContentLength),
        .post(
            "two lengths in different case", "Content-Length: 5\r\ncontent-length: 0",
            .duplicateContentLength),
        .post("a list of equal lengths", "Content-Length: 5, 5", .invalidContentLength),
        .post("a list of lengths", "Content-Length: 5,6", .invalidContentLength),
        .post("a list with an empty member", "Content-Length: 5,", .invalidContentLength),
        .post("plus sign", "Content-Length: +5", .invalidContentLength),
        .post("minus sign", "Content-Length: -5", .invalidContentLength),
        .post("minus zero", "Content-Length: -0", .invalidContentLength),
        .post("leading zeros may be octal", "Content-Length: 0010", .invalidContentLength),
        .post("two zeros", "Content-Length: 00", .invalidContentLength),
        .post("hexadecimal", "Content-Length: 0x10", .invalidContentLength),
        .post("hexadecimal digit", "Content-Length: a", .invalidContentLength),
        .post("exponent", "Content-Length: 1e3", .invalidContentLength),
        .post("fraction", "Content-Length: 5.0", .invalidContentLength),
        .post("underscore between digits", "Content-Length: 1_0", .invalidContentLength),
        .post("a blank inside", "Content-Length: 5 6", .invalidContentLength),
        .post("quotes", "Content-Length: \"5\"", .invalidContentLength),
        .post("empty", "Content-Length:", .invalidContentLength),
        .post("blank only", "Content-Length:  ", .invalidContentLength),
        .post("parameter", "Content-Length: 5;a=b", .invalidContentLength),
        .post("digits of another script", "Content-Length: \u{D9}\u{A5}", .invalidContentLength),
        .post("no-break space", "Content-Length: \u{A0}5", .invalidContentLength),
        .post("2^31 - 1", "Content-Length: 2147483647", .bodyTooLarge),
        .post("2^31", "Content-Length: 2147483648", .bodyTooLarge),
        .post("2^31 + 1", "Content-Length: 2147483649", .bodyTooLarge),
        .post("2^32 - 1", "Content-Length: 4294967295", .bodyTooLarge),
        .post("2^32", "Content-Length: 4294967296", .bodyTooLarge),
        .post("2^32 + 1", "Content-Length: 4294967297", .bodyTooLarge),
        .post("2^32 + 5 is 5 in 32 bits", "Content-Length: 4294967301", .bodyTooLarge),
        .post("2^62 - 1", "Content-Length: 4611686018427387903", .invalidContentLength),
        .post("2^63 - 1", "Content-Length: 9223372036854775807", .invalidContentLength),
        .post("2^63", "Content-Length: 9223372036854775808", .invalidContentLength),
        .post("2^63 + 1", "Content-Length: 9223372036854775809", .invalidContentLength),
        .post("2^64 - 1", "Content-Length: 18446744073709551615", .invalidContentLength),
        .post("2^64", "Content-Length: 18446744073709551616", .invalidContentLength),
        .post("2^64 + 1", "Content-Length: 18446744073709551617", .invalidContentLength),
        .post(
            "2^64 + 5 is 5 in 64 bits", "Content-Length: 18446744073709551621",
            .invalidContentLength),
        .post(
            "a hundred digits", "Content-Length: " + String(repeating: "1", count: 100),
            .invalidContentLength),
        .post("NUL behind the number", "Content-Length: 5\u{0}", .invalidFieldValue),
        .post("vertical tab before the number", "Content-Length: \u{B}5", .invalidFieldValue),
        .post("form feed behind the number", "Content-Length: 5\u{C}", .invalidFieldValue),
        .post("blank before the colon", "Content-Length : 5", .spaceBeforeColon),
        .post("tab before the colon", "Content-Length\t: 5", .spaceBeforeColon),
        .post("underscore for the dash", "Content_Length: 5", .ambiguousFieldName),
        .post("length inside a folded line", "X: a\r\n Content-Length: 5", .foldedField),
        .post("value on the folded line", "Content-Length:\r\n 5", .foldedField),
        .post("bare LF hides a second length", "X: a\nContent-Length: 5", .bareLineFeed),
        .post("bare CR hides a second length", "X: a\rContent-Length: 5", .bareCarriageReturn),
        .post("colon in the name", "Content-Length:: 5", .invalidContentLength),
        .get("GET may have a body", "Host: a\r\nContent-Length: 5", nil),
        RequestVector(
            "TRACE has no content",
            "TRACE / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n", .traceWithBody),
        RequestVector(
            "TRACE in chunks", "TRACE / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
            .traceWithBody),
        RequestVector(
            "HTTP/1.0 with a length", "POST / HTTP/1.0\r\nContent-Length: 5\r\n\r\n", nil),
    ]

    private static let codings: [RequestVector] = [
        .post("chunks", "Transfer-Encoding: chunked", nil),
        .post("case does not matter", "Transfer-Encoding: ChunKed", nil),
        .post("tab before the value", "Transfer-Encoding:\tchunked", nil),
        .post("trailing blanks", "Transfer-Encoding: chunked  ", nil),
        .post(
            "twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
            .invalidTransferEncoding),
        .post("a list of two", "Transfer-Encoding: chunked, chunked", .invalidTransferEncoding),
        .post("identity first", "Transfer-Encoding: identity, chunked", .invalidTransferEncoding),
        .post("identity alone", "Transfer-Encoding: identity", .invalidTransferEncoding),
        .post(
            "identity in a second field",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", .invalidTransferEncoding),
        .post("chunked not last", "Transfer-Encoding: chunked, gzip", .invalidTransferEncoding),
        .post("compressed chunks", "Transfer-Encoding: gzip, chunked", .invalidTransferEncoding),
        .post("a coding we do not know", "Transfer-Encoding: gzip", .unknownTransferCoding),
        .post("another one", "Transfer-Encoding: deflate", .unknownTransferCoding),
        .post("x-chunked", "Transfer-Encoding: xchunked", .invalidTransferEncoding),
        .post("chunkedx", "Transfer-Encoding: chunkedx", .invalidTransferEncoding),
        .post("leading comma", "Transfer-Encoding: ,chunked", .invalidTransferEncoding),
        .post("trailing comma", "Transfer-Encoding: chunked,", .invalidTransferEncoding),
        .post("parameter", "Transfer-Encoding: chunked;q=1", .invalidTransferEncoding),
        .post("quotes", "Transfer-Encoding: \"chunked\"", .invalidTransferEncoding),
        .post("apostrophes", "Transfer-Encoding: 'chunked'", .invalidTransferEncoding),
        .post("empty", "Transfer-Encoding:", .invalidTransferEncoding),
        .post("blank inside", "Transfer-Encoding: chun ked", .invalidTransferEncoding),
        .post(
            "vertical tab before the value", "Transfer-Encoding: \u{B}chunked",
            .invalidFieldValue),
        .post("form feed behind the value", "Transfer-Encoding: chunked\u{C}", .invalidFieldValue),
        .post("NUL behind the value", "Transfer-Encoding: chunked\u{0}", .invalidFieldValue),
        .post("escape", "Transfer-Encoding: \u{1B}chunked", .invalidFieldValue),
        .post("DEL", "Transfer-Encoding: chunked\u{7F}", .invalidFieldValue),
        .post(
            "no-break space before the value", "Transfer-Encoding: \u{A0}chunked",
            .invalidTransferEncoding),
        .post("8-bit letter", "Transfer-Encoding: chunk\u{E9}d", .invalidTransferEncoding),
        .post("blank before the colon", "Transfer-Encoding : chunked", .spaceBeforeColon),
        .post("blank before the name", " Transfer-Encoding: chunked", .foldedField),
        .post("tab before the name", "\tTransfer-Encoding: chunked", .foldedField),
        .post("folded value", "Transfer-Encoding: gzip,\r\n chunked", .foldedField),
        .post("no colon", "Transfer-Encoding chunked", .spaceBeforeColon),
        .post("underscore for the dash", "Transfer_Encoding: chunked", .ambiguousFieldName),
        .post("8-bit byte in the name", "Transfer\u{AD}Encoding: chunked", .invalidFieldName),
        .post("NUL in the name", "Transfer-Encoding\u{0}: chunked", .invalidFieldName),
        .post("control before the name", "\u{1}Transfer-Encoding: chunked", .invalidFieldName),
        .post("CR before the name", "X: y\r\rTransfer-Encoding: chunked", .bareCarriageReturn),
        .post("LF before the name", "X: y\n\nTransfer-Encoding: chunked", .bareLineFeed),
        RequestVector(
            "HTTP/1.0 has no chunks",
            "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            .transferEncodingOnHTTP10),
        RequestVector(
            "not even with keep-alive",
            "POST / HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n",
            .transferEncodingOnHTTP10),
        .get("chunks on a GET", "Host: a\r\nTransfer-Encoding: chunked", nil),
    ]

    private static let both: [RequestVector] = [
        .post(
            "CL.TE", "Content-Length: 6\r\nTransfer-Encoding: chunked",
            .lengthAndTransferEncoding),
        .post(
            "TE.CL", "Transfer-Encoding: chunked\r\nContent-Length: 6",
            .lengthAndTransferEncoding),
        .post(
            "CL.TE with zero", "Content-Length: 0\r\nTransfer-Encoding: chunked",
            .lengthAndTransferEncoding),
        .post(
            "TE.TE hidden by a list", "Content-Length: 4\r\nTransfer-Encoding: chunked, cow",
            .invalidTransferEncoding),
        .post(
            "TE.TE hidden by a second field",
            "Content-Length: 4\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: cow",
            .invalidTransferEncoding),
        .post(
            "TE hidden by a blank", "Content-Length: 4\r\nTransfer-Encoding : chunked",
            .spaceBeforeColon),
        .post(
            "TE hidden by a fold", "Content-Length: 4\r\nX: x\r\n Transfer-Encoding: chunked",
            .foldedField),
        .post(
            "TE hidden by an underscore", "Content-Length: 4\r\nTransfer_Encoding: chunked",
            .ambiguousFieldName),
        .post(
            "TE hidden in Connection",
            "Content-Length: 4\r\nConnection: Transfer-Encoding\r\nTransfer-Encoding: chunked",
            .connectionNominatesField),
        .post(
            "CL hidden in Connection", "Connection: close, Content-Length\r\nContent-Length: 4",
            .connectionNominatesField),
        .post(
            "CL behind a bare CR", "Transfer-Encoding: chunked\rContent-Length: 4",
            .bareCarriageReturn),
        .post("0.CL: length with Expect", "Expect: 100-continue\r\nContent-Length: 4", nil),
        .post(
            "0.CL: obfuscated Expect", "Expect: y 100-continue\r\nContent-Length: 4",
            .unknownExpectation),
    ]
}
