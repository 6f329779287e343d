// A line of the access log in the operator's own form. Whatever a client sent, a line is one line
// and a quote in it is the operator's. Hot where it is chosen; read-only; pure.

internal import Model

/// Good for as long as the arena it was compiled into.
struct CompiledLogLine: BitwiseCopyable {
    private enum Part: BitwiseCopyable {
        case literal(Bytes)
        case field(LogLine.Field)
    }
    private let parts: Run<Part>
    /// Somebody has to look how many connections there are.
    let showsConnections: Bool

    init(_ line: LogLine, arena: ConfigurationArena) {
        parts = arena.run(
            line.parts.map { part in
                switch part {
                case .literal(let text): .literal(arena.bytes(text))
                case .field(let field): .field(field)
                }
            })
        showsConnections = line.parts.contains { part in
            guard case .field(let field) = part else { return false }
            switch field {
            case .connections, .frontendConnections, .backendConnections, .serverConnections,
                .serverQueue, .backendQueue:
                return true
            default: return false
            }
        }
    }

    /// The line and its line feed. False, and nothing written, if there is no room.
    func write(_ entry: AccessLogEntry, into writer: inout ByteWriter) -> Bool {
        let start = writer.count
        var index = 0
        while index < parts.count {
            switch parts[index] {
            case .literal(let text): writer.append(text)
            case .field(let field): write(field, entry, &writer)
            }
            index &+= 1
        }
        writer.append("\n")
        return AccessLogLine.finish(start, &writer)
    }

    private func write(
        _ field: LogLine.Field, _ entry: AccessLogEntry, _ writer: inout ByteWriter
    ) {
        let long = AccessLogLine.pathLimitBytes
        switch field {
        case .time: WallClockText.writeISO8601(milliseconds: entry.timeMilliseconds, to: &writer)
        case .timeCLF: WallClockText.writeCLF(entry.timeMilliseconds / 1_000, to: &writer)
        case .requestID: entry.requestID.write(to: &writer)
        case .clientIP: text(entry.clientIP, &writer)
        case .clientPort: number(Int64(entry.clientPort), &writer)
        case .frontend: text(entry.frontend, &writer)
        case .route: text(entry.route, &writer)
        case .backend: text(entry.backend, &writer)
        case .server: text(entry.server, &writer)
        case .user: text(entry.user, &writer)
        case .request:
            if isRequest(entry) { AccessLogLine.requestLine(entry, &writer) } else { none(&writer) }
        case .method: text(entry.method, &writer)
        case .host: text(entry.host, &writer, long)
        case .path: text(entry.path, &writer, long)
        case .query: text(entry.query, &writer, long)
        case .version:
            if isRequest(entry) {
                writer.append(AccessLogLine.versionName(entry.version))
            } else {
                none(&writer)
            }
        case .referer: text(entry.referer, &writer, long)
        case .userAgent: text(entry.userAgent, &writer, long)
        case .status:
            if entry.status == 0 { none(&writer) } else { number(Int64(entry.status), &writer) }
        case .bytesIn: number(entry.bytesIn, &writer)
        case .bytesOut: number(entry.bytesOut, &writer)
        case .requestTime: duration(entry.requestMicroseconds, &writer)
        case .queueTime: duration(entry.queueMicroseconds, &writer)
        case .connectTime: duration(entry.connectMicroseconds, &writer)
        case .responseTime: duration(entry.responseMicroseconds, &writer)
        case .totalTime: duration(entry.totalMicroseconds, &writer)
        case .state: text(entry.state, &writer)
        case .termination: text(entry.termination, &writer)
        case .phase: text(entry.phase, &writer)
        case .error: text(entry.error, &writer)
        case .generation: text(entry.generation, &writer)
        case .pid: text(entry.pid, &writer)
        case .retries: number(Int64(entry.retries), &writer)
        case .reused: writer.append(entry.reused ? "true" : "false")
        case .weight: number(Int64(entry.weight), &writer)
        case .connections: number(Int64(entry.connections), &writer)
        case .frontendConnections: number(Int64(entry.frontendConnections), &writer)
        case .backendConnections: number(Int64(entry.backendConnections), &writer)
        case .serverConnections: number(Int64(entry.serverConnections), &writer)
        case .serverQueue: number(Int64(entry.serverQueue), &writer)
        case .backendQueue: number(Int64(entry.backendQueue), &writer)
        }
    }

    /// Neither a TCP connection nor what nobody understood.
    private func isRequest(_ entry: AccessLogEntry) -> Bool {
        !entry.isTCP && !entry.method.isEmpty
    }

    private func none(_ writer: inout ByteWriter) { writer.append("-") }

    private func text(
        _ value: Bytes, _ writer: inout ByteWriter, _ limit: Int = AccessLogLine.nameLimitBytes
    ) {
        if value.isEmpty {
            writer.append("-")
        } else {
            AccessLogLine.text(value, limit, &writer)
        }
    }

    private func number(_ value: Int64, _ writer: inout ByteWriter) {
        writer.append(decimal: value)
    }

    private func duration(_ microseconds: Int64, _ writer: inout ByteWriter) {
        if microseconds < 0 {
            writer.append("-")
        } else {
            AccessLogLine.fraction(microseconds, &writer)
        }
    }
}
