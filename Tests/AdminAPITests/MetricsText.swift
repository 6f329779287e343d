// A strict reader of the Prometheus text format 0.0.4: what it does not know it refuses.

struct MetricsText {
    struct Sample {
        var name: String
        var labels: [(name: String, value: String)]
        var value: String
    }
    struct Family {
        var name: String
        var help: String
        var kind: String
        var samples: [Sample] = []
    }
    struct Malformed: Error { var line: String }

    var families: [Family] = []
    /// By the series as it is written, for values without escapes.
    var values: [String: String] = [:]

    init(_ text: String) throws {
        guard text.hasSuffix("\n") else { throw Malformed(line: "the end") }
        var help: (name: String, text: String)?
        for line in text.dropLast().split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("# HELP ") {
                let parts = line.dropFirst(7).split(separator: " ", maxSplits: 1)
                guard parts.count == 2, help == nil else { throw Malformed(line: String(line)) }
                help = (String(parts[0]), try Self.unescaped(parts[1], quotes: false))
            } else if line.hasPrefix("# TYPE ") {
                let parts = line.dropFirst(7).split(separator: " ")
                guard parts.count == 2, let said = help, said.name == parts[0],
                    ["counter", "gauge", "histogram"].contains(parts[1])
                else { throw Malformed(line: String(line)) }
                families.append(
                    Family(name: said.name, help: said.text, kind: String(parts[1])))
                help = nil
            } else {
                try add(String(line))
            }
        }
    }

    private mutating func add(_ line: String) throws {
        guard let space = line.lastIndex(of: " "), let family = families.last else {
            throw Malformed(line: line)
        }
        let series = line[..<space]
        let value = String(line[line.index(after: space)...])
        let name = series.prefix { $0 != "{" }
        let suffixes = family.kind == "histogram" ? ["_bucket", "_sum", "_count"] : [""]
        guard Double(value) != nil, values[String(series)] == nil,
            suffixes.contains(where: { name == family.name + $0 }),
            name.wholeMatch(of: /[a-zA-Z_:][a-zA-Z0-9_:]*/) != nil
        else { throw Malformed(line: line) }
        values[String(series)] = value
        let labels = try Self.labels(series.dropFirst(name.count))
        families[families.count - 1].samples.append(
            Sample(name: String(name), labels: labels, value: value))
    }

    /// `{a="x",b="y"}`, or nothing.
    private static func labels(_ text: Substring) throws -> [(name: String, value: String)] {
        if text.isEmpty { return [] }
        guard text.first == "{", text.last == "}" else { throw Malformed(line: String(text)) }
        var rest = text.dropFirst().dropLast()
        var labels: [(name: String, value: String)] = []
        while !rest.isEmpty {
            guard let match = rest.prefixMatch(of: /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"/)
            else { throw Malformed(line: String(text)) }
            labels.append((String(match.1), try unescaped(match.2, quotes: true)))
            rest = rest[match.range.upperBound...]
            if rest.isEmpty { break }
            guard rest.first == ",", rest.count > 1 else { throw Malformed(line: String(text)) }
            rest = rest.dropFirst()
        }
        return labels
    }

    private static func unescaped(_ text: Substring, quotes: Bool) throws -> String {
        var result = ""
        var isEscape = false
        for character in text {
            switch (isEscape, character) {
            case (true, "\\"): result += "\\"
            case (true, "n"): result += "\n"
            case (true, "\"") where quotes: result += "\""
            case (true, _): throw Malformed(line: String(text))
            case (false, "\\"):
                isEscape = true
                continue
            case (false, _): result.append(character)
            }
            isEscape = false
        }
        if isEscape { throw Malformed(line: String(text)) }
        return result
    }
}
