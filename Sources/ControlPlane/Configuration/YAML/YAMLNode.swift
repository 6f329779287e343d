// The tree of a document before anybody knows what its scalars mean: typing is the schema's.

/// A value with the place of its first character.
struct YAMLNode {
    enum Content {
        case scalar(YAMLScalar)
        case sequence([YAMLNode])
        case mapping([YAMLEntry])
        /// Something that was reported already (an alias, say): whoever reads it says no more.
        case refused
    }
    var content: Content
    var position: TextPosition
}

struct YAMLScalar {
    var text: String
    /// Unquoted: only such a scalar can be a number or null.
    var isPlain: Bool
    /// Just behind the last character, quotes included.
    var end: TextPosition
}

struct YAMLEntry {
    var key: String
    var keyPosition: TextPosition
    var value: YAMLNode
}
