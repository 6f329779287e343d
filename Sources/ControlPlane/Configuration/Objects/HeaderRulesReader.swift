// `headers:` of a frontend and of a route. `set`, `add`, `remove` and `replace` directly below mean
// the request; `request` and `response` say it in full.

import Model

extension ValueReader {
    /// Of a frontend, which also says what happens to X-Forwarded-For.
    func frontendHeaders() -> (rules: HeaderRules, forwardedFor: ForwardedFor)? {
        object { fields in
            let forwardedFor =
                fields.take("forwarded_for")?.choice(ForwardedFor.self) ?? .replace
            return (rules(&fields), forwardedFor)
        }
    }

    /// Of a route.
    func headerRules() -> HeaderRules? {
        object { fields in
            fields.notSupportedYet("forwarded_for")
            return rules(&fields)
        }
    }

    private func rules(_ fields: inout MappingReader) -> HeaderRules {
        let shorthand = edits(&fields)
        let request = fields.take("request")?.object { edits(&$0) } ?? []
        fields.checkReplacements(shorthand + request)
        var rules = fields.take("response")?.object { responseRules(&$0) } ?? HeaderRules()
        // The order of application: removes, replacements, sets, adds.
        rules.request = HeaderEdit.Action.allCases.flatMap { action in
            (shorthand + request).filter { $0.action == action }
        }
        return rules
    }

    private func responseRules(_ fields: inout MappingReader) -> HeaderRules {
        let always = fields.take("always")
        let usual = edits(&fields, .response)
        fields.checkReplacements(usual)
        let byStatus = fields.take("by_status")
        let entries = byStatus?.editsByStatus(beside: usual) ?? []
        let all = usual + entries.flatMap(\.edits)
        // Whose own problems are reported says of others no more than that it is there.
        if !["remove", "set", "add"].contains(where: fields.has),
            byStatus == nil || !entries.isEmpty && all.allSatisfy({ $0.action == .replace })
        {
            always?.report(
                .missingField,
                "says of remove, set and add, also those of by_status, that they hold for our own "
                    + "errors too, and there is none of them")
        }
        return HeaderRules(
            response: usual, responseByStatus: entries,
            coversErrors: always?.boolean() == true && all.contains { $0.action != .replace })
    }

    /// `[{status: 500-599, set: {Cache-Control: no-store}}]`
    private func editsByStatus(beside usual: [HeaderEdit]) -> [StatusEdits] {
        let items = list()
        if !(1...HeaderRules.byStatusMax).contains(items.count) {
            report(
                .outOfRange,
                "\(items.count) entries, 1 to \(HeaderRules.byStatusMax) may stand here")
        }
        return items.prefix(HeaderRules.byStatusMax).compactMap { item in
            item.object { item.statusEdits(&$0, beside: usual) }.flatMap { $0 }
        }
    }

    private func statusEdits(
        _ fields: inout MappingReader, beside usual: [HeaderEdit]
    ) -> StatusEdits? {
        let status = fields.require("status", "which responses it is about")
        let edits = edits(&fields, .response)
        fields.checkReplacements(edits, beside: usual)
        if !["remove", "replace", "set", "add"].contains(where: fields.has) {
            report(.missingField, "has none of remove, replace, set and add")
        }
        guard let status else { return nil }
        let statuses = status.statusRanges(
            of: StatusEdits.allowed, whenEmpty: "is about no response, leave the entry out")
        if statuses.count > StatusEdits.statusesMax {
            status.report(
                .outOfRange,
                "\(statuses.count) statuses and ranges, at most \(StatusEdits.statusesMax) may stand "
                    + "here: a range such as 400-499 is one")
        }
        return StatusEdits(statuses: statuses, edits: edits)
    }

