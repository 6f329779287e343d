// What a path means, decided once: the route and the forwarded request line come from the same
// bytes. Dot segments are resolved (RFC 3986 §5.2.4), escapes of characters that need none are
// written plainly (§6.2.2.2), all others are checked and left alone, and what a server behind us
// might read differently is refused. Pure; cold: only paths with `%` or `/.`.

enum PathNormaliser {
    /// What a path is in itself.
    enum Verdict {
        case normal
        /// `write` makes it normal, unless it leads above the root.
        case resolvable
        case refused(HTTPError)
    }

    /// Checks the raw path of `head` and, if it is not normal, writes the normal one to the head's
    /// scratch. Nil when all is well.
    static func resolve(_ head: inout RequestHead, in input: Bytes) -> HTTPError? {
        let path = input.slice(head.rawPath)
        switch check(path) {
        case .normal: return nil
        case .refused(let error): return error
        case .resolvable: break
        }
        // Never longer than the path, and a target that is longer than the scratch is refused
        // (limits).
        guard path.count <= head.scratch.capacity else { return .targetTooLong }
        var writer = head.scratch.writer()
        if let error = write(path, to: &writer) { return error }
        head.resolvedLength = writer.count
        return nil
    }

    /// Whether all bytes may stand in a path that begins with a slash: what the request line lets in.
    static func isPath(_ text: Bytes) -> Bool {
        guard text.count > 0, text[0] == ASCII.slash else { return false }
        var end = 0
        while end < text.count {
            end = text.endOfPlainPath(at: end)
            guard end < text.count else { return true }
            guard text[end] == ASCII.dot || text[end] == ASCII.percent else { return false }
            end &+= 1
        }
        return true
    }

    /// `path` begins with a slash.
    static func check(_ path: Bytes) -> Verdict {
        var isNormal = true
        if let error = checkEscapes(path, &isNormal) { return .refused(error) }
        var start = 1
        while start <= path.count {
            let segment = segment(of: path, at: start)
            switch kind(segment) {
            case .plain: break
            case .current, .parent: isNormal = false
            case .ambiguous: return .refused(.ambiguousDotSegment)
            }
            start += segment.count + 1
        }
        return isNormal ? .normal : .resolvable
    }

    /// `%00`, `%0A` and `%0D` cut or split something wherever they are decoded. `%61` is `a` to every
    /// server: a route for `/admin` must see it in `/%61dmin`.
    private static func checkEscapes(_ path: Bytes, _ isNormal: inout Bool) -> HTTPError? {
        var index = 0
        while let found = path.firstIndex(of: ASCII.percent, from: index) {
            guard found + 2 < path.count, let high = ASCII.hexValue(path[found + 1]),
                let low = ASCII.hexValue(path[found + 2])
            else { return .invalidEscape }
            let byte = high << 4 | low
            if byte == 0 || byte == ASCII.lineFeed || byte == ASCII.carriageReturn {
                return .escapedControl
            }
            if TargetText.isUnreserved(byte) { isNormal = false }
            index = found + 3
        }
        return nil
    }

    private static func segment(of path: Bytes, at start: Int) -> Bytes {
        let end = path.firstIndex(of: ASCII.slash, from: start) ?? path.count
        return path.slice(start, end - start)
    }

    private enum Kind {
        case plain, current, parent
        /// A dot segment to a server that decodes `%2F` or `%5C`, or cuts off `;parameters`, first.
        case ambiguous
    }

    private static func kind(_ segment: Bytes) -> Kind {
        var part = Part()
        var index = 0
        while index < segment.count {
            var byte = segment[index]
            index += 1
            if byte == ASCII.percent, index + 1 < segment.count {
                byte =
                    (ASCII.hexValue(segment[index]) ?? 0) << 4
                    | (ASCII.hexValue(segment[index + 1]) ?? 0)
                index += 2
            }
            switch byte {
            case ASCII.dot: part.dots += 1
            case ASCII.slash, ASCII.backslash, ASCII.semicolon:
                if part.isDots { return .ambiguous }
                part = Part(wasSplit: true)
                // Behind a semicolon come parameters, which are no segment of anybody's.
                if byte == ASCII.semicolon { part.others = 1 }
            default: part.others += 1
            }
        }
        guard part.isDots else { return .plain }
        if part.wasSplit { return .ambiguous }
        return part.dots == 1 ? .current : .parent
    }

    /// The bytes between two separators, encoded ones included.
    private struct Part {
        var dots = 0
        var others = 0
        var wasSplit = false

        var isDots: Bool { others == 0 && (dots == 1 || dots == 2) }
    }

    /// Writes the normal form of a path that `check` found resolvable, never longer than the path.
    static func write(_ path: Bytes, to writer: inout ByteWriter) -> HTTPError? {
        let base = writer.count
        var start = 1
        while start <= path.count {
            let segment = segment(of: path, at: start)
            let isLast = start + segment.count >= path.count
            switch kind(segment) {
            case .current:
                if isLast { writer.append(ASCII.slash) }
            case .parent:
                guard writer.count > base else { return .pathAboveRoot }
                var end = writer.count - 1
                while writer.written[end] != ASCII.slash { end -= 1 }
                writer.truncate(to: end)
                if isLast { writer.append(ASCII.slash) }
            case .plain, .ambiguous:
                writer.append(ASCII.slash)
                append(segment, to: &writer)
            }
            start += segment.count + 1
        }
        return nil
    }

    /// Without the escapes that are not needed; every escape was checked.
    private static func append(_ segment: Bytes, to writer: inout ByteWriter) {
        var index = 0
        while index < segment.count {
            var byte = segment[index]
            if byte == ASCII.percent, index + 2 < segment.count,
                let high = ASCII.hexValue(segment[index + 1]),
                let low = ASCII.hexValue(segment[index + 2]),
                TargetText.isUnreserved(high << 4 | low)
            {
                byte = high << 4 | low
                index += 2
            }
            writer.append(byte)
            index += 1
        }
    }
}
