// Walks the OpenAPI document of a live master: sends what it says may be sent, and holds every
// answer against what it says may come.

internal import Foundation
internal import TestKit

struct ContractWalk {
    struct Operation {
        var method: String
        var path: String
        var definition: JSONValue
        var parameters: [JSONValue]
        var responses: JSONValue { definition["responses"] }
        var name: String { "\(method) \(path)" }
        var changesState: Bool { method != "GET" }
    }

    let apus: ApusInstance
    let document: JSONValue
    private let validator: SchemaValidator
    let operations: [Operation]
    private(set) var problems: [String] = []
    /// `GET /v1/status 200`.
    private(set) var seen: Set<String> = []
    private(set) var requestCount = 0
    private(set) var exampleCount = 0

    /// The member of a collection's items that names one of them.
    private static let keys = [
        "generations": "generation", "reloads": "id", "revisions": "revision",
        "backends": "name", "servers": "name",
    ]

    init(_ apus: ApusInstance) throws {
        self.apus = apus
        document = try apus.get("/v1/openapi.json").json
        let validator = SchemaValidator(document)
        self.validator = validator
        var operations: [Operation] = []
        for path in document["paths"].names {
            let item = document["paths"][path]
            let shared = item["parameters"].list
            for method in item.names where method != "parameters" {
                operations.append(
                    Operation(
                        method: method.uppercased(), path: path, definition: item[method],
                        parameters: (shared + item[method]["parameters"].list).map {
                            validator.resolved($0)
                        }))
            }
        }
        self.operations = operations
    }

    var documentedCount: Int { operations.reduce(0) { $0 + $1.responses.names.count } }

    // MARK: Examples

    /// Each example of the document is valid by the schema beside it.
    mutating func checkExamples() {
        checkExamples(document, at: "")
    }

    private mutating func checkExamples(_ value: JSONValue, at place: String) {
        switch value {
        case .list(let items):
            for (index, item) in items.enumerated() { checkExamples(item, at: "\(place)/\(index)") }
        case .object(let members):
            // Media types and parameters have a schema; schemas are one.
            let schema = members["schema"] ?? value
            var examples: [JSONValue] = []
            if let example = members["example"] { examples.append(example) }
            switch members["examples"] {
            case .list(let items): examples += items
            case .object(let named): examples += named.values.map { $0["value"] }
            default: break
            }
            for example in examples {
                exampleCount += 1
                let isStream = place.hasSuffix("/text/event-stream")
                for value in isStream ? Self.frames(example.text ?? "") : [example] {
                    problems += validator.problems(value, schema, at: "\(place) example ")
                }
            }
            if let standard = members["default"], case .object = schema, members["schema"] == nil {
                problems += validator.problems(standard, schema, at: "\(place) default ")
            }
            for (name, member) in members where !["example", "examples"].contains(name) {
                checkExamples(member, at: "\(place)/\(name)")
            }
        default:
            break
        }
    }

    // MARK: Requests

    mutating func exercise(_ operation: Operation) throws {
        let path = try filled(operation)
        let bodies = operation.changesState ? bodies(of: operation) : [nil]
        for body in bodies {
            try send(operation, path, body: body)
            for query in queries(of: operation) {
                try send(operation, "\(path)?\(query)", body: body)
            }
        }
        for type in contentTypes(of: operation) {
            try send(operation, path, body: bodies.first ?? nil, fields: ["Accept: \(type)"])
        }
        for field in fields(of: operation) {
            try send(operation, path, body: bodies.first ?? nil, fields: [field])
        }
        try refuse(operation, path)
    }

    /// One request without a body to a path that a test has prepared.
    mutating func send(_ name: String, to path: String) throws {
        guard let operation = operations.first(where: { $0.name == name }) else {
            throw ContractGap(what: "there is no \(name)")
        }
        try send(operation, path, body: "")
    }

