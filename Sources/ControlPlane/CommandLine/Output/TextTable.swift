// A table of text for a terminal. Pure.

struct TextTable: Equatable {
    struct Column: Equatable {
        var title: String
        /// Blanks to the next column.
        var gap = 2
    }

    enum Colour: Int, Equatable {
        case red = 31, green = 32, yellow = 33, grey = 90
    }

    struct Cell: Equatable, ExpressibleByStringLiteral {
        var text: String
        var colour: Colour?

        init(_ text: String, _ colour: Colour? = nil) {
            self.text = text
            self.colour = colour
        }

        init(stringLiteral text: String) {
            self.init(text)
        }
    }

    var columns: [Column]
    var rows: [[Cell]] = []

    func text(colour: Bool) -> String {
        let header = columns.map { Cell($0.title) }
        let widths = columns.indices.map { index in
            ([header] + rows).map { $0[index].text.count }.max() ?? 0
        }
        return ([header] + rows).map { line($0, widths, colour: colour) }.joined()
    }

    private func line(_ cells: [Cell], _ widths: [Int], colour: Bool) -> String {
        var line = ""
        var blanks = 0
        for (index, cell) in cells.enumerated() {
            line += String(repeating: " ", count: blanks)
            if colour, let code = cell.colour?.rawValue {
                line += "\u{1B}[\(code)m\(cell.text)\u{1B}[0m"
            } else {
                line += cell.text
            }
            blanks = widths[index] - cell.text.count + columns[index].gap
        }
        return line + "\n"
    }
}
