// Text with `%{variable}` in it.

import Model

extension ValueReader {
    /// For the value of a header: no control characters, and not too long.
    func headerTemplate() -> Template? {
        guard let scalar = scalar("a text") else { return nil }
        // An empty value is a value.
        if scalar.text.isEmpty, !isNull { return Template(parts: []) }
        guard line(limit: 4_096) != nil else { return nil }
        return template(limit: 4_096)
    }

    /// `%{name}` is a variable, `%%` a percent sign, any other `%` itself. What comes from a
    /// reference is text and nothing else.
    func template(limit: Int) -> Template? {
        guard let scalar = expandedString() else { return nil }
        guard scalar.text.utf8.count <= limit else {
            report(.tooLarge, "longer than \(limit) bytes")
            return nil
        }
        var template = Template(parts: [])
        var openCount = 0
        var isValid = true
        for piece in scalar.pieces {
            if piece.isValue {
                template.append(
                    reading.document.showsReferences ? piece.written : piece.text)
            } else {
                isValid = read(piece.text, into: &template, &openCount) && isValid
            }
        }
        return isValid ? template : nil
    }

    /// Adds the parts of a written text; false if something of it was reported.
    private func read(
        _ text: String, into template: inout Template, _ openCount: inout Int
    ) -> Bool {
        var isValid = true
        var rest = text[...]
        while let percent = rest.firstIndex(of: "%") {
            template.append(rest[..<percent])
            rest = rest[percent...].dropFirst()
            if rest.first == "%" {
                template.append("%")
                rest = rest.dropFirst()
                continue
            }
            guard rest.first == "{" else {
                template.append("%")
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
            if let variable = variable(name, place(ofOpening: openCount)) {
                template.parts.append(.variable(variable))
            } else {
                isValid = false
            }
        }
        template.append(rest)
        return isValid
    }

    private func variable(_ name: String, _ position: @autoclosure () -> TextPosition?)
        -> Variable?
    {
        if let variable = Variable(rawValue: name) { return variable }
        let names = Variable.allCases.map(\.rawValue).sorted()
        report(
            .unknownVariable,
            "unknown variable \(ConfigurationLanguage.quoted(name)), there are \(oneOf(names))",
            suggestion: Suggestion.nearest(to: name, in: names), at: position())
        return nil
    }

    /// Where the n-th `%{` of a text stands in the file: exact unless some of them are hidden by
    /// escapes, then the start of the text.
    private func place(ofOpening number: Int) -> TextPosition? {
        guard case .scalar(let scalar) = node.content else { return nil }
        let places = reading.source.positions(of: "%{", from: node.position, to: scalar.end)
        return places.count >= number ? places[number - 1] : nil
    }
}

extension Template {
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
