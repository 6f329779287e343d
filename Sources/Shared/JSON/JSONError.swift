// Everything that can be wrong with a JSON document, with its place. Pure value, any thread.

/// Why a document was refused, or why a value could not be written.
public struct JSONError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What is wrong.
    public enum Kind: Sendable, Equatable {
        /// Longer than `JSONLimits.byteCountMax`.
        case tooLong
        /// Nested deeper than `JSONLimits.depthMax`.
        case tooDeep
        /// Not JSON, or not UTF-8.
        case syntax
        /// An object has two members of one name.
        case duplicateName
        /// A number that does not fit: beyond 64 bits, beyond `Double`, or beyond the type asked.
        case numberOutOfRange
        /// A value of another type than the one asked.
        case typeMismatch
        /// A member that must be there is not.
        case missingMember
        /// The right type, but not a value that its reader accepts.
        case invalidValue
    }

    /// Where in the text reading stopped: behind the token that cannot be. Known for all kinds
    /// that are found while parsing.
    public struct Position: Sendable, Equatable {
        /// From 1.
        public var line: Int
        /// From 1, in bytes.
        public var column: Int
        /// From 0, in bytes of the document.
        public var byteOffset: Int

        public init(line: Int, column: Int, byteOffset: Int) {
            self.line = line
            self.column = column
            self.byteOffset = byteOffset
        }

        init(offset: Int, in text: [UInt8]) {
            let before = text[..<offset]
            let newLine = UInt8(ascii: "\n")
            let lineStart = before.lastIndex(of: newLine).map { $0 + 1 } ?? 0
            self.init(
                line: before.count { $0 == newLine } + 1, column: offset - lineStart + 1,
                byteOffset: offset)
        }
    }

    public var kind: Kind
    /// English without a full stop. It may quote up to 20 characters of the document.
    public var message: String
    public var position: Position?
    /// Which value, where the document itself was well-formed (RFC 6901); empty: the whole.
    public var pointer: String?

    public init(
        kind: Kind, message: String, position: Position? = nil, pointer: String? = nil
    ) {
        self.kind = kind
        self.message = message
        self.position = position
        self.pointer = pointer
    }

    /// `line 3, column 7: unexpected token near '}'`, `/servers/0/port: not an integer`.
    public var description: String {
        if let position { return "line \(position.line), column \(position.column): \(message)" }
        if let pointer, !pointer.isEmpty { return "\(pointer): \(message)" }
        return message
    }
}

/// How much a document may ask of its reader.
public struct JSONLimits: Sendable, Equatable {
    /// The text's size.
    public var byteCountMax: Int
    /// How many arrays and objects may be open at once; at most 1024.
    public var depthMax: Int

    public init(byteCountMax: Int = 16 * 1024 * 1024, depthMax: Int = 64) {
        self.byteCountMax = byteCountMax
        self.depthMax = depthMax
    }

    /// 16 MiB, 64 levels.
    public static let standard = JSONLimits()
}

/// A coding path, kept as a chain so that descending costs one allocation and no copy.
indirect enum JSONPath {
    case root
    case member(JSONPath, String)
    case element(JSONPath, Int)

    /// RFC 6901 §3: `~` and `/` in names are escaped.
    var pointer: String {
        switch self {
        case .root: ""
        case .member(let parent, let name): parent.pointer + "/" + Self.escape(name)
        case .element(let parent, let index): parent.pointer + "/\(index)"
        }
    }

    var codingPath: [any CodingKey] {
        switch self {
        case .root: []
        case .member(let parent, let name): parent.codingPath + [JSONKey(stringValue: name)]
        case .element(let parent, let index): parent.codingPath + [JSONKey(intValue: index)]
        }
    }

    private static func escape(_ name: String) -> String {
        var escaped = ""
        for scalar in name.unicodeScalars {
            switch scalar {
            case "~": escaped += "~0"
            case "/": escaped += "~1"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}

/// A member's name or an element's index as a coding key.
struct JSONKey: CodingKey {
    let stringValue: String
    let intValue: Int?

    init(stringValue: String) {
        self.stringValue = stringValue
        intValue = nil
    }

    init(intValue: Int) {
        stringValue = String(intValue)
        self.intValue = intValue
    }

    static let `super` = JSONKey(stringValue: "super")
}
