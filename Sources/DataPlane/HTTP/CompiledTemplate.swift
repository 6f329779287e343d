// Templates of the configuration, ready to be written. Literals are the operator's and stand as
// they are; values are the client's and are made harmless for the place they go to. Hot; pure.

import Model

/// What must not get out of a value.
enum TemplateEscape: UInt8 {
    /// A field value: control bytes are left out, so no value ends a line.
    case field
    /// A target or a Location: what may not stand there is written as `%XX`.
    case target
    /// The value of a parameter: the same, and nothing that would end it.
    case parameter
    /// Bodies: as it is; with `& < > " '` as references; as the inside of a JSON string.
    case plain, html, json

    /// By the media type of a body.
    init(contentType: String) {
        let type = contentType.lowercased()
        if type.hasPrefix("text/html") || type.contains("xml") {
            self = .html
        } else if type.contains("json") {
            self = .json
        } else {
            self = .plain
        }
    }
}

/// Where a value comes from, which says what it may hold.
enum ValueForm: UInt8 {
    case plain
    /// It stood in a target that was checked.
    case ofTarget
    /// A parameter of a query, escapes and all.
    case parameter
}

struct CompiledTemplate: BitwiseCopyable {
    private enum Part: BitwiseCopyable {
        case literal(Bytes)
        case generation, revision, pid, clientIP, clientPort, frontend
        case scheme, method, host, path, query, requestID, user, backend, server
        case value(CompiledValue)
        case group(Int)
    }

    private let parts: Run<Part>
    private let escape: TemplateEscape

    init(
        _ template: Template, escape: TemplateEscape, arena: ConfigurationArena,
        names: RuleNames = RuleNames()
    ) {
        parts = arena.run(
            template.parts.map { part in
                switch part {
                case .literal(let text): Part.literal(arena.bytes(text))
                case .variable(let variable): Self.part(of: variable)
                case .request(let value): .value(CompiledValue(value, arena: arena, names: names))
                case .group(let name): .group(names.groups[name] ?? -1)
                }
            })
        self.escape = escape
    }

    var isEmpty: Bool { parts.isEmpty }

    /// Whether the operator wrote `//` at the beginning.
    var beginsWithTwoSlashes: Bool {
        guard !parts.isEmpty, case .literal(let text) = parts[0] else { return false }
        return text.begins(with: Bytes("//"))
    }

    private static func part(of variable: Variable) -> Part {
        switch variable {
        case .generation: .generation
        case .revision: .revision
        case .pid: .pid
        case .clientIP: .clientIP
        case .clientPort: .clientPort
        case .frontend: .frontend
        case .scheme: .scheme
        case .method: .method
        case .host: .host
        case .path: .path
        case .query: .query
        case .requestID: .requestID
        case .user: .user
        case .backend: .backend
        case .server: .server
        }
    }

    func write(_ facts: ExchangeFacts, to writer: inout ByteWriter) {
        var index = 0
        while index < parts.count {
            switch parts[index] {
            case .literal(let text): writer.append(text)
            case .generation: writer.append(facts.generation)
            case .revision: writer.append(facts.revision)
            case .pid: writer.append(facts.pid)
            case .clientIP: writer.append(facts.clientIP)
            case .clientPort: writer.append(decimal: Int64(facts.clientPort))
            case .frontend: writer.append(facts.frontend)
            case .scheme: writer.append(facts.scheme)
            case .method: writeValue(facts.method, to: &writer)
            case .host: writeValue(facts.host, .ofTarget, to: &writer)
            case .path: writeValue(facts.path, .ofTarget, to: &writer)
            case .query: writeValue(facts.query, .ofTarget, to: &writer)
            case .requestID: facts.requestID.write(to: &writer)
            case .user: writeValue(facts.user, to: &writer)
            case .backend: writer.append(facts.backend)
            case .server: writer.append(facts.server)
            case .value(let value):
                writeValue(value.text(facts), value.form, to: &writer)
            case .group(let number): writeValue(facts.captures.group(number), to: &writer)
            }
            index &+= 1
        }
    }

    /// How many bytes `write` writes.
    func length(_ facts: ExchangeFacts, scratch: ByteWriter) -> Int? {
        var writer = scratch
        let start = writer.count
        write(facts, to: &writer)
        return writer.overflowed ? nil : writer.count - start
    }

    private func writeValue(
        _ value: Bytes, _ form: ValueForm = .plain, to writer: inout ByteWriter
    ) {
        if form != .plain, escape == .target || escape == .parameter {
            if form == .parameter {
                rewrite(value, &writer)
            } else if escape == .target {
                writer.append(value)
            } else {
                writeIntoParameter(value, &writer)
            }
            return
        }
        var index = 0
        while index < value.count {
            let byte = value[index]
            index &+= 1
            switch escape {
            case .plain: writer.append(byte)
            case .field:
                if byte >= ASCII.space && byte != 0x7F { writer.append(byte) }
            case .target, .parameter: TargetText.write(byte, to: &writer)
            case .html: writeHTML(byte, to: &writer)
            case .json: JSONText.writeByte(byte, to: &writer)
            }
        }
    }

    /// A parameter's text without its escapes, with those that it needs anywhere in a target.
    private func rewrite(_ parameter: Bytes, _ writer: inout ByteWriter) {
        var text = DecodedText(parameter)
        while let byte = text.next() { TargetText.write(byte, to: &writer) }
    }

    /// Its escapes stay. `&` and `;` end a parameter, `+` is a blank in one (WHATWG URL §5.1).
    private func writeIntoParameter(_ value: Bytes, _ writer: inout ByteWriter) {
        var index = 0
        while index < value.count {
            let byte = value[index]
            index &+= 1
            if byte == ASCII.ampersand || byte == ASCII.semicolon || byte == ASCII.plus {
                TargetText.write(byte, to: &writer)
            } else {
                writer.append(byte)
            }
        }
    }

    private func writeHTML(_ byte: UInt8, to writer: inout ByteWriter) {
        switch byte {
        case UInt8(ascii: "&"): writer.append("&amp;")
        case UInt8(ascii: "<"): writer.append("&lt;")
        case UInt8(ascii: ">"): writer.append("&gt;")
        case UInt8(ascii: "\""): writer.append("&quot;")
        case UInt8(ascii: "'"): writer.append("&#39;")
        default: writer.append(byte)
        }
    }
}
