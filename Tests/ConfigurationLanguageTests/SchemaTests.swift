// The schema and the readers accept and refuse the same. Nothing here names a field: places come
// from the schema, names of fields from what the readers ask for.

import Foundation
import JSON
import Model
import Testing

import struct TestKit.CommandResult

@testable import ConfigurationLanguage

@Suite struct SchemaTests {
    private static let walk: Result<SchemaWalk, any Error> = Result {
        SchemaWalk(try SchemaFile())
    }

    private static let isLongRun = ProcessInfo.processInfo.environment["APUS_LONG"] == "1"

    private func walk() throws -> SchemaWalk { try Self.walk.get() }

    @Test func everyPropertyHasAnExampleThatIsRead() throws {
        let walk = try walk()
        #expect(walk.unreached == [])
        #expect(walk.places.count > 100)
    }

    /// The other direction: a field that a reader knows and the schema does not.
    @Test func theReadersAskForTheFieldsOfTheSchema() throws {
        var written: [String: Set<String>] = [:]
        var asked: [String: Set<String>] = [:]
        for place in try walk().places where place.schema["properties"] != nil {
            written[place.location] = Set(place.properties.map(\.name))
            let notes = FieldNotes(reading: place.document)
            asked[place.location, default: []].formUnion(notes.fields[place.pointer] ?? [])
        }
        #expect(asked == written)
    }

    /// The same for the words of a choice.
    @Test func theReadersKnowTheWordsOfTheSchema() throws {
        for place in try walk().places {
            let notes = FieldNotes(reading: place.document)
            guard let words = notes.choices[place.pointer] else { continue }
            let written = ([place.schema] + (place.schema["anyOf"]?.arrayValue ?? []))
                .flatMap { $0["enum"]?.arrayValue ?? [] }.compactMap(\.stringValue)
            #expect(Set(words) == Set(written), "\(place.location)")
        }
    }

    /// Values of every kind at every place, and each limit from both sides. Of texts and
    /// examples every fourth, others at each place; all of them in the long form.
    @Test func valuesAreJudgedAlike() throws {
        let walk = try walk()
        let examples = Set(
            walk.places.flatMap { $0.schema["examples"]?.arrayValue ?? [] }.map(Text.init)
        ).sorted { $0.text < $1.text }
        var cases: [Case] = []
        var visited: Set<String> = []
        var number = 0
        for place in walk.places where !place.path.isEmpty {
            // Texts are for where one may stand, and once: other surroundings change little.
            let takesText =
                visited.insert(place.location).inserted
                && place.schema["type"]?.stringValue != "object"
            number += 1
            let many =
                (takesText ? SchemaSamples.texts : []) + examples.map(\.value)
            let some = many.enumerated().filter { place, _ in
                Self.isLongRun || (place + number) % 4 == 0
            }
            let samples =
                SchemaSamples.values + SchemaSamples.limits(place.schema) + some.map(\.element)
            for sample in samples {
                cases.append(Case(place.location, place.document(with: sample)))
            }
        }
        try expectAgreement(cases)
    }

    /// Objects with a field too many or too few, and with any two fields side by side.
    @Test func shapesAreJudgedAlike() throws {
        let walk = try walk()
        var cases: [Case] = []
        for place in walk.places where !place.properties.isEmpty {
            for name in ["x", "X", "$schema", "on"] + place.properties.map({ $0.name + "s" }) {
                let path = place.path + [.field(name)]
                cases.append(Case(place.location, place.document.replacing(path[...], with: 1)))
            }
            let examples = place.properties.flatMap { property in
                Self.examples(walk.file.resolved(property.value)).map { (property.name, $0) }
            }
            for (name, _) in examples {
                let path = place.path + [.field(name)]
                cases.append(Case(place.location, place.document.replacing(path[...], with: nil)))
            }
            for (index, one) in examples.enumerated() {
                for other in examples[(index + 1)...] where other.0 != one.0 {
                    for document in walk.surroundings(of: one.0, one.1, in: place) {
                        let path = place.path + [.field(other.0)]
                        cases.append(
                            Case(place.location, document.replacing(path[...], with: other.1)))
                    }
                }
            }
        }
        try expectAgreement(cases)
    }

    /// Every example of a property, and every word of a choice.
    private static func examples(_ schema: JSONValue) -> [JSONValue] {
        (schema["examples"]?.arrayValue ?? [])
            + ([schema] + (schema["anyOf"]?.arrayValue ?? []))
            .flatMap { $0["enum"]?.arrayValue ?? [] }
    }

    @Test func examplesAreValid() throws {
        let walk = try walk()
        let whole = walk.file.document["examples"]?.arrayValue ?? []
        for example in whole {
            #expect(read(bytes: try JSONText.write(example)).errors == [])
            #expect(read(bytes: try JSONText.write(example)).warnings == [])
        }
        var valid: [JSONValue] = whole
        for place in walk.places where !place.path.isEmpty {
            for example in place.schema["examples"]?.arrayValue ?? [] {
                let document = place.document(with: example)
                if Verdict.of(document).isValid { valid.append(document) }
            }
        }
        #expect(try SchemaFile.verdicts(valid).allSatisfy { $0 })
    }

