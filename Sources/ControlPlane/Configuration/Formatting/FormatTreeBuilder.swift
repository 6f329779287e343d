// Events and comments → FormatNode. The text is known to be within the limits of the language and
// free of what it leaves out, so nothing here refuses; what could go wrong is found by comparing
// the result with the original.

struct FormatTreeBuilder {
    private struct Event {
        var event: YAMLEvent
        var bytes: Range<Int>
    }

    private let lines: FormatLines
    private var events: [Event] = []
    private var next = 0
    private(set) var comments: [FormatComment] = []
    private var nextComment = 0
    /// The line in which the last token ended.
    private var lastLine = 0

    /// - Parameter bytes: What the composer has read without an error.
    init(_ bytes: [UInt8]) throws(YAMLSyntaxError) {
        lines = FormatLines(bytes)
        let stream = YAMLEventStream(bytes)
        var cursor = CodePointCursor(bytes)
        var scalars: [Range<Int>] = []
        var headers: [FormatComment] = []
        while true {
            let event = try stream.next()
            if case .streamEnd = event.kind { break }
            let start = cursor.offset(of: event.codePoints.lowerBound)
            let range = start..<cursor.offset(of: event.codePoints.upperBound)
            if case .scalar = event.kind {
                scalars.append(range)
                if let comment = headerComment(event, range) { headers.append(comment) }
            }
            events.append(Event(event: event, bytes: range))
        }
        comments = (lines.comments(outside: scalars) + headers).sorted { $0.offset < $1.offset }
    }

    /// `key: | # comment`
    private func headerComment(_ event: YAMLEvent, _ range: Range<Int>) -> FormatComment? {
        guard event.style == .literal || event.style == .folded else { return nil }
        let line = lines.content(ofLine: lines.line(of: range.lowerBound))
        return line[range.lowerBound...].firstIndex(of: UInt8(ascii: "#")).map(lines.comment(at:))
    }

    /// The root, nil for a text of comments only; and the comments that are behind everything.
    mutating func build() -> (root: FormatMember?, rest: [FormatComment]) {
        var root: FormatMember?
        while next < events.count {
            switch events[next].event.kind {
            case .scalar, .sequenceStart, .mappingStart:
                let leading = takeComments(before: events[next].bytes.lowerBound)
                root = FormatMember(leading: leading, value: node(parentColumn: 0))
            case .streamStart, .streamEnd, .documentStart, .documentEnd, .alias, .sequenceEnd,
                .mappingEnd:
                next += 1
            }
        }
        return (root, takeComments(before: Int.max))
    }

    private mutating func node(parentColumn: Int) -> FormatNode {
        let begin = events[next]
        next += 1
        switch begin.event.kind {
        case .scalar(let text, _):
            // A comment in the head of a block is within it.
            note(end: begin)
            return FormatNode(
                .scalar(text: text, style: begin.event.style, source: lines.bytes[begin.bytes]),
                isInOneLine: begin.event.start.line == begin.event.end.line)
        case .sequenceStart:
            return collection(begin, isMapping: false, parentColumn: parentColumn)
        default:
            return collection(begin, isMapping: true, parentColumn: parentColumn)
        }
    }

    private mutating func note(end: Event) {
        lastLine = lines.line(of: max(end.bytes.lowerBound, end.bytes.upperBound - 1))
    }

    private mutating func collection(
        _ begin: Event, isMapping: Bool, parentColumn: Int
    ) -> FormatNode {
        let isFlow = begin.event.style == .flow
        let column = begin.event.start.column
        // A list may stand as far left as the key that it belongs to.
        let tailColumn = column == parentColumn ? column + 1 : column
        if isFlow { note(end: begin) }
        var members: [FormatMember] = []
        while next < events.count, !isEnd(events[next]) {
            members.append(
                member(isMapping: isMapping, isFlow, after: &members, parentColumn: column))
        }
        let end = events[min(next, events.count - 1)]
        next += 1
        var tail = takeComments(before: end.bytes.lowerBound) { comment in
            // What is written further left belongs to something around this.
            isFlow || !comment.isAlone || comment.column >= tailColumn
        }
        attach(&tail, to: &members)
        if isFlow { note(end: end) }
        let node = FormatNode(
            isMapping ? .mapping(members) : .sequence(members),
            isInOneLine: isFlow && begin.event.start.line == end.event.end.line)
        node.tail = tail
        return node
    }

