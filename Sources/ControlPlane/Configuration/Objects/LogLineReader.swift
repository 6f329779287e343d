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
        var isValid = true
        var rest = text[...]
        while let percent = rest.firstIndex(of: "%") {
            line.append(rest[..<percent])
            rest = rest[percent...].dropFirst()
            guard rest.first == "{" else {
                // `%%` is one, and any other stands for itself.
                if rest.first == "%" { rest = rest.dropFirst() }
                line.append("%")
                continue
            }
            openCount += 1
            guard let close = rest.firstIndex(of: "}") else {
                report(
                    .invalidValue, "%{ is never closed, a percent sign before { is written %%",
                    at: place(ofOpening: openCount))
                return false
            }
            let name = String(rest[..<close].dropFirst())
            rest = rest[close...].dropFirst()
            if let field = logField(name, &seen, openCount) {
                line.parts.append(.field(field))
            } else {
                isValid = false
            }
        }
        line.append(rest)
        return isValid
    }

    private func logField(
        _ name: String, _ seen: inout Set<LogLine.Field>, _ openCount: Int
    ) -> LogLine.Field? {
        guard let field = LogLine.Field(rawValue: name) else {
            let names = LogLine.Field.allCases.map(\.rawValue).sorted()
            report(
                .unknownVariable,
                "unknown field \(ConfigurationLanguage.quoted(name)), there are " + oneOf(names),
                suggestion: Suggestion.nearest(to: name, in: names),
                at: place(ofOpening: openCount))
            return nil
        }
        guard seen.insert(field).inserted else {
            report(
                .duplicateKey, "a line has each field once, and %{\(name)} stands in it before",
                at: place(ofOpening: openCount))
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
