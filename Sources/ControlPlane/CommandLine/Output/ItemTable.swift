// A table with a row for each item of a collection: a column knows its title and how to make its
// cell of an item. Pure.

import Clock
internal import ConfigurationLanguage
import JSON

struct ItemTable {
    struct Column {
        var title: String
        /// Blanks to the next column.
        var gap = 2
        /// Only in the wide format.
        var isWide = false
        var cell: (JSONValue, WallTime) -> TextTable.Cell

        /// Whatever is at a path of members: text, a number, a truth value.
        static func member(_ title: String, _ path: String..., gap: Int = 2) -> Column {
            Column(title: title, gap: gap) { item, _ in .init(value: item.at(path)) }
        }

        /// A number with its unit behind it.
        static func measure(_ title: String, _ member: String, unit: String) -> Column {
            Column(title: title) { item, _ in
                .init(item[member]?.integerValue.map { "\($0)\(unit)" } ?? "-")
            }
        }

        /// How long ago a time of the API was.
        static func age(_ title: String, _ member: String) -> Column {
            Column(title: title) { item, now in
                .init(Age.since(item[member]?.stringValue, now: now))
            }
        }

        /// One word of an enumeration, coloured by its meaning.
        static func state(_ title: String, _ member: String) -> Column {
            Column(title: title) { item, _ in
                let word = item[member]?.stringValue ?? "-"
                return .init(TerminalText.clean(word), TextTable.Colour(state: word))
            }
        }

        /// Anything else.
        static func made(_ title: String, _ cell: @escaping (JSONValue) -> TextTable.Cell) -> Column
        {
            Column(title: title) { item, _ in cell(item) }
        }

        var wide: Column {
            var column = self
            column.isWide = true
            return column
        }
    }

    var columns: [Column]

    func text(_ items: [JSONValue], _ style: Printer.Style) -> String {
        let shown = columns.filter { style.isWide || !$0.isWide }
        let table = TextTable(
            columns: shown.map { .init(title: $0.title, gap: $0.gap) },
            rows: items.map { item in shown.map { $0.cell(item, style.now) } })
        return table.text(colour: style.colour)
    }
}

extension TextTable.Cell {
    /// A scalar as people read it; `-` for null and for what is not there.
    init(value: JSONValue?, _ colour: TextTable.Colour? = nil) {
        let text: String =
            switch value {
            case .string(let text): TerminalText.clean(text)
            case .integer(let number): "\(number)"
            case .double(let number): "\(number)"
            case .bool(let truth): truth ? "yes" : "no"
            case .array(let elements): "\(elements.count)"
            case nil, .null, .object: "-"
            }
        self.init(text.isEmpty ? "-" : text, colour)
    }
}

extension TextTable.Colour {
    /// Of a phase, a status or a condition.
    init?(state: String) {
        switch state {
        case "SERVING", "SUCCEEDED", "True", "UP": self = .green
        case "STARTING", "LEAVING", "QUEUED", "RUNNING", "GOING_DOWN", "GOING_UP", "EJECTED",
            "UNRESOLVED",
            "DRAIN", "MAINT":
            self = .yellow
        case "FAILED", "False", "DOWN": self = .red
        case "EXITED", "SUPERSEDED", "CANCELLED": self = .grey
        default: return nil
        }
    }
}

extension JSONValue {
    /// The items of a collection.
    var items: [JSONValue] { self["items"]?.arrayValue ?? [] }

    func at(_ path: [String]) -> JSONValue? {
        path.reduce(Optional(self)) { $0?[$1] }
    }
}
