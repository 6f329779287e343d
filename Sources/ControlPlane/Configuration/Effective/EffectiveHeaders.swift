// Header rules and templates in the effective document. Counterparts: HeaderRulesReader,
// TemplateReader.

import JSON
import Model

extension JSONValue {
    /// `forwardedFor` of a frontend; a route has none.
    static func headers(_ rules: HeaderRules, _ forwardedFor: ForwardedFor? = nil) -> JSONValue {
        var (first, request) = HeaderEdits.split(rules.request)
        if request.isEmpty { swap(&first, &request) }
        var members: [JSONObject.Member] = []
        if let forwardedFor {
            members.append(.init(name: "forwarded_for", value: .string(forwardedFor.rawValue)))
        }
        members += edits(first).members
        if !request.isEmpty {
            members.append(.init(name: "request", value: .object(edits(request))))
        }
        if !rules.response.isEmpty || !rules.responseByStatus.isEmpty {
            var response = edits(rules.response)
            if !rules.responseByStatus.isEmpty {
                response["by_status"] = .array(rules.responseByStatus.map(Self.byStatus))
            }
            if rules.coversErrors { response["always"] = .bool(true) }
            members.append(.init(name: "response", value: .object(response)))
        }
        return .object(JSONObject(members))
    }

    private static func byStatus(_ entry: StatusEdits) -> JSONValue {
        var object = JSONObject()
        object["status"] = .array(entry.statuses.map(JSONValue.statuses))
        for member in edits(entry.edits).members { object[member.name] = member.value }
        return .object(object)
    }

    private static func edits(_ edits: [HeaderEdit]) -> JSONObject {
        var object = JSONObject()
        let removed = edits.filter { $0.action == .remove }.map(\.name)
        if !removed.isEmpty { object["remove"] = .texts(removed) }
        let replaced = grouped(edits, .replace) { edit in
            JSONValue.object([
                "regex": .string(edit.regex?.text ?? ""), "with": .string(edit.value.written),
            ])
        }
        if !replaced.isEmpty {
            object["replace"] = .named(replaced, \.name) { .array($0.values) }
        }
        let set = edits.filter { $0.action == .set }
        if !set.isEmpty {
            object["set"] = .named(set, \.name) { .string($0.value.written) }
        }
        let added = grouped(edits, .add) { $0.value.written }
        if !added.isEmpty { object["add"] = .named(added, \.name) { .texts($0.values) } }
        return object
    }

    /// Those of one name follow each other.
    private static func grouped<Value>(
        _ edits: [HeaderEdit], _ action: HeaderEdit.Action, _ value: (HeaderEdit) -> Value
    ) -> [(name: String, values: [Value])] {
        var groups: [(name: String, values: [Value])] = []
        for edit in edits where edit.action == action {
            if groups.last?.name != edit.name { groups.append((edit.name, [])) }
            groups[groups.count - 1].values.append(value(edit))
        }
        return groups
    }
}

private enum HeaderEdits {
    /// The edits of a request can come from two mappings, `headers` itself and `headers.request`,
    /// so a name may stand in both: what one mapping cannot hold goes to the second.
    static func split(_ edits: [HeaderEdit]) -> (first: [HeaderEdit], second: [HeaderEdit]) {
        var first: [HeaderEdit] = []
        var second: [HeaderEdit] = []
        for action in HeaderEdit.Action.allCases {
            var names: Set<String> = []
            var isSecond = false
            var previous: String?
            for edit in edits where edit.action == action {
                let name = edit.name.lowercased()
                // Values of one `add` or `replace` follow each other and belong together.
                let isContinued =
                    (action == .add || action == .replace) && previous == edit.name
                if action != .remove, !isContinued, !names.insert(name).inserted {
                    isSecond = true
                }
                previous = edit.name
                if isSecond { second.append(edit) } else { first.append(edit) }
            }
        }
        return (first, second)
    }
}

extension Template {
    /// As it is written: `%{name}`, and `%%` only where a percent sign would mean something else.
    var written: String {
        var text = ""
        for (index, part) in parts.enumerated() {
            if case .literal(let literal) = part {
                text += Self.escaped(literal, isLast: index == parts.count - 1)
            } else {
                text += "%{\(Self.name(part))}"
            }
        }
        return text
    }

    /// What stands between the braces.
    private static func name(_ part: Part) -> String {
        switch part {
        case .literal(let text): text
        case .variable(let variable): variable.rawValue
        case .request(let value): "\(value.kind.rawValue).\(value.name)"
        case .group(let name): "group.\(name)"
        case .converted(let part, let conversions):
            ([name(part)] + conversions.map(\.text)).joined(separator: ":")
        }
    }

    fileprivate static func escaped(_ literal: String, isLast: Bool) -> String {
        guard literal.utf8.contains(UInt8(ascii: "%")) else { return literal }
        var text = ""
        let scalars = Array(literal.unicodeScalars)
        for (index, scalar) in scalars.enumerated() {
            text.unicodeScalars.append(scalar)
            guard scalar == "%" else { continue }
            let isEnd = index == scalars.count - 1
            let next = isEnd ? nil : scalars[index + 1]
            if next == "%" || next == "{" || (isEnd && !isLast) { text += "%" }
        }
        return text
    }
}

extension LogLine {
    /// As it is written.
    var written: String {
        var text = ""
        for (index, part) in parts.enumerated() {
            switch part {
            case .field(let field): text += "%{\(field.rawValue)}"
            case .literal(let literal):
                text += Template.escaped(literal, isLast: index == parts.count - 1)
            }
        }
        return text
    }
}