    /// Leaving a field out and writing its default is the same.
    @Test func defaultsAreThoseOfTheReaders() throws {
        var count = 0
        for place in try walk().places {
            guard let written = place.schema["default"] else { continue }
            let with = place.document(with: written)
            let without = place.document(with: nil)
            guard case .valid(let left, _) = read(bytes: try JSONText.write(with)),
                case .valid(let right, _) = read(bytes: try JSONText.write(without))
            else { continue }
            #expect(left == right, "\(place.location)")
            count += 1
        }
        #expect(count > 30)
    }

    /// What we hand out is valid, though it is YAML.
    @Test func ourOwnConfigurationsAreValid() throws {
        let deployed = SchemaFile.root.appendingPathComponent("deploy/examples/apus.yaml")
        let texts = [
            EmbeddedConfiguration.text, Sample.supported,
            try String(contentsOf: deployed, encoding: .utf8),
        ]
        let documents = texts.compactMap { JSONValue(yaml: $0) }
        #expect(documents.count == texts.count)
        #expect(try SchemaFile.verdicts(documents) == texts.map { _ in true })
    }

    @Test func theProgramHoldsTheFile() throws {
        let file = try Data(contentsOf: URL(fileURLWithPath: SchemaFile.path))
        #expect(Data(ConfigurationSchema.bytes) == file)
    }

    /// The reference page is made of the schema, and the patterns of ranges of what they say.
    @Test(arguments: ["config-reference", "range-pattern"])
    func whatIsMadeOfTheSchemaIsUpToDate(_ script: String) throws {
        let program = SchemaFile.root.appendingPathComponent("scripts/\(script)").path
        let result = try CommandResult.run(program, ["--check"])
        #expect(result.code == 0, "\(result.errorOutput)")
    }

    private struct Case {
        var location: String
        var document: JSONValue

        init(_ location: String, _ document: JSONValue) {
            self.location = location
            self.document = document
        }
    }

    private func expectAgreement(_ cases: [Case]) throws {
        var read: [Verdict] = []
        let verdicts = try SchemaFile.verdicts(cases.map(\.document)) {
            read = cases.map { Verdict.of($0.document) }
        }
        let different = zip(cases, zip(verdicts, read)).filter { $0.1.0 != $0.1.1.isValid }
        for (single, (isValid, verdict)) in different.prefix(40) {
            let text = String(decoding: try JSONText.write(single.document), as: UTF8.self)
            Issue.record(
                """
                \(single.location): the schema says \(isValid ? "valid" : "invalid"), the reader \
                \(verdict.problems.first.map { "\($0)" } ?? "valid"): \(text.prefix(400))
                """)
        }
        #expect(verdicts.contains(true))
        #expect(verdicts.contains(false))
    }
}

/// A JSON value by its text, to be one of a set.
private struct Text: Hashable {
    let value: JSONValue
    let text: String

    init(_ value: JSONValue) {
        self.value = value
        text = "\(value)"
    }

    static func == (left: Text, right: Text) -> Bool { left.text == right.text }
    func hash(into hasher: inout Hasher) { hasher.combine(text) }
}

/// What the readers asked for while they read a document, by pointer.
private struct FieldNotes {
    var fields: [String: Set<String>] = [:]
    var choices: [String: [String]] = [:]

    init(reading document: JSONValue) {
        let bytes = (try? JSONText.write(document)) ?? []
        let problems = ProblemList(file: "test.json")
        let source = SourceText(bytes)
        var composer = YAMLComposer(source, problems: problems)
        guard let root = composer.compose() else { return }
        let whole = DocumentReading(.withheld)
        let reading = ConfigurationReading(
            source: source, problems: problems, document: whole, fileIndex: 0)
        var fields: [String: Set<String>] = [:]
        var choices: [String: [String]] = [:]
        whole.noteAsked = { pointer, asked in
            switch asked {
            case .field(let name): fields[pointer, default: []].insert(name)
            case .choice(let names): choices[pointer] = names
            }
        }
        _ = ValueReader(node: root, pointer: "", owner: nil, reading: reading)
            .configuration(including: [])
        whole.finish()
        (self.fields, self.choices) = (fields, choices)
    }
}

extension JSONValue {
    /// A YAML text typed as an editor does it (YAML 1.2, the core schema).
    fileprivate init?(yaml: String) {
        let source = SourceText(Array(yaml.utf8))
        var composer = YAMLComposer(source, problems: ProblemList(file: "test.yaml"))
        guard let root = composer.compose() else { return nil }
        self.init(root)
    }

    private init(_ node: YAMLNode) {
        switch node.content {
        case .mapping(let entries):
            self = .object(
                JSONObject(entries.map { .init(name: $0.key, value: JSONValue($0.value)) }))
        case .sequence(let nodes): self = .array(nodes.map { JSONValue($0) })
        case .scalar(let scalar) where scalar.isPlain:
            switch scalar.text {
            case "", "~", "null": self = .null
            case "true", "false": self = .bool(scalar.text == "true")
            case let text: self = Int64(text).map { .integer($0) } ?? .string(text)
            }
        case .scalar(let scalar): self = .string(scalar.text)
        case .refused: self = .null
        }
    }
}
