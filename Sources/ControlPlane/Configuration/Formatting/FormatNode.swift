// A document as it is written: values with their style, and comments with what they belong to.

final class FormatNode {
    enum Content {
        case scalar(text: String, style: YAMLEvent.Style, source: ArraySlice<UInt8>)
        case sequence([FormatMember])
        case mapping([FormatMember])
    }
    var content: Content
    /// In brackets, from the first to the last in one line.
    var isInOneLine: Bool
    /// Comments behind the last member.
    var tail: [FormatComment] = []

    init(_ content: Content, isInOneLine: Bool) {
        self.content = content
        self.isInOneLine = isInOneLine
    }
}

/// An entry of a mapping, or an item of a sequence.
struct FormatMember {
    /// Nil for an item.
    var key: (text: String, style: YAMLEvent.Style)?
    /// Comments in lines of their own before it.
    var leading: [FormatComment] = []
    /// The line before the key, or the dash, is empty.
    var hasBlankBefore = false
    /// Comments in the line of the key, or of the value's end.
    var beside: [FormatComment] = []
    var value: FormatNode
}
