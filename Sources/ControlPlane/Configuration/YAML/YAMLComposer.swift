// Events → one tree. Refuses with a place what the language leaves out of YAML (anchors, aliases,
// tags, merge keys, keys that are not text, several documents), keys given twice, and whatever
// passes the limits; the tree it returns is therefore never larger than the text deserves.

/// What a text may be at most. 10,000 servers of six values each take a tenth of the nodes.
enum DocumentLimit {
    static let textBytes = 10 << 20
    static let depth = 64
    static let nodeCount = 600_000
    static let directiveCount = 100
}

struct YAMLComposer {
    private let events: YAMLEventStream
    private let source: SourceText
    private let problems: ProblemList
    /// Over all files of a document.
    private(set) var nodeCount: Int
    /// Keys and indices from the root to where we are.
    private var path: [String] = []

    /// `compose` gave up.
    private(set) var isStopped = false

    /// Reading cannot go on; why is among the problems.
    private struct Stop: Error {}

    init(_ source: SourceText, problems: ProblemList, nodeCountBefore: Int = 0) {
        self.source = source
        nodeCount = nodeCountBefore
        self.problems = problems
        events = YAMLEventStream(source.parserBytes)
    }

    /// The root of the only document, nil where there is none to speak of (then the problems say
    /// why, or the text is empty).
    mutating func compose() -> YAMLNode? {
        do {
            return try composeDocument()
        } catch let error as YAMLSyntaxError {
            report(error)
        } catch {
            // Stop: reported where it was thrown.
        }
        isStopped = true
        return nil
    }

    private mutating func composeDocument() throws -> YAMLNode? {
        var root: YAMLNode?
        while true {
            let event = try nextEvent()
            switch event.kind {
            case .streamStart, .documentEnd:
                continue
            case .streamEnd:
                return root
            case .documentStart:
                if root != nil {
                    report(
                        .yamlFeature, event.start,
                        "a second document begins here, a configuration is a single one")
                    throw Stop()
                }
                root = try node(try nextEvent(), depth: 1)
            case .alias, .scalar, .sequenceStart, .sequenceEnd, .mappingStart, .mappingEnd:
                return root
            }
        }
    }

    private mutating func node(_ event: YAMLEvent, depth: Int) throws -> YAMLNode {
        nodeCount += 1
        guard nodeCount <= DocumentLimit.nodeCount else {
            report(.tooLarge, event.start, "more than \(DocumentLimit.nodeCount) values")
            throw Stop()
        }
        guard depth <= DocumentLimit.depth else {
            report(.tooLarge, event.start, "nested deeper than \(DocumentLimit.depth) levels")
            throw Stop()
        }
        refuseProperties(of: event)
        switch event.kind {
        case .scalar(let text, let isPlain):
            if text.utf8.contains(0) {
                report(.invalidValue, event.start, "a text cannot hold the NUL character")
            }
            let scalar = YAMLScalar(text: text, isPlain: isPlain, end: event.end)
            return YAMLNode(content: .scalar(scalar), position: event.start)
        case .sequenceStart:
            return YAMLNode(content: .sequence(try items(depth)), position: event.start)
        case .mappingStart:
            return YAMLNode(content: .mapping(try entries(depth)), position: event.start)
        case .alias:
            report(
                .yamlFeature, event.start,
                "aliases (*name) are not part of the language, write the value out")
            return YAMLNode(content: .refused, position: event.start)
        case .streamStart, .streamEnd, .documentStart, .documentEnd, .sequenceEnd, .mappingEnd:
            throw Stop()
        }
    }

    private mutating func items(_ depth: Int) throws -> [YAMLNode] {
        var items: [YAMLNode] = []
        while true {
            let event = try nextEvent()
            if case .sequenceEnd = event.kind { return items }
            path.append(String(items.count))
            items.append(try node(event, depth: depth + 1))
            path.removeLast()
        }
    }

    private mutating func entries(_ depth: Int) throws -> [YAMLEntry] {
        var entries: [YAMLEntry] = []
        var seen: [String: TextPosition] = [:]
        while true {
            let event = try nextEvent()
            if case .mappingEnd = event.kind { return entries }
            let key = try key(event, depth: depth)
            path.append(key ?? "?")
            let value = try node(try nextEvent(), depth: depth + 1)
            defer { path.removeLast() }
            guard let key else { continue }
            if let first = seen.updateValue(event.start, forKey: key) {
                seen[key] = first
                report(
                    .duplicateKey, event.start,
                    "\(quoted(key)) stands twice, first in line \(first.line), column "
                        + "\(first.column)")
                continue
            }
            entries.append(YAMLEntry(key: key, keyPosition: event.start, value: value))
        }
    }

    /// Nil for a key that was reported.
    private mutating func key(_ event: YAMLEvent, depth: Int) throws -> String? {
        guard case .scalar(let text, let isPlain) = event.kind else {
            _ = try node(event, depth: depth + 1)
            if case .alias = event.kind { return nil }
            report(.yamlFeature, event.start, "a key is a text, not a list or a mapping")
            return nil
        }
        refuseProperties(of: event)
        if isPlain, text == "<<" {
            report(
                .yamlFeature, event.start,
                "merge keys (<<) are not part of the language, write the fields out")
            return nil
        }
        if text.isEmpty || text.utf8.contains(0) {
            report(.yamlSyntax, event.start, "a key is missing before the colon")
            return nil
        }
        return text
    }

    private func refuseProperties(of event: YAMLEvent) {
        if event.hasAnchor {
            report(.yamlFeature, event.start, "anchors (&name) are not part of the language")
        }
        if event.hasTag {
            report(
                .yamlFeature, event.start,
                "tags (!name) are not part of the language, the field says what a value is")
        }
    }

    private func nextEvent() throws -> YAMLEvent {
        var event = try events.next()
        event.start = source.written(event.start)
        event.end = source.written(event.end)
        return event
    }

    private func report(_ error: YAMLSyntaxError) {
        let position =
            switch error.place {
            case .position(let position): source.written(position)
            case .byte(let offset): source.position(ofByte: offset)
            }
        var message = error.message
        if message.hasPrefix("Maximum nesting level") {
            report(.tooLarge, position, "nested deeper than \(DocumentLimit.depth) levels")
            return
        }
        if source.byte(at: position) == UInt8(ascii: "\t") {
            message = "a tab cannot indent, use spaces (\(message))"
        } else if message.hasPrefix("did not find expected")
            || message.hasPrefix("mapping values are not allowed")
        {
            message +=
                "; look at the indentation, and for a space behind each colon, here and above"
        }
        report(.yamlSyntax, position, message)
    }

    private func report(
        _ code: ConfigurationProblem.Code, _ position: TextPosition, _ message: String
    ) {
        let pointer = path.map { "/" + JSONPointer.escaped($0) }.joined()
        problems.append(code, position: position, pointer: pointer, message: message)
    }
}
