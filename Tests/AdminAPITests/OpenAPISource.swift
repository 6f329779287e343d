// api/openapi.yaml as a test reads it, and the Swift file that is made from it. Keys keep their
// order, so that a change of the document is as small in what is generated.

import Foundation
import Yams

enum OpenAPISource {
    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    static let generatedPath =
        "Sources/ControlPlane/AdminAPI/Generated/OpenAPIDocument.swift"

    static func text() throws -> String {
        try String(contentsOf: root.appendingPathComponent("api/openapi.yaml"), encoding: .utf8)
    }

    static func document() throws -> [String: Any] {
        guard let document = try Yams.load(yaml: text()) as? [String: Any] else {
            throw CocoaError(.propertyListReadCorrupt)
        }
        return document
    }

    /// The whole file that holds the document in the program.
    static func generated() throws -> String {
        let yaml = try text()
        guard let node = try Yams.compose(yaml: yaml) else {
            throw CocoaError(.propertyListReadCorrupt)
        }
        return """
            // The OpenAPI document, made from api/openapi.yaml by `make generate`; a test holds the
            // two equal. Not to be edited here.
            // swift-format-ignore-file

            enum OpenAPIDocument {
                static let json = #\"\"\"
            \(try render(node, indent: ""))

            \"\"\"#

                static let yaml = #\"\"\"
            \(yaml)
            \"\"\"#
            }

            """
    }

    /// JSON, on one line where there is room.
    private static func render(_ node: Node, indent: String) throws -> String {
        let flat = try flat(node)
        if flat.utf8.count + indent.utf8.count <= 96 { return flat }
        let deeper = indent + " "
        switch node {
        case .mapping(let mapping):
            let members = try mapping.map { key, value in
                "\(deeper)\(try flatScalar(key.string ?? "")): \(try render(value, indent: deeper))"
            }
            return "{\n\(members.joined(separator: ",\n"))\n\(indent)}"
        case .sequence(let sequence):
            let items = try sequence.map { deeper + (try render($0, indent: deeper)) }
            return "[\n\(items.joined(separator: ",\n"))\n\(indent)]"
        case .scalar, .alias:
            return flat
        }
    }

    private static func flat(_ node: Node) throws -> String {
        switch node {
        case .mapping(let mapping):
            let members = try mapping.map { key, value in
                "\(try flatScalar(key.string ?? "")): \(try flat(value))"
            }
            return "{\(members.joined(separator: ", "))}"
        case .sequence(let sequence):
            return "[\(try sequence.map(flat).joined(separator: ", "))]"
        case .scalar, .alias:
            return try flatScalar(node.any)
        }
    }

    private static func flatScalar(_ value: Any) throws -> String {
        let bytes = try JSONSerialization.data(
            withJSONObject: value, options: [.fragmentsAllowed, .withoutEscapingSlashes])
        return String(decoding: bytes, as: UTF8.self)
    }
}
