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

/// What is harmless wherever it is written.
private enum KnownText: UInt8 {
    case generation, revision, pid, clientIP, clientPort, port, frontend, scheme, requestID
    case unixTime, status, backend, server
}

/// What a client says, or stands in what it says.
private enum ToldText: UInt8 {
    case method, host, path, query, user

    var form: ValueForm {
        switch self {
        case .host, .path, .query: .ofTarget
        case .method, .user: .plain
        }
    }

    func text(_ facts: ExchangeFacts) -> Bytes {
        switch self {
        case .method: facts.method
        case .host: facts.host
        case .path: facts.path
        case .query: facts.query
        case .user: facts.user
        }
    }
}

struct CompiledTemplate: BitwiseCopyable {
    private enum Part: BitwiseCopyable {
        case literal(Bytes)
        case known(KnownText)
        case told(ToldText)
        case date
        case value(CompiledValue)
        case group(Int)
        /// One part, and what is made of it.
        case converted(Run<Part>, Run<CompiledConversion>)
    }

    private let parts: Run<Part>
    private let escape: TemplateEscape

    init(
        _ template: Template, escape: TemplateEscape, arena: ConfigurationArena,
        names: RuleNames = RuleNames()
    ) {
        parts = arena.run(template.parts.map { Self.compile($0, arena, names) })
        self.escape = escape
    }

    var isEmpty: Bool { parts.isEmpty }

    /// Whether the operator wrote `//` at the beginning.
    var beginsWithTwoSlashes: Bool {
        guard !parts.isEmpty, case .literal(let text) = parts[0] else { return false }
        return text.begins(with: Bytes("//"))
    }

    private static func compile(
        _ part: Template.Part, _ arena: ConfigurationArena, _ names: RuleNames
    ) -> Part {
        switch part {
        case .literal(let text): .literal(arena.bytes(text))
        case .variable(let variable): compile(variable)
        case .request(let value): .value(CompiledValue(value, arena: arena, names: names))
        case .group(let name): .group(names.groups[name] ?? -1)
        case .converted(let part, let conversions):
            .converted(
                arena.run([compile(part, arena, names)]),
                arena.run(conversions.map { CompiledConversion($0, arena: arena) }))
        }
    }

    private static func compile(_ variable: Variable) -> Part {
        switch variable {
        case .generation: .known(.generation)
        case .revision: .known(.revision)
        case .pid: .known(.pid)
        case .clientIP: .known(.clientIP)
        case .clientPort: .known(.clientPort)
        case .port: .known(.port)
        case .frontend: .known(.frontend)
        case .scheme: .known(.scheme)
        case .method: .told(.method)
        case .host: .told(.host)
        case .path: .told(.path)
        case .query: .told(.query)
        case .requestID: .known(.requestID)
        case .user: .told(.user)
        case .date: .date
        case .unixTime: .known(.unixTime)
        case .status: .known(.status)
        case .backend: .known(.backend)
        case .server: .known(.server)
        }
    }

    func write(_ facts: ExchangeFacts, to writer: inout ByteWriter) {
        var index = 0
        while index < parts.count {
            switch parts[index] {
            case .literal(let text): writer.append(text)
            case .known(let known): Self.write(known, facts, to: &writer)
            case .told(let told): writeValue(told.text(facts), told.form, to: &writer)
            case .value(let value):
                writeValue(value.text(facts), value.form, to: &writer)
            case .group(let number): writeValue(facts.captures.group(number), to: &writer)
            case .date, .converted: writeConverted(parts[index], facts, to: &writer)
            }
            index &+= 1
        }
    }

    private static func write(
        _ known: KnownText, _ facts: ExchangeFacts, to writer: inout ByteWriter
    ) {
        switch known {
        case .generation: writer.append(facts.generation)
        case .revision: writer.append(facts.revision)
        case .pid: writer.append(facts.pid)
        case .clientIP: writer.append(facts.clientIP)
        case .clientPort: writer.append(decimal: Int64(facts.clientPort))
        case .port: writer.append(decimal: Int64(facts.port))
        case .frontend: writer.append(facts.frontend)
        case .scheme: writer.append(facts.scheme)
        case .requestID: facts.requestID.write(to: &writer)
        case .unixTime: writer.append(decimal: facts.wallSeconds)
        case .status: if facts.status > 0 { writer.append(decimal: Int64(facts.status)) }
        case .backend: writer.append(facts.backend)
        case .server: writer.append(facts.server)
        }
    }

    /// What has to be made before it can be made harmless.
    private func writeConverted(
        _ part: Part, _ facts: ExchangeFacts, to writer: inout ByteWriter
    ) {
        let start = writer.count
        var form = Self.writeAsIs(part, facts, to: &writer)
        if case .converted(_, let conversions) = part {
            var index = 0
            while index < conversions.count {
                conversions[index].apply(from: start, in: &writer)
                if conversions[index].makesAnything { form = .plain }
                index &+= 1
            }
        }
        guard !writer.overflowed else { return }
        let made = writer.written.suffix(from: start)
        writeValue(made, form, to: &writer)
        if !writer.overflowed { writer.remove(made.count, at: start) }
    }

    /// Nothing is made harmless here. A parameter loses its escapes.
    private static func writeAsIs(
        _ part: Part, _ facts: ExchangeFacts, to writer: inout ByteWriter
    ) -> ValueForm {
        switch part {
        case .literal(let text): writer.append(text)
        case .known(let known):
            write(known, facts, to: &writer)
            return .ofTarget
        case .told(let told):
            writer.append(told.text(facts))
            return told.form
        case .date: WallClockText.writeHTTPDate(facts.wallSeconds, to: &writer)
        case .group(let number): writer.append(facts.captures.group(number))
        case .value(let value):
            guard value.form == .parameter else {
                writer.append(value.text(facts))
                return value.form
            }
            var text = DecodedText(value.text(facts))
            while let byte = text.next() { writer.append(byte) }
        case .converted(let source, _): return writeAsIs(source[0], facts, to: &writer)
        }
        return .plain
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
