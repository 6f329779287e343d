// Looks over a text before it is parsed, for what jansson does not do as we want it: its limit of
// nesting is fixed (2048), and it takes a NUL byte between tokens for the end of the text.

/// The cheap checks of a text that is not trusted: its size, NUL bytes and its nesting.
enum NestingScan {
    /// One pass over the bytes. Brackets in strings do not count; what is not JSON is left to the
    /// parser, which can then not nest deeper either.
    static func check(_ text: [UInt8], limits: JSONLimits) throws(JSONError) {
        if text.count > limits.byteCountMax {
            throw JSONError(
                kind: .tooLong,
                message: "\(text.count) bytes, where at most \(limits.byteCountMax) are allowed")
        }
        if let offset = text.firstIndex(of: 0) {
            throw JSONError(
                kind: .syntax, message: "a NUL byte", position: .init(offset: offset, in: text))
        }
        let depthMax = min(limits.depthMax, 1024)
        guard let offset = firstTooDeep(text.span, depthMax: depthMax) else { return }
        throw JSONError(
            kind: .tooDeep, message: "nested deeper than \(depthMax) levels",
            position: .init(offset: offset, in: text))
    }

    private static func firstTooDeep(_ text: Span<UInt8>, depthMax: Int) -> Int? {
        var depth = 0
        var inString = false
        var escaped = false
        for offset in text.indices {
            let byte = text[offset]
            if inString {
                if escaped {
                    escaped = false
                } else if byte == UInt8(ascii: "\\") {
                    escaped = true
                } else if byte == UInt8(ascii: "\"") {
                    inString = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): inString = true
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                if depth > depthMax { return offset }
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            default: break
            }
        }
        return nil
    }
}
