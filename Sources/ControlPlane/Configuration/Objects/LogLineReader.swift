// `log.access.line`: text with `%{field}` in it.

import Model

extension ValueReader {
    func logLine() -> LogLine? {
        guard let text = line(limit: LogLine.textBytesMax), let scalar = expandedString() else {
            return nil
        }
        var line = LogLine(parts: [])
        var seen: Set<LogLine.Field> = []
        var openCount = 0
        var isValid = true
        for piece in scalar.pieces {
            // What comes from a reference is text and nothing else.
            if piece.isValue {
                line.append(reading.document.showsReferences ? piece.written : piece.text)
            } else {
                isValid = read(piece.text, into: &line, &seen, &openCount) && isValid
            }
        }
        if isValid, seen.isEmpty, !hasReference {
            report(
                .invalidValue,
                "\(quoted(text)) names no field, such as %{client_ip}: every line would be the same"
            )
            return nil
        }
        return isValid ? line : nil
    }

    /// Adds the parts of a written text; false if something of it was reported.
    private func read(
        _ text: String, into line: inout LogLine, _ seen: inout Set<LogLine.Field>,
        _ openCount: inout Int
    ) -> Bool {
        guard let pieces = markedPieces(of: text, &openCount) else { return false }
        var isValid = true
        for piece in pieces {
            switch piece {
            case .literal(let text): line.append(text)
            case .name(let name, let opening):
                if let field = logField(name, &seen, opening) {
                    line.parts.append(.field(field))
                } else {
                    isValid = false
                }
            }
        }
        return isValid
    }

    private func logField(
        _ name: String, _ seen: inout Set<LogLine.Field>, _ opening: Int
    ) -> LogLine.Field? {
        guard let field = LogLine.Field(rawValue: name) else {
            let names = LogLine.Field.allCases.map(\.rawValue).sorted()
            report(
                .unknownVariable,
                "unknown field \(ConfigurationLanguage.quoted(name)), there are " + oneOf(names),
                suggestion: Suggestion.nearest(to: name, in: names),
                at: place(ofOpening: opening))
            return nil
        }
        guard seen.insert(field).inserted else {
            report(
                .duplicateKey, "a line has each field once, and %{\(name)} stands in it before",
                at: place(ofOpening: opening))
            return nil
        }
        return field
    }
}

extension LogLine {
    /// Literals that follow each other are one.
    fileprivate mutating func append(_ text: some StringProtocol) {
        guard !text.isEmpty else { return }
        if case .literal(let before)? = parts.last {
            parts[parts.count - 1] = .literal(before + text)
        } else {
            parts.append(.literal(String(text)))
        }
    }
}
