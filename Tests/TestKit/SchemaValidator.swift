// Holds values against the JSON Schemas (2020-12) of an OpenAPI document: the keywords that the
// contract uses, and a complaint about any other, so that none is silently ignored.

internal import Foundation

/// Schemas of one document.
public struct SchemaValidator: Sendable {
    private let root: JSONValue
    /// Words that say nothing about what is valid.
    private static let annotations: Set = [
        "description", "examples", "example", "default", "title", "summary", "deprecated",
        "$schema", "$id", "$defs", "$comment", "contentMediaType",
    ]

    public init(_ document: JSONValue) {
        root = document
    }

    /// What `#/components/…` names, or the value itself.
    public func resolved(_ value: JSONValue) -> JSONValue {
        guard let reference = value["$ref"].text, reference.hasPrefix("#/") else { return value }
        var target = root
        for name in reference.dropFirst(2).split(separator: "/") {
            let member = name.replacing("~1", with: "/").replacing("~0", with: "~")
            target = target[String(member)]
        }
        return target
    }

    /// All that is wrong with `value`, each with its place.
    public func problems(_ value: JSONValue, _ schema: JSONValue, at place: String = "") -> [String]
    {
        if case .boolean(let isValid) = schema { return isValid ? [] : ["\(place): not allowed"] }
        guard case .object(let keywords) = schema else {
            return ["\(place): no schema, but \(schema)"]
        }
        var problems: [String] = []
        for (keyword, argument) in keywords where !Self.annotations.contains(keyword) {
            problems += check(keyword, argument, schema, value, place)
        }
        return problems
    }

    private func check(
        _ keyword: String, _ argument: JSONValue, _ schema: JSONValue, _ value: JSONValue,
        _ place: String
    ) -> [String] {
        switch keyword {
        case "$ref": self.problems(value, resolved(schema), at: place)
        case "type": checkType(argument, value, place)
        case "const": value == argument ? [] : ["\(place): \(value) is not \(argument)"]
        case "enum":
            argument.list.contains(value) ? [] : ["\(place): \(value) is none of \(argument)"]
        case "allOf": argument.list.flatMap { problems(value, $0, at: place) }
        case "anyOf", "oneOf": checkChoice(keyword, argument.list, value, place)
        case "required", "properties", "additionalProperties", "items", "minItems", "maxItems":
            checkParts(keyword, argument, schema, value, place)
        case "minimum", "maximum", "pattern", "minLength", "maxLength", "format":
            checkScalar(keyword, argument, value, place)
        default:
            keyword.hasPrefix("x-") ? [] : ["\(place): the keyword \(keyword) is not known here"]
        }
    }

    private func checkType(
        _ argument: JSONValue, _ value: JSONValue, _ place: String
    ) -> [String] {
        let wanted = argument.text.map { [$0] } ?? argument.list.compactMap(\.text)
        let types: [String] =
            switch value {
            case .missing: []
            case .null: ["null"]
            case .boolean: ["boolean"]
            case .number(let number):
                number == number.rounded() ? ["integer", "number"] : ["number"]
            case .text: ["string"]
            case .list: ["array"]
            case .object: ["object"]
            }
        let isRight = wanted.contains { types.contains($0) }
        return isRight ? [] : ["\(place): \(value) is not \(wanted.joined(separator: " or "))"]
    }

    private func checkChoice(
        _ keyword: String, _ schemas: [JSONValue], _ value: JSONValue, _ place: String
    ) -> [String] {
        let all = schemas.map { problems(value, $0, at: place) }
        let count = all.count { $0.isEmpty }
        if count == 1 || (keyword == "anyOf" && count > 1) { return [] }
        if count > 1 { return ["\(place): \(count) of oneOf are right"] }
        return ["\(place): none of \(keyword) is right"] + all.flatMap(\.self)
    }

    private func checkParts(
        _ keyword: String, _ argument: JSONValue, _ schema: JSONValue, _ value: JSONValue,
        _ place: String
    ) -> [String] {
        switch (keyword, value) {
        case ("required", .object(let members)):
            return argument.list.compactMap(\.text).filter { members[$0] == nil }
                .map { "\(place): \($0) is missing" }
        case ("properties", .object(let members)):
            return members.flatMap { name, member in
                let schema = argument[name]
                return schema == .missing
                    ? [] : problems(member, schema, at: "\(place)/\(name)")
            }
        case ("additionalProperties", .object(let members)):
            let known = schema["properties"].names
            return members.filter { !known.contains($0.key) }.flatMap { name, member in
                problems(member, argument, at: "\(place)/\(name)")
            }
        case ("items", .list(let items)):
            return items.enumerated().flatMap { index, item in
                problems(item, argument, at: "\(place)/\(index)")
            }
        case ("minItems", .list(let items)):
            return items.count < argument.int ?? 0 ? ["\(place): too few items"] : []
        case ("maxItems", .list(let items)):
            return items.count > argument.int ?? .max ? ["\(place): too many items"] : []
        default:
            return []
        }
    }

    private func checkScalar(
        _ keyword: String, _ argument: JSONValue, _ value: JSONValue, _ place: String
    ) -> [String] {
        let isRight: Bool
        switch (keyword, value, argument) {
        case ("minimum", .number(let number), .number(let bound)): isRight = number >= bound
        case ("maximum", .number(let number), .number(let bound)): isRight = number <= bound
        case ("minLength", .text(let text), .number(let bound)):
            isRight = Double(text.unicodeScalars.count) >= bound
        case ("maxLength", .text(let text), .number(let bound)):
            isRight = Double(text.unicodeScalars.count) <= bound
        case ("pattern", .text(let text), .text(let pattern)):
            isRight = text.range(of: pattern, options: .regularExpression) != nil
        case ("format", .text(let text), .text("date-time")):
            let pattern = #"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"#
            isRight = text.range(of: pattern, options: .regularExpression) != nil
        default: isRight = true
        }
        return isRight ? [] : ["\(place): \(value) breaks \(keyword) \(argument)"]
    }
}
