// Every place of the configuration that the schema knows, each in a document that is valid around
// it. Found by walking the schema, so a new property is walked, too.

import JSON
import Testing

@testable import ConfigurationLanguage

/// A place of the schema within a document.
struct SchemaPlace {
    /// As the schema says it: `/frontends/*/routes/*/match/host`.
    var location: String
    /// A valid document that has this place.
    var document: JSONValue
    var path: [DocumentStep]
    /// Without references.
    var schema: JSONValue

    /// RFC 6901. The names of the documents need no escapes.
    var pointer: String {
        path.map { step in
            switch step {
            case .field(let name): "/" + name
            case .item(let index): "/\(index)"
            }
        }.joined()
    }

    var value: JSONValue {
        path.reduce(document) { value, step in
            switch step {
            case .field(let name): value[name] ?? .null
            case .item(let index): value[index] ?? .null
            }
        }
    }

    var properties: [JSONObject.Member] { schema["properties"]?.objectValue?.members ?? [] }

    /// The document with another value here.
    func document(with value: JSONValue?) -> JSONValue {
        document.replacing(path[...], with: value)
    }
}

struct SchemaWalk {
    let file: SchemaFile
    /// In each of its contexts: a route of a TCP frontend is another place than one of HTTP.
    private(set) var places: [SchemaPlace] = []
    /// Properties for which no example makes a valid document in any context.
    var unreached: Set<String> { seen.subtracting(places.map(\.location)) }

    private var seen: Set<String> = []

    init(_ file: SchemaFile) {
        self.file = file
        visit(
            SchemaPlace(
                location: "", document: ["version": 1], path: [],
                schema: file.resolved(file.document)))
    }

    private mutating func visit(_ place: SchemaPlace) {
        places.append(place)
        for property in place.properties { enter(property, of: place) }
        // A mapping with names of the operator's choice, and a list: by their first member.
        if let value = place.schema["additionalProperties"], value.objectValue != nil,
            let first = place.value.objectValue?.members.first
        {
            visit(below(place, .field(first.name), "*", value))
        } else if let item = place.schema["items"], place.value[0] != nil {
            visit(below(place, .item(0), "*", item))
        }
        // A mapping where a single value would do as well.
        for part in objects(of: place.schema) where place.value.objectValue != nil {
            var whole = place
            whole.schema = part
            visit(whole)
        }
    }

    /// A property with the value that it has here, or else with its examples, in the first
    /// surroundings that each fits in. One will do where nothing is below.
    private mutating func enter(_ property: JSONObject.Member, of place: SchemaPlace) {
        var inner = below(place, .field(property.name), property.name, property.value)
        seen.insert(inner.location)
        let examples =
            place.value[property.name].map { [$0] } ?? inner.schema["examples"]?.arrayValue ?? []
        for example in examples {
            guard
                let document = surroundings(of: property.name, example, in: place)
                    .first(where: { Verdict.of($0).isValid })
            else { continue }
            inner.document = document
            visit(inner)
            if !hasChildren(inner.schema) { return }
        }
    }

    /// The object of the place with the property: as it is, and with nothing but what it needs.
    func surroundings(
        of name: String, _ value: JSONValue, in place: SchemaPlace
    ) -> [JSONValue] {
        var full = place.value.objectValue ?? JSONObject()
        var least = JSONObject(full.members.filter { required(place).contains($0.name) })
        full[name] = value
        least[name] = value
        return [full, least].map { place.document(with: .object($0)) }
    }

    func required(_ place: SchemaPlace) -> [String] {
        place.schema["required"]?.arrayValue?.compactMap(\.stringValue) ?? []
    }

    private func hasChildren(_ schema: JSONValue) -> Bool {
        ["properties", "additionalProperties", "items"].contains { schema[$0]?.objectValue != nil }
            || !objects(of: schema).isEmpty
    }

    /// The alternatives of a value that are mappings with fields.
    private func objects(of schema: JSONValue) -> [JSONValue] {
        (schema["anyOf"]?.arrayValue ?? []).map(file.resolved)
            .filter { $0["type"] == "object" && $0["properties"]?.objectValue != nil }
    }

    private func below(
        _ place: SchemaPlace, _ step: DocumentStep, _ name: String, _ schema: JSONValue
    ) -> SchemaPlace {
        SchemaPlace(
            location: "\(place.location)/\(name)", document: place.document,
            path: place.path + [step], schema: file.resolved(schema))
    }
}

/// What the reader of the language says of a document.
struct Verdict {
    var isValid: Bool
    var problems: [ConfigurationProblem]

    /// What the whole document must say, and no schema can.
    private static let beyondSchemas: Set<ConfigurationProblem.Code> = [
        .unknownReference, .duplicateAddress, .fileMissing, .protectedAddress, .referenceCycle,
        .unreachableFrontend,
        .plaintextListener, .mixedFamilies,
    ]

    static func of(_ document: JSONValue) -> Verdict {
        guard var bytes = try? JSONText.write(document) else {
            return Verdict(isValid: false, problems: [])
        }
        // YAML wants DEL written with an escape, which is the same text.
        if bytes.contains(0x7F) {
            bytes = bytes.flatMap { $0 == 0x7F ? Array("\\u007f".utf8) : [$0] }
        }
        let source = ConfigurationSource(
            text: ConfigurationText(bytes: bytes), fileName: "test.json")
        let problems = source.report(resolving: .withheld).errors
            .filter { !beyondSchemas.contains($0.code) }
        return Verdict(isValid: problems.isEmpty, problems: problems)
    }
}
