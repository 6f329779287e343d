// A table of the page as a value: headings that say what they head, so that who cannot see it can
// follow it. Pure, any thread.

import Clock

struct HTMLTable: Sendable {
    struct Column: Sendable {
        var title: String
        /// Of numbers, to the right.
        var isNumber: Bool

        static func words(_ title: String) -> Column { Column(title: title, isNumber: false) }
        static func numbers(_ titles: String...) -> [Column] {
            titles.map { Column(title: $0, isNumber: true) }
        }
    }

    struct Cell: Sendable, ExpressibleByStringLiteral {
        var text: String
        var tone: HTMLTone?
        var link: HTMLLink?
        /// What the text is the age of.
        var moment: WallTime?

        init(
            _ text: String, _ tone: HTMLTone? = nil, link: HTMLLink? = nil, moment: WallTime? = nil
        ) {
            self.text = text
            self.tone = tone
            self.link = link
            self.moment = moment
        }

        init(stringLiteral text: String) { self.init(text) }

        static func number(_ number: some BinaryInteger, _ tone: HTMLTone? = nil) -> Cell {
            Cell("\(number)", tone)
        }

        static let nothing: Cell = "–"
    }

    /// What a table leaves out, and where all of it is.
    struct Rest: Sendable {
        var text: String
        var link: HTMLLink

        /// Nil where nothing is left out.
        init?(_ count: Int, _ what: StaticString, at link: HTMLLink) {
            guard count > 0 else { return nil }
            text = "… and \(count) more \(what): "
            self.link = link
        }
    }

    var caption: String
    var columns: [Column]
    /// Each with a cell for each column; the first one heads its row.
    var rows: [[Cell]]
    /// Below all rows.
    var total: [Cell]?
    var rest: Rest?
}

extension HTMLWriter {
    mutating func write(_ table: HTMLTable) {
        element(.table) { html in
            html.element(.caption, text: table.caption)
            html.element(.tableHead) { html in
                html.element(.row) { html in
                    for column in table.columns { html.write(column) }
                }
            }
            html.element(.tableBody) { html in
                for row in table.rows { html.write(row, of: table.columns) }
            }
            if let total = table.total {
                html.element(.tableFoot) { html in html.write(total, of: table.columns) }
            }
        }
        if let rest = table.rest { write(rest) }
    }

    mutating func write(_ rest: HTMLTable.Rest) {
        element(.paragraph) { html in
            html.text(rest.text)
            html.element(.link, .target(rest.link), text: rest.link.target)
        }
    }

    private mutating func write(_ column: HTMLTable.Column) {
        if column.isNumber {
            element(.headerCell, .scope(.column), text: column.title)
        } else {
            element(.headerCell, .scope(.column), .tone(.words), text: column.title)
        }
    }

    private mutating func write(_ row: [HTMLTable.Cell], of columns: [HTMLTable.Column]) {
        assert(row.count == columns.count, "a row has a cell for each column")
        element(.row) { html in
            for (index, (cell, column)) in zip(row, columns).enumerated() {
                if index == 0 {
                    html.element(.headerCell, .scope(.row)) { $0.write(cell) }
                } else if let tone = cell.tone ?? (column.isNumber ? nil : .words) {
                    html.element(.cell, .tone(tone)) { $0.write(cell) }
                } else {
                    html.element(.cell) { $0.write(cell) }
                }
            }
        }
    }

    private mutating func write(_ cell: HTMLTable.Cell) {
        if let link = cell.link {
            element(.link, .target(link), text: cell.text)
        } else if let moment = cell.moment {
            element(.time, .moment(moment), text: cell.text)
        } else {
            text(cell.text)
        }
    }
}
