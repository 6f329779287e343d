// Text with `%{variable}` in it.

import Model

/// What is at hand when a template is written.
struct TemplateScope {
    static let request = TemplateScope(
        kinds: [.capture, .header, .cookie, .query, .map])
    /// The request is gone: no `%{header.X}` and the like.
    static let response = TemplateScope(kinds: [.response])
    /// There is no answer of a server either.
    static let errorPage = TemplateScope(kinds: [])

    let kinds: [RequestValue.Kind]
    /// In whose place the text stands.
    var regex: RegularExpression?

    func replacing(_ regex: RegularExpression) -> TemplateScope {
        TemplateScope(kinds: kinds, regex: regex)
    }
}

extension ValueReader {
    /// For the value of a header: no control characters, and not too long.
    func headerTemplate(_ scope: TemplateScope = .request) -> Template? {
        guard let scalar = scalar("a text") else { return nil }
        // An empty value is a value.
        if scalar.text.isEmpty, !isNull { return Template(parts: []) }
        guard line(limit: 4_096) != nil else { return nil }
        return template(limit: 4_096, scope)
    }

    /// `%{name}` is a variable, `%%` a percent sign, any other `%` itself. What comes from a
    /// reference is text and nothing else.
    func template(limit: Int, _ scope: TemplateScope = .request) -> Template? {
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
                isValid = read(piece.text, scope, into: &template, &openCount) && isValid
            }
        }
        return isValid ? template : nil
    }

    /// The contents of a file as a template; problems have the place of its name.
    func template(ofFile bytes: [UInt8], _ path: String) -> Template? {
        guard !bytes.contains(0), let text = String(validating: bytes, as: UTF8.self) else {
            report(.invalidValue, "\(quoted(path)) is not text in UTF-8")
            return nil
        }
        var template = Template(parts: [])
        var openCount = 0
        return read(text, .errorPage, into: &template, &openCount) ? template : nil
    }

    /// Adds the parts of a written text; false if something of it was reported.
    private func read(
        _ text: String, _ scope: TemplateScope, into template: inout Template,
        _ openCount: inout Int
    ) -> Bool {
        guard let pieces = markedPieces(of: text, &openCount) else { return false }
        var isValid = true
        for piece in pieces {
            switch piece {
            case .literal(let text): template.append(text)
            case .name(let name, let opening):
                if let part = part(name, scope, place(ofOpening: opening)) {
                    template.parts.append(part)
                } else {
                    isValid = false
                }
            }
        }
        return isValid
    }

    /// `name`, or `name:conversion:conversion`.
    private func part(
        _ text: String, _ scope: TemplateScope, _ position: @autoclosure () -> TextPosition?
    ) -> Template.Part? {
        guard let colon = text.firstIndex(of: ":") else {
            return variable(text, scope, position())
        }
        guard let value = variable(String(text[..<colon]), scope, position()) else { return nil }
        switch TextConversion.read(text[text.index(after: colon)...]) {
        case .success(let conversions): return .converted(value, conversions)
        case .failure(let problem):
            report(
                .invalidValue, problem.text, suggestion: problem.suggestion, at: position())
            return nil
        }
    }

    private func variable(
        _ name: String, _ scope: TemplateScope, _ position: @autoclosure () -> TextPosition?
    ) -> Template.Part? {
        if let variable = Variable(rawValue: name) { return .variable(variable) }
        if let regex = scope.regex, name.hasPrefix("group.") {
            let group = String(name.dropFirst(6))
            if regex.groupNumber(group) != nil { return .group(group) }
            report(
                .unknownReference,
                "the regular expression has no group \(ConfigurationLanguage.quoted(group)): "
                    + "its groups are counted from 1, or named by (?<name> )",
                suggestion: Suggestion.nearest(to: group, in: regex.names), at: position())
            return nil
        }
        if let value = requestValue(name), scope.kinds.contains(value.kind) {
            if value.kind == .capture, !reading.document.captureNames.contains(value.name) {
                report(
                    .unknownReference,
                    "no path pattern or expression of this route, or of one before it, captures "
                        + ConfigurationLanguage.quoted(value.name),
                    suggestion: Suggestion.nearest(
                        to: value.name, in: reading.document.captureNames.sorted()),
                    at: position())
                return nil
            }
            if value.kind == .map { note(map: value.name) }
            return .request(value)
        }
        let names = Variable.allCases.map(\.rawValue).sorted()
        var kinds = scope.kinds.map { "\($0.rawValue).NAME" }
        if scope.regex != nil { kinds.append("group.NAME") }
        report(
            .unknownVariable,
            "unknown variable \(ConfigurationLanguage.quoted(name)), there are "
                + oneOf(names + kinds),
            suggestion: Suggestion.nearest(to: name, in: names), at: position())
        return nil
    }

    /// `header.X-Tenant`; nil for what is none.
    func requestValue(_ text: String) -> RequestValue? {
        guard let dot = text.firstIndex(of: "."),
            let kind = RequestValue.Kind(rawValue: String(text[..<dot]))
        else { return nil }
        let name = String(text[text.index(after: dot)...])
        switch kind {
        case .capture: guard PathPattern.isName(name) else { return nil }
        case .map: guard Names.isName(name) else { return nil }
        case .header, .cookie, .query, .response: guard Names.isToken(name) else { return nil }
        }
        let isField = kind == .header || kind == .response
        return RequestValue(kind: kind, name: isField ? name.lowercased() : name)
    }

    /// Where the n-th `%{` of a text stands in the file: exact unless some of them are hidden by
    /// escapes, then the start of the text.
    func place(ofOpening number: Int) -> TextPosition? {
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
