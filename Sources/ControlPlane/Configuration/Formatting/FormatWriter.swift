// FormatNode → text: two spaces a level, items below their key indented, brackets kept where they
// are in one line and fit. Pure.

struct FormatWriter {
    /// Columns of a line that keeps its brackets.
    static let columnMax = 100

    private(set) var text = ""
    /// `- ` of an item whose first line is still to come, with its indentation.
    private var prefix: String?

    mutating func write(root: FormatMember?, rest: [FormatComment]) {
        if let root {
            write(root.leading, indent: 0, isFirst: true)
            if case .scalar = root.value.content {
                writeInline(root, indent: 0, ScalarText.inline(root.value))
            } else if let flow = flow(root.value, from: 0) {
                writeInline(root, indent: 0, flow)
            } else {
                writeBlock(root.value, indent: 0)
            }
        }
        write(rest, indent: 0, isFirst: text.isEmpty)
    }

    // MARK: Blocks

    private mutating func writeBlock(_ node: FormatNode, indent: Int) {
        switch node.content {
        case .mapping(let members), .sequence(let members):
            for (index, member) in members.enumerated() {
                write(member, indent: indent, isFirst: index == 0)
            }
        case .scalar:
            break
        }
        write(node.tail, indent: indent, isFirst: false)
    }

    private mutating func write(_ member: FormatMember, indent: Int, isFirst: Bool) {
        let key = member.key.map { ScalarText.inline($0.text, $0.style) + ":" }
        let width = (prefix?.utf8.count ?? indent) + (key.map { $0.count + 1 } ?? 2)
        let flow = flow(member.value, from: width)
        let isInline = flow != nil || member.value.isScalar
        // One comment fits beside; others, and that of a bracket which goes, come before.
        let besideCount = isInline || key != nil ? 1 : 0
        let before = member.leading + member.beside.dropFirst(besideCount)
        write(before, indent: indent, isFirst: isFirst)
        if member.hasBlankBefore, !(isFirst && before.isEmpty) { writeBlankLine() }
        let beside = member.beside.prefix(besideCount).first

        guard let key else {
            prefix = linePrefix(indent) + "- "
            if isInline {
                writeValue(member.value, flow, beside, indent: indent)
            } else {
                writeBlock(member.value, indent: indent + 2)
            }
            return
        }
        text += linePrefix(indent) + key
        prefix = nil
        if isInline {
            prefix = " "
            writeValue(member.value, flow, beside, indent: indent)
        } else {
            endLine(beside)
            writeBlock(member.value, indent: indent + 2)
        }
    }

    /// Behind `prefix`, which is a dash or the space after a key.
    private mutating func writeValue(
        _ value: FormatNode, _ flow: String?, _ beside: FormatComment?, indent: Int
    ) {
        let before = prefix ?? ""
        prefix = nil
        if let flow {
            text += before + flow
            endLine(beside)
        } else if let block = BlockScalar(value) {
            text += before + block.head
            endLine(beside)
            for line in block.lines {
                text += line.isEmpty ? "\n" : spaces(indent + 2) + line + "\n"
            }
        } else {
            let scalar = ScalarText.inline(value)
            text +=
                scalar.isEmpty ? String(before.reversed().drop { $0 == " " }.reversed()) : before
            text += scalar
            endLine(beside)
        }
    }

    private mutating func writeInline(_ member: FormatMember, indent: Int, _ value: String) {
        text += value
        endLine(member.beside.first)
        write(Array(member.beside.dropFirst()), indent: indent, isFirst: false)
    }

    // MARK: Brackets

    /// In one line, if it was so, or is empty, and fits.
    private func flow(_ node: FormatNode, from column: Int) -> String? {
        guard !node.isScalar, let text = flowText(node, isRoot: true) else { return nil }
        return node.isEmpty || column + text.count <= Self.columnMax ? text : nil
    }

    private func flowText(_ node: FormatNode, isRoot: Bool) -> String? {
        guard node.isEmpty || node.isInOneLine, node.tail.isEmpty else { return nil }
        func texts(_ members: [FormatMember]) -> [String]? {
            var texts: [String] = []
            for member in members {
                guard member.leading.isEmpty, member.beside.isEmpty,
                    let value = flowText(member.value, isRoot: false)
                else { return nil }
                let key = member.key.map { ScalarText.inline($0.text, $0.style) + ": " }
                texts.append((key ?? "") + value)
            }
            return texts
        }
        switch node.content {
        case .scalar: return ScalarText.inline(node)
        case .mapping(let members): return texts(members).map { "{\($0.joined(separator: ", "))}" }
        case .sequence(let members): return texts(members).map { "[\($0.joined(separator: ", "))]" }
        }
    }

    // MARK: Lines

    private mutating func write(_ comments: [FormatComment], indent: Int, isFirst: Bool) {
        for (index, comment) in comments.enumerated() {
            if comment.isAlone, comment.hasBlankBefore, !(isFirst && index == 0) {
                writeBlankLine()
            }
            text += linePrefix(indent) + comment.text + "\n"
            prefix = nil
        }
    }

    private mutating func writeBlankLine() {
        if prefix == nil, !text.isEmpty, !text.utf8.elementsEqual([0x0A]), !endsWithBlankLine {
            text += "\n"
        }
    }

    private var endsWithBlankLine: Bool {
        text.utf8.suffix(2).elementsEqual([0x0A, 0x0A])
    }

    private mutating func endLine(_ comment: FormatComment?) {
        text += (comment.map { "  \($0.text)" } ?? "") + "\n"
    }

    private func linePrefix(_ indent: Int) -> String { prefix ?? spaces(indent) }

    private func spaces(_ count: Int) -> String { String(repeating: " ", count: count) }
}

extension FormatNode {
    var isScalar: Bool {
        if case .scalar = content { true } else { false }
    }

    /// `{}` and `[]`, which no block can say.
    var isEmpty: Bool {
        switch content {
        case .mapping(let members), .sequence(let members): members.isEmpty && tail.isEmpty
        case .scalar: false
        }
    }
}

extension ScalarText {
    static func inline(_ node: FormatNode) -> String {
        guard case .scalar(let text, let style, _) = node.content else { return "" }
        return inline(text, style)
    }
}

/// A text in lines of its own, `|` or `>`, with the lines as they were but for the indentation.
private struct BlockScalar {
    var head: String
    var lines: [String]

    init?(_ node: FormatNode) {
        guard case .scalar(_, let style, let source) = node.content,
            style == .literal || style == .folded
        else { return nil }
        let all = source.split(separator: 0x0A, omittingEmptySubsequences: false).map { line in
            String(decoding: line.last == 0x0D ? line.dropLast() : line, as: UTF8.self)
        }
        let marks = (all.first ?? "").prefix { "|>+-0123456789".contains($0) }
        // With an explicit depth only the parser knows what is content.
        guard !marks.contains(where: \.isNumber) else { return nil }
        head = String(marks)
        var body = Array(all.dropFirst())
        let depth = body.first { !$0.allSatisfy { $0 == " " } }?.prefix { $0 == " " }.count ?? 0
        if body.last?.allSatisfy({ $0 == " " }) == true { body.removeLast() }
        lines = body.map { String($0.dropFirst(depth)) }
        if !marks.contains("+") {
            while lines.last?.isEmpty == true { lines.removeLast() }
        }
    }
}