    private func edits(
        _ fields: inout MappingReader, _ scope: TemplateScope = .request
    ) -> [HeaderEdit] {
        let removed = fields.take("remove")?.list().compactMap { item -> HeaderEdit? in
            guard let name = item.line(), item.isEditable(name, at: item.node.position) else {
                return nil
            }
            return HeaderEdit(action: .remove, name: name, value: Template(parts: []))
        }
        let replaced = fields.take("replace")?.replacements(scope)
        let set = fields.take("set")?.headerValues(.set, scope)
        let added = fields.take("add")?.headerValues(.add, scope)
        return (removed ?? []) + (replaced ?? []) + (set ?? []) + (added ?? [])
    }

    /// `{Location: {regex: TEXT, with: TEXT}}`, several of a name one after the other.
    private func replacements(_ scope: TemplateScope) -> [HeaderEdit] {
        editableNames().flatMap { entry in
            entry.value.each { $0.replacement(entry.key, scope) }
        }
    }

    private func replacement(_ name: String, _ scope: TemplateScope) -> HeaderEdit? {
        object { fields -> HeaderEdit? in
            let regex = fields.require("regex", "what of the value is replaced")
            let value = fields.require("with", "what stands in its place, \"\" for nothing")
            guard let regex = regex?.regularExpression(),
                let value = value?.headerTemplate(scope.replacing(regex))
            else { return nil }
            return HeaderEdit(action: .replace, name: name, value: value, regex: regex)
        }?.flatMap { $0 }
    }

    private func headerValues(
        _ action: HeaderEdit.Action, _ scope: TemplateScope
    ) -> [HeaderEdit] {
        editableNames().flatMap { entry -> [HeaderEdit] in
            // Several values of one name only make sense side by side.
            let values = action == .add ? entry.value.list() : [entry.value]
            return values.compactMap { item in
                item.headerTemplate(scope).map {
                    HeaderEdit(action: action, name: entry.key, value: $0)
                }
            }
        }
    }

    /// The entries of a mapping by names of fields; names that cannot be are reported and left out.
    private func editableNames() -> [MappingReader.Entry] {
        guard let fields = mapping() else { return [] }
        var seen: [String: String] = [:]
        return fields.all().filter { entry in
            guard entry.value.isEditable(entry.key, at: entry.keyPosition) else { return false }
            if let first = seen.updateValue(entry.key, forKey: entry.key.lowercased()) {
                entry.value.report(
                    .duplicateKey,
                    "header names are case-insensitive, \(quoted(first)) stands above already",
                    at: entry.keyPosition)
            }
            return true
        }
    }

    /// Fields that frame or route a message are the proxy's own business.
    func isEditable(_ name: String, at position: TextPosition) -> Bool {
        guard Names.isToken(name) else {
            report(
                .invalidValue, "\(quoted(name)) is no header name: letters, digits and - are usual",
                at: position)
            return false
        }
        let reserved = [
            "content-length", "transfer-encoding", "connection", "upgrade", "trailer", "te",
            "keep-alive", "proxy-connection", "host",
        ]
        // A rule takes a field under its look-alikes too.
        guard !reserved.contains(name.lowercased().replacing("_", with: "-")) else {
            report(
                .invalidValue,
                "\(quoted(name)) frames or routes the message and cannot be edited", at: position)
            return false
        }
        return true
    }
}

extension MappingReader {
    /// Over all that is said of one direction; of edits by status, for each entry by itself.
    ///
    /// - Parameter others: what applies before these in any case.
    fileprivate mutating func checkReplacements(
        _ edits: [HeaderEdit], beside others: [HeaderEdit] = []
    ) {
        let gone = Set(
            (others + edits).filter { $0.action == .remove || $0.action == .set }.map(\.fieldName))
        let useless = edits.first { $0.action == .replace && gone.contains($0.fieldName) }
        guard let useless else { return }
        report(
            .conflictingFields,
            "nothing is left of \(ConfigurationLanguage.quoted(useless.name)) that could be replaced: "
                + "the fields that came are removed, or one is set in their place")
    }
}
