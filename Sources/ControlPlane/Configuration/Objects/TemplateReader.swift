// Text with `%{variable}` in it.

import Model

extension ValueReader {
    /// For the value of a header: no control characters, and not too long.
    func headerTemplate() -> Template? {
        guard case .scalar(let scalar) = node.content else {
            wrongType("a text")
            return nil
        }
        // An empty value is a value.
        if scalar.text.isEmpty, !scalar.isPlain { return Template(parts: []) }
        guard line(limit: 4_096) != nil else { return nil }
        return template(limit: 4_096)
    }

    /// `%{name}` is a variable, `%%` a percent sign, any other `%` itself.
    func template(limit: Int) -> Template? {
        guard let text = string(), case .scalar(let scalar) = node.content else { return nil }
        guard text.utf8.count <= limit else {
            report(.tooLarge, "longer than \(limit) bytes")
            return nil
        }
        var parts: [Template.Part] = []
        var literal = ""
        var isValid = true
        var openCount = 0
        var rest = text[...]
        while let percent = rest.firstIndex(of: "%") {
            literal += rest[..<percent]
            rest = rest[percent...].dropFirst()
            if rest.first == "%" {
                literal += "%"
                rest = rest.dropFirst()
                continue
            }
            guard rest.first == "{" else {
                literal += "%"
                continue
            }
            openCount += 1
            guard let close = rest.firstIndex(of: "}") else {
                report(
                    .invalidValue, "%{ is never closed, a percent sign before { is written %%",
                    at: place(ofOpening: openCount, in: scalar))
                return nil
            }
            let name = String(rest[..<close].dropFirst())
            rest = rest[close...].dropFirst()
            guard let variable = variable(name, place(ofOpening: openCount, in: scalar)) else {
                isValid = false
                continue
            }
            if !literal.isEmpty { parts.append(.literal(literal)) }
            literal = ""
            parts.append(.variable(variable))
        }
        literal += rest
        if !literal.isEmpty { parts.append(.literal(literal)) }
        return isValid ? Template(parts: parts) : nil
    }

    private func variable(_ name: String, _ position: @autoclosure () -> TextPosition?)
        -> Variable?
    {
        if let variable = Variable(rawValue: name) { return variable }
        let names = Variable.allCases.map(\.rawValue).sorted()
        report(
            .unknownVariable, "unknown variable \(quoted(name)), there are \(oneOf(names))",
            suggestion: Suggestion.nearest(to: name, in: names), at: position())
        return nil
    }

    /// Where the n-th `%{` of a text stands in the file: exact unless some of them are hidden by
    /// escapes, then the start of the text.
    private func place(ofOpening number: Int, in scalar: YAMLScalar) -> TextPosition? {
        let places = reading.source.positions(of: "%{", from: node.position, to: scalar.end)
        return places.count >= number ? places[number - 1] : nil
    }
}