    /// What must be refused, in a way that is written.
    private mutating func refuse(_ operation: Operation, _ path: String) throws {
        try send(operation, "\(path)?no_such_parameter=1", body: "{}", expecting: 400)
        try send(
            operation, path, body: "{}", fields: ["Origin: https://evil.example"], expecting: 403)
        if operation.path.contains("{") {
            let nowhere = operation.path.replacing(#/\{[a-z_]+\}/#, with: "999999999")
            try send(operation, nowhere, body: "{}", expecting: 404)
        }
        guard operation.changesState else { return }
        try send(operation, path, body: "{\"", expecting: 400)
        try send(operation, path, body: "[]", expecting: 422)
        try send(operation, path, body: "{\"no_such_field\":1}", expecting: 422)
        try send(operation, path, body: nil, type: nil, expecting: 415)
        // More than any operation takes.
        try send(
            operation, path, body: "{\"a\":\"\(String(repeating: "x", count: 12 << 20))\"}",
            expecting: 413)
    }

    private mutating func send(
        _ operation: Operation, _ target: String, body: String?, type: String? = "application/json",
        fields: [String] = [], expecting expected: Int? = nil
    ) throws {
        var fields = fields + ["Connection: close"]
        let hasBody = operation.changesState
        if hasBody, let type { fields.append("Content-Type: \(type)") }
        // A stream that goes on would never be an answer.
        var target = target.replacing("follow=true", with: "follow=false")
        if operation.parameters.contains(where: { $0["name"].text == "follow" }),
            !target.contains("follow=")
        {
            target += target.contains("?") ? "&follow=false" : "?follow=false"
        }
        requestCount += 1
        let client = try HTTPClient(path: apus.socketPath)
        let request = HTTPClient.request(
            operation.method, target, host: "localhost", fields: fields,
            body: hasBody ? Array((body ?? "").utf8) : nil)
        // The rest of a body that is too large meets a closed connection.
        do { try client.socket.send(request) } catch let failure as SocketFailure
            where failure.isReset
        {}
        let answer = try client.response(to: operation.method, within: 30)
        let name = "\(operation.name) (\(target.prefix(120)))"
        if let expected, answer.status != expected {
            problems.append("\(name): \(answer.status) and not \(expected): \(answer.text)")
        }
        if expected == nil, answer.status >= 500 {
            problems.append("\(name): \(answer.status): \(answer.text)")
        }
        check(answer, of: operation, name)
    }

    // MARK: Answers

    private mutating func check(_ answer: HTTPResponse, of operation: Operation, _ name: String) {
        let response = validator.resolved(operation.responses["\(answer.status)"])
        guard response != .missing else {
            problems.append("\(name): \(answer.status) is not documented: \(answer.text)")
            return
        }
        seen.insert("\(operation.name) \(answer.status)")
        if answer["X-Request-Id"] == nil { problems.append("\(name): no X-Request-Id") }
        for field in response["headers"].names {
            let definition = response["headers"][field]
            guard let value = answer[field] else {
                if definition["required"].bool == true { problems.append("\(name): no \(field)") }
                continue
            }
            let isNumber = definition["schema"]["type"].text == "integer"
            let typed: JSONValue =
                isNumber ? Double(value).map { .number($0) } ?? .text(value) : .text(value)
            problems += validator.problems(typed, definition["schema"], at: "\(name) \(field)")
        }
        let type = String((answer["Content-Type"] ?? "none").prefix { $0 != ";" })
        if response["content"] == .missing, answer.body.isEmpty { return }
        let media = response["content"][type]
        guard media != .missing else {
            problems.append("\(name): \(answer.status) is not documented as \(type)")
            return
        }
        for value in values(answer, type) {
            problems += validator.problems(value, media["schema"], at: "\(name) \(answer.status) ")
        }
    }

    private func values(_ answer: HTTPResponse, _ type: String) -> [JSONValue] {
        if type.hasSuffix("ndjson") {
            let lines = answer.text.split(whereSeparator: \.isNewline)
            return lines.compactMap { try? JSONValue(parsing: Array($0.utf8)) }
                .filter { $0["type"].text?.hasPrefix("stream.") == false }
        }
        if type == "text/event-stream" { return Self.frames(answer.text) }
        return type.hasSuffix("json") ? [answer.json] : [.text(answer.text)]
    }

    /// Each frame of server-sent events as an object (WHATWG HTML §9.2.6).
    private static func frames(_ text: String) -> [JSONValue] {
        text.replacing("\r\n", with: "\n").split(separator: "\n\n").compactMap { frame in
            var members: [String: JSONValue] = [:]
            for line in frame.split(separator: "\n") where !line.hasPrefix(":") {
                let pieces = line.split(separator: ": ", maxSplits: 1)
                if pieces.count == 2 { members[String(pieces[0])] = .text(String(pieces[1])) }
            }
            return members.isEmpty ? nil : .object(members)
        }
    }

    // MARK: What may be sent

    /// A live thing for each parameter of the path: the newest of its collection.
    private func filled(_ operation: Operation) throws -> String {
        var path = ""
        for segment in operation.path.split(separator: "/") {
            guard segment.hasPrefix("{") else {
                path += "/\(segment)"
                continue
            }
            let collection = path.split(separator: "/").last.map(String.init) ?? ""
            let first = try apus.get(path).json["items"][0][Self.keys[collection] ?? "id"]
            switch first {
            case .number(let number): path += "/\(Int(number))"
            case .text(let text): path += "/\(text)"
            default: throw ContractGap(what: "\(path) has no item for \(segment)")
            }
        }
        return path
    }

    private func bodies(of operation: Operation) -> [String?] {
        let media = validator.resolved(operation.definition["requestBody"])["content"][
            "application/json"]
        let examples = media["examples"].names.map { media["examples"][$0]["value"].description }
        return [""] + examples
    }

    /// Each example and each value of each parameter, one at a time.
    private func queries(of operation: Operation) -> [String] {
        operation.parameters.filter { $0["in"].text == "query" }.flatMap { parameter in
            let name = parameter["name"].text ?? ""
            let schema = validator.resolved(parameter["schema"])
            var values = schema["examples"].list + parameter["examples"].list + schema["enum"].list
            if schema["type"].text == "boolean" { values += [.boolean(true), .boolean(false)] }
            if schema["default"] != .missing { values.append(schema["default"]) }
            return values.map { value in
                let items = value.list.compactMap(\.text)
                let text =
                    items.isEmpty
                    ? value.text ?? value.description : items.joined(separator: ",")
                return "\(name)=\(text.replacing(" ", with: "%20").replacing("*", with: "%2A"))"
            }
        }
    }

    /// Each example of each parameter in the head.
    private func fields(of operation: Operation) -> [String] {
        operation.parameters.filter { $0["in"].text == "header" }.flatMap { parameter in
            validator.resolved(parameter["schema"])["examples"].list.map {
                "\(parameter["name"].text ?? ""): \($0.text ?? $0.description)"
            }
        }
    }

    private func contentTypes(of operation: Operation) -> [String] {
        let types = validator.resolved(operation.responses["200"])["content"].names
        return operation.changesState || types.count < 2 ? [] : types
    }
}

/// The walk does not know how to go on.
struct ContractGap: Error, CustomStringConvertible {
    var what: String

    var description: String { what }
}
