// HTML as a strict reader sees it: every tag ends in its turn, every value is quoted, every special
// character is escaped. What a browser would mend is a failure here.

/// An element of a document, with what is in it.
public struct Markup: Sendable {
    public var name: String
    public var attributes: [String: String] = [:]
    public var children: [Markup] = []
    /// Of this element and all below it, in order.
    public var text = ""

    public struct Malformed: Error, CustomStringConvertible {
        public var description: String
    }

    private static let withoutEnd: Set = ["meta"]

    /// The element `html` of a whole document.
    public init(document: String) throws {
        var reader = MarkupReader(document)
        try reader.expect("<!DOCTYPE html>")
        var open = [Markup(name: "#document")]
        while let piece = try reader.next() {
            switch piece {
            case .text(let text):
                for index in open.indices { open[index].text += text }
            case .begin(let element):
                if Self.withoutEnd.contains(element.name) {
                    open[open.count - 1].children.append(element)
                    continue
                }
                open.append(element)
                guard element.name == "style" else { continue }
                open[open.count - 1].text = try reader.raw(until: "</style>")
            case .end(let name):
                let element = open.removeLast()
                guard element.name == name, let parent = open.indices.last else {
                    throw Malformed(description: "</\(name)> ends <\(element.name)>")
                }
                open[parent].children.append(element)
            }
        }
        guard open.count == 1, open[0].children.count == 1, open[0].children[0].name == "html"
        else { throw Malformed(description: "not closed: \(open.map(\.name))") }
        self = open[0].children[0]
    }

    fileprivate init(name: String) { self.name = name }

    /// This one and all below it, in order.
    public var all: [Markup] { [self] + children.flatMap(\.all) }

    public func all(_ name: String) -> [Markup] { all.filter { $0.name == name } }

    /// The rows of the table whose caption begins so, each by the titles of its columns.
    public func rows(ofTable caption: String) -> [[String: String]] {
        guard
            let table = all("table").first(where: {
                $0.all("caption").first?.text.hasPrefix(caption) == true
            })
        else { return [] }
        let titles = table.all("thead").flatMap { $0.all("th") }.map(\.text)
        let rows = table.all("tr").filter { row in
            row.all("th").first?.attributes["scope"] == "row"
        }
        return rows.map { row in
            let cells = row.children.map(\.text)
            return Dictionary(zip(titles, cells)) { first, _ in first }
        }
    }
}

private struct MarkupReader {
    enum Piece {
        case text(String)
        case begin(Markup)
        case end(String)
    }

    private var rest: Substring
    private static let references = [
        "amp": "&", "lt": "<", "gt": ">", "quot": "\"", "#39": "'",
    ]

    init(_ text: String) { rest = text[...] }

    mutating func expect(_ text: String) throws {
        guard rest.hasPrefix(text) else { throw failure("no \(text)") }
        rest = rest.dropFirst(text.count)
    }

    mutating func raw(until end: String) throws -> String {
        guard let found = rest.firstRange(of: end) else { throw failure("no \(end)") }
        defer { rest = rest[found.lowerBound...] }
        return String(rest[..<found.lowerBound])
    }

    /// Nil at the end.
    mutating func next() throws -> Piece? {
        guard let first = rest.first else { return nil }
        guard first == "<" else { return .text(try decoded(take { $0 != "<" })) }
        rest = rest.dropFirst()
        if rest.first == "/" {
            rest = rest.dropFirst()
            let name = String(take(\.isNameCharacter))
            try expect(">")
            return .end(name)
        }
        var element = Markup(name: String(take(\.isNameCharacter)))
        guard !element.name.isEmpty else { throw failure("a tag without a name") }
        while rest.first == " " {
            rest = rest.dropFirst()
            let name = String(take(\.isNameCharacter))
            try expect("=\"")
            let value = try decoded(take { $0 != "\"" })
            try expect("\"")
            guard !name.isEmpty, element.attributes.updateValue(value, forKey: name) == nil else {
                throw failure("an attribute without a name, or twice: \(name)")
            }
        }
        try expect(">")
        return .begin(element)
    }

    private mutating func take(_ isWanted: (Character) -> Bool) -> Substring {
        let taken = rest.prefix(while: isWanted)
        rest = rest[taken.endIndex...]
        return taken
    }

    /// Nothing special may stand there unescaped, nor what a terminal would obey.
    private func decoded(_ text: Substring) throws -> String {
        var result = ""
        var rest = text[...]
        while let character = rest.popFirst() {
            switch character {
            case "<", ">", "\"", "'":
                throw failure("\(character) unescaped in \(text)")
            case "&":
                let name = rest.prefix { $0 != ";" }
                guard let meaning = Self.references[String(name)], name.endIndex < rest.endIndex
                else { throw failure("& unescaped in \(text)") }
                result += meaning
                rest = rest[name.endIndex...].dropFirst()
            default:
                let isControl = character.unicodeScalars.contains {
                    $0 != "\n" && ($0.value < 0x20 || (0x7F...0x9F).contains($0.value))
                }
                if isControl { throw failure("a control character in \(text.debugDescription)") }
                result.append(character)
            }
        }
        return result
    }

    private func failure(_ what: String) -> Markup.Malformed {
        Markup.Malformed(description: "\(what), before \(String(rest.prefix(60)).debugDescription)")
    }
}

extension Character {
    fileprivate var isNameCharacter: Bool { isASCII && (isLetter || isNumber || self == "-") }
}
