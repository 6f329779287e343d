// api/config.schema.json as the tests walk it, and the verdict of a foreign validator on documents.

import Foundation
import JSON
import Testing

import class TestKit.ChildProcess
import class TestKit.TemporaryDirectory

/// The schema with its definitions at hand.
struct SchemaFile {
    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    static let path = root.appendingPathComponent("api/config.schema.json").path

    let document: JSONValue

    init() throws {
        document = try JSONText.parse(Array(Data(contentsOf: URL(fileURLWithPath: Self.path))))
    }

    /// The schema with what it refers to beside its own keywords, which win.
    func resolved(_ schema: JSONValue) -> JSONValue {
        guard let name = schema["$ref"]?.stringValue?.split(separator: "/").last,
            let definition = document["$defs"]?[String(name)],
            case .object(var merged) = resolved(definition), case .object(let own) = schema
        else { return schema }
        for member in own.members where member.name != "$ref" {
            merged[member.name] = member.value
        }
        return .object(merged)
    }

    /// Whether each document fits, in the eyes of PyPI's jsonschema, which takes its time: something
    /// else can be done meanwhile.
    static func verdicts(
        _ documents: [JSONValue], meanwhile: () -> Void = {}
    ) throws -> [Bool] {
        let folder = try TemporaryDirectory()
        let lines = try documents.map { String(decoding: try JSONText.write($0), as: UTF8.self) }
        let file = try folder.write("documents", lines.map { $0 + "\n" }.joined())
        let program = root.appendingPathComponent("scripts/schema-verdicts").path
        let process = try ChildProcess(program, [path, file], directory: folder)
        meanwhile()
        let end = try process.waitForEnd(within: 300)
        try #require(end == .code(0), "\(process.errorOutput)")
        let verdicts = process.output.split(separator: "\n").map { $0 == "1" }
        try #require(verdicts.count == documents.count)
        return verdicts
    }
}

/// A step into a document.
enum DocumentStep: Hashable {
    case field(String)
    case item(Int)
}

extension JSONValue {
    /// This value with another one at a place, which need not be there yet; nil takes it away.
    func replacing(_ path: ArraySlice<DocumentStep>, with value: JSONValue?) -> JSONValue {
        guard let first = path.first else { return value ?? .null }
        let rest = path.dropFirst()
        switch first {
        case .field(let name):
            var object = objectValue ?? JSONObject()
            object[name] =
                rest.isEmpty ? value : (object[name] ?? [:]).replacing(rest, with: value)
            return .object(object)
        case .item(let index):
            guard var items = arrayValue, items.indices.contains(index) else { return self }
            items[index] = items[index].replacing(rest, with: value)
            return .array(items)
        }
    }
}
