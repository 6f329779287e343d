// Templates of the configuration, ready to be written. Literals are the operator's and stand as
// they are; values are the client's and are made harmless for the place they go to. Hot; pure.

import Model

/// What must not get out of a value.
enum TemplateEscape: UInt8 {
    /// A field value: control bytes are left out, so no value ends a line.
    case field
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

struct CompiledTemplate: BitwiseCopyable {
    private enum Part: BitwiseCopyable {
        case literal(Bytes)
        case generation, revision, pid, clientIP, clientPort, frontend
        case scheme, method, host, path, query, requestID
    }

    private let parts: Run<Part>
    private let escape: TemplateEscape

    init(_ template: Template, escape: TemplateEscape, arena: ConfigurationArena) {
        parts = arena.run(
            template.parts.map { part in
                switch part {
                case .literal(let text): Part.literal(arena.bytes(text))
                case .variable(let variable): Self.part(of: variable)
                }
            })
        self.escape = escape
    }

    var isEmpty: Bool { parts.isEmpty }

    /// Whether what it writes begins with what a client sent.
    var beginsWithValue: Bool {
        guard !parts.isEmpty, case .literal = parts[0] else { return !parts.isEmpty }
        return false
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
            case .host: writeValue(facts.host, to: &writer)
            case .path: writeValue(facts.path, to: &writer)
            case .query: writeValue(facts.query, to: &writer)
            case .requestID: facts.requestID.write(to: &writer)
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

    private func writeValue(_ value: Bytes, to writer: inout ByteWriter) {
        var index = 0
        while index < value.count {
            let byte = value[index]
            index &+= 1
            switch escape {
            case .plain: writer.append(byte)
            case .field:
                if byte >= ASCII.space && byte != 0x7F { writer.append(byte) }
            case .html: writeHTML(byte, to: &writer)
            case .json: JSONText.writeByte(byte, to: &writer)
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
