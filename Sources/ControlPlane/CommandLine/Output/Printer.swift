// How one run of a command prints its answer: in which format, and whether at all. Needs no
// master, so offline commands print with it too.

import Clock
import JSON

struct Printer: Sendable {
    /// What a text for people depends on besides its value.
    struct Style {
        var isWide: Bool
        var colour: Bool
        var now: WallTime
    }

    let format: OutputFormat
    let isQuiet: Bool

    /// Without -o, people get a table and pipes get JSON.
    init(_ options: GlobalOptions) {
        format = options.output ?? (Console.isTerminal ? .table : .json)
        isQuiet = options.quiet
    }

    /// Prints `value`, or `text` of it for people. `body` is the value as the API sent it: JSON is
    /// that, byte for byte.
    func show(_ value: JSONValue, body: [UInt8]? = nil, _ text: (JSONValue, Style) -> String) {
        guard !isQuiet else { return }
        if let bytes = Self.bytes(value, body: body, format: format) {
            Console.output(bytes: bytes)
            return
        }
        let shown = text(
            value, Style(isWide: format == .wide, colour: Console.hasColour, now: .now()))
        if !shown.isEmpty { Console.output(shown) }
    }

    /// For programs; nil with the formats for people. A collection without items is nothing in
    /// NDJSON.
    static func bytes(
        _ value: JSONValue, body: [UInt8]? = nil, format: OutputFormat
    ) -> [UInt8]? {
        // What was parsed can be written.
        let line = { (value: JSONValue) in
            ((try? JSONText.write(value)) ?? []) + [UInt8(ascii: "\n")]
        }
        switch format {
        case .table, .wide: return nil
        case .json: return body ?? line(value)
        case .yaml: return Array(YAMLText.document(value).utf8)
        case .ndjson: return (value["items"]?.arrayValue ?? [value]).flatMap(line)
        }
    }
}
