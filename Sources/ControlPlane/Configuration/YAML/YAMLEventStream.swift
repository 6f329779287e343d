// Pulls the events of libyaml (the C half of Yams) out of a byte array. Yams' own parser hides
// what the language must refuse (aliases are resolved, the place of a duplicate key is lost), so
// this stands on the events. The only file of the language that is not memory-safe Swift.

import CYaml

/// One event with its place. A scalar's text is copied, nothing points into the parser.
struct YAMLEvent {
    enum Kind {
        case streamStart, streamEnd, documentStart, documentEnd
        case alias
        /// Without quotes, and neither a literal nor a folded block, when `isPlain`.
        case scalar(String, isPlain: Bool)
        case sequenceStart, sequenceEnd, mappingStart, mappingEnd
    }
    var kind: Kind
    /// How a value is written.
    enum Style {
        case plain, singleQuoted, doubleQuoted, literal, folded
        case block, flow
    }
    var style = Style.plain
    var hasAnchor = false
    var hasTag = false
    var start: TextPosition
    var end: TextPosition
    /// The same places in code points from the start of the text.
    var codePoints: Range<Int>
}

/// Why libyaml stopped.
struct YAMLSyntaxError: Error {
    enum Place {
        case position(TextPosition)
        case byte(Int)
    }
    var message: String
    var place: Place
}

@safe final class YAMLEventStream {
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    /// libyaml reads from here as long as it lives.
    private let input: UnsafeMutablePointer<UInt8>

    init(_ bytes: [UInt8]) {
        // SAFETY: both blocks are owned by self, never handed out, and freed only in deinit; the
        // parser points to itself and to the input, and neither moves.
        unsafe parser = .allocate(capacity: 1)
        unsafe input = .allocate(capacity: max(1, bytes.count))
        unsafe input.initialize(repeating: 0, count: max(1, bytes.count))
        for index in bytes.indices {
            unsafe input[index] = bytes[index]
        }
        unsafe yaml_parser_initialize(parser)
        unsafe yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        unsafe yaml_parser_set_input_string(parser, input, bytes.count)
    }

    deinit {
        // SAFETY: initialised in init, used by nobody else.
        unsafe yaml_parser_delete(parser)
        unsafe parser.deallocate()
        unsafe input.deallocate()
    }

    /// The next event; after `streamEnd` there is none to ask for.
    func next() throws(YAMLSyntaxError) -> YAMLEvent {
        // SAFETY: yaml_parser_parse fills the event or leaves it zeroed, and yaml_event_delete
        // takes both; what is kept of it is copied before.
        var raw = unsafe yaml_event_t()
        guard unsafe yaml_parser_parse(parser, &raw) == 1 else { throw syntaxError() }
        defer { unsafe yaml_event_delete(&raw) }
        return unsafe event(raw)
    }

    private func event(_ raw: yaml_event_t) -> YAMLEvent {
        var event = unsafe YAMLEvent(
            kind: .streamEnd, start: position(raw.start_mark), end: position(raw.end_mark),
            codePoints: codePoints(raw))
        switch unsafe raw.type {
        case YAML_STREAM_START_EVENT:
            event.kind = .streamStart
        case YAML_DOCUMENT_START_EVENT:
            event.kind = .documentStart
        case YAML_DOCUMENT_END_EVENT:
            event.kind = .documentEnd
        case YAML_ALIAS_EVENT:
            event.kind = .alias
        case YAML_SCALAR_EVENT:
            let scalar = unsafe raw.data.scalar
            // SAFETY: libyaml says how long the value is, and it is there until the delete.
            let bytes = unsafe UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            event.kind = unsafe .scalar(
                String(decoding: bytes, as: UTF8.self),
                isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE)
            event.style = unsafe style(scalar.style)
            event.hasAnchor = unsafe scalar.anchor != nil
            event.hasTag = unsafe scalar.tag != nil
        case YAML_SEQUENCE_START_EVENT:
            event.kind = .sequenceStart
            let isFlow = unsafe raw.data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE
            event.style = isFlow ? .flow : .block
            event.hasAnchor = unsafe raw.data.sequence_start.anchor != nil
            event.hasTag = unsafe raw.data.sequence_start.tag != nil
        case YAML_SEQUENCE_END_EVENT:
            event.kind = .sequenceEnd
        case YAML_MAPPING_START_EVENT:
            event.kind = .mappingStart
            let isFlow = unsafe raw.data.mapping_start.style == YAML_FLOW_MAPPING_STYLE
            event.style = isFlow ? .flow : .block
            event.hasAnchor = unsafe raw.data.mapping_start.anchor != nil
            event.hasTag = unsafe raw.data.mapping_start.tag != nil
        case YAML_MAPPING_END_EVENT:
            event.kind = .mappingEnd
        default:
            event.kind = .streamEnd
        }
        return event
    }

    private func style(_ style: yaml_scalar_style_t) -> YAMLEvent.Style {
        switch style {
        case YAML_SINGLE_QUOTED_SCALAR_STYLE: .singleQuoted
        case YAML_DOUBLE_QUOTED_SCALAR_STYLE: .doubleQuoted
        case YAML_LITERAL_SCALAR_STYLE: .literal
        case YAML_FOLDED_SCALAR_STYLE: .folded
        default: .plain
        }
    }

    private func codePoints(_ raw: yaml_event_t) -> Range<Int> {
        let start = unsafe Int(clamping: raw.start_mark.index)
        return start..<max(start, unsafe Int(clamping: raw.end_mark.index))
    }

    private func position(_ mark: yaml_mark_t) -> TextPosition {
        TextPosition(
            line: Int(clamping: mark.line) &+ 1, column: Int(clamping: mark.column) &+ 1)
    }

    private func syntaxError() -> YAMLSyntaxError {
        // SAFETY: the texts are constants of libyaml; null where there is none.
        let parser = unsafe self.parser.pointee
        var message = "not readable as YAML"
        if let problem = unsafe parser.problem {
            message = unsafe String(cString: problem)
        }
        if let context = unsafe parser.context {
            message += unsafe " " + String(cString: context)
        }
        if unsafe parser.error == YAML_READER_ERROR {
            return unsafe YAMLSyntaxError(
                message: message, place: .byte(Int(clamping: parser.problem_offset)))
        }
        return unsafe YAMLSyntaxError(
            message: message, place: .position(position(parser.problem_mark)))
    }
}
