// What a path means, decided once: the route and the forwarded request line come from the same
// bytes. Dot segments are resolved (RFC 3986 §5.2.4), escapes are checked and otherwise left alone,
// and what a server behind us might read differently is refused. Pure; cold: only paths with `%` or
// `/.`.

enum PathNormaliser {
    /// Checks the raw path of `head` and, if it has dot segments, writes the resolved one to the
    /// head's scratch. Nil when all is well.
    static func resolve(_ head: inout RequestHead, in input: Bytes) -> HTTPError? {
        let path = input.slice(head.rawPath)
        if let error = checkEscapes(path) { return error }
        var hasDots = false
        var start = 1
        while start <= path.count {
            let segment = segment(of: path, at: start)
            switch kind(segment) {
            case .plain: break
            case .current, .parent: hasDots = true
            case .ambiguous: return .ambiguousDotSegment
            }
            start += segment.count + 1
        }
        return hasDots ? removeDotSegments(path, &head) : nil
    }

    /// `%00`, `%0A` and `%0D` cut or split something wherever they are decoded.
    private static func checkEscapes(_ path: Bytes) -> HTTPError? {
        var index = 0
        while let found = path.firstIndex(of: ASCII.percent, from: index) {
            guard found + 2 < path.count, let high = ASCII.hexValue(path[found + 1]),
                let low = ASCII.hexValue(path[found + 2])
            else { return .invalidEscape }
            switch high << 4 | low {
            case 0, ASCII.lineFeed, ASCII.carriageReturn: return .escapedControl
            default: index = found + 3
            }
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

    private static func removeDotSegments(_ path: Bytes, _ head: inout RequestHead) -> HTTPError? {
        // Never longer than the path, and a target that is longer than the scratch is refused
        // (limits).
        guard path.count <= head.scratch.capacity else { return .targetTooLong }
        var writer = head.scratch.writer()
        var start = 1
        while start <= path.count {
            let segment = segment(of: path, at: start)
            let isLast = start + segment.count >= path.count
            switch kind(segment) {
            case .current:
                if isLast { writer.append(ASCII.slash) }
            case .parent:
                guard writer.count > 0 else { return .pathAboveRoot }
                var end = writer.count - 1
                while writer.written[end] != ASCII.slash { end -= 1 }
                writer.truncate(to: end)
                if isLast { writer.append(ASCII.slash) }
            case .plain, .ambiguous:
                writer.append(ASCII.slash)
                writer.append(segment)
            }
            start += segment.count + 1
        }
        head.resolvedLength = writer.count
        return nil
    }
}