    private func isEnd(_ event: Event) -> Bool {
        switch event.event.kind {
        case .sequenceEnd, .mappingEnd: true
        default: false
        }
    }

    private mutating func member(
        isMapping: Bool, _ isFlow: Bool, after members: inout [FormatMember], parentColumn: Int
    ) -> FormatMember {
        let first = events[next]
        var leading = takeComments(before: first.bytes.lowerBound)
        attach(&leading, to: &members)
        let firstLine = lines.line(of: first.bytes.lowerBound)
        var key: (String, YAMLEvent.Style)?
        var beside: [FormatComment] = []
        var inner: [FormatComment] = []
        if isMapping, case .scalar(let text, _) = first.event.kind {
            key = (text, first.event.style)
            note(end: first)
            next += 1
            if next < events.count {
                for comment in takeComments(before: events[next].bytes.lowerBound) {
                    if comment.isAlone { inner.append(comment) } else { beside.append(comment) }
                }
            }
        }
        let value = node(parentColumn: parentColumn)
        if !inner.isEmpty, !value.takeAsFirst(inner) { leading += inner }
        // The comment in the head of a block scalar.
        if case .scalar(_, let style, _) = value.content, style == .literal || style == .folded {
            beside += takeComments(before: events[next - 1].bytes.upperBound)
        }
        return FormatMember(
            key: key.map { (text: $0.0, style: $0.1) }, leading: leading,
            hasBlankBefore: lines.isBlank(line: firstLine - 1), beside: beside, value: value)
    }

    /// A comment beside the end of the last member is its own.
    private func attach(_ comments: inout [FormatComment], to members: inout [FormatMember]) {
        guard let comment = comments.first, !comment.isAlone, comment.line == lastLine,
            let last = members.indices.last
        else { return }
        members[last].beside.append(comment)
        comments.removeFirst()
    }

    private mutating func takeComments(
        before offset: Int, while isTaken: (FormatComment) -> Bool = { _ in true }
    ) -> [FormatComment] {
        let start = nextComment
        while nextComment < comments.count, comments[nextComment].offset < offset,
            isTaken(comments[nextComment])
        {
            nextComment += 1
        }
        return Array(comments[start..<nextComment])
    }
}

extension FormatNode {
    /// Puts comments before the first member of what will be a block; false if there is none.
    fileprivate func takeAsFirst(_ comments: [FormatComment]) -> Bool {
        guard !isInOneLine else { return false }
        switch content {
        case .mapping(var members) where !members.isEmpty:
            members[0].leading = comments + members[0].leading
            content = .mapping(members)
        case .sequence(var members) where !members.isEmpty:
            members[0].leading = comments + members[0].leading
            content = .sequence(members)
        case .mapping, .sequence, .scalar:
            return false
        }
        return true
    }
}

/// Counts of code points to offsets of bytes; asked in order, or nearly.
private struct CodePointCursor {
    private let bytes: [UInt8]
    private var count = 0
    private var byte = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    mutating func offset(of target: Int) -> Int {
        while count < target, byte < bytes.count {
            byte += 1
            while byte < bytes.count, bytes[byte] & 0xC0 == 0x80 { byte += 1 }
            count += 1
        }
        while count > target, byte > 0 {
            byte -= 1
            while byte > 0, bytes[byte] & 0xC0 == 0x80 { byte -= 1 }
            count -= 1
        }
        return byte
    }
}
