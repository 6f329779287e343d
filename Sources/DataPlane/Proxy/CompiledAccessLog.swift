// How exchanges are logged, out of a configuration: which of them, in which form, and what stands
// around a line for who receives it. Constant; hot.

internal import Model
internal import Syscalls

/// `log.access:`, compiled.
struct CompiledAccessLog {
    /// What a line is wrapped in.
    private enum Envelope {
        /// Nothing: lines stand one behind the other.
        case none
        /// RFC 5424, for a receiver elsewhere.
        case syslog
        /// The same behind its count of bytes: RFC 6587 §3.4.1.
        case countedSyslog
        /// As syslog(3) sends it to a logger of this machine, which knows the time itself.
        case localSyslog
        /// The journal's native protocol: `NAME=value` lines (systemd.journal-fields(7)).
        case journal
    }

    private let format: LogSettings.Format
    /// In place of the format.
    private let line: CompiledLogLine?
    private let envelope: Envelope
    private let facility: Int64
    private let tag: Bytes
    private let hostName: Bytes
    private let sample: Int
    /// Ids up to it are logged.
    private let idLimit: UInt64

    /// Nil: nothing is logged.
    init?(_ settings: LogSettings, arena: ConfigurationArena) {
        switch settings.accessTo {
        case .off: return nil
        case .standardOutput, .standardError, .file: envelope = .none
        case .journal: envelope = .journal
        case .syslog:
            switch settings.syslog.address {
            case .socket: envelope = .localSyslog
            case .udp: envelope = .syslog
            case .tcp: envelope = .countedSyslog
            }
        }
        format = settings.accessFormat
        line = settings.accessLine.map { CompiledLogLine($0, arena: arena) }
        facility = Int64(settings.syslog.facility.code)
        tag = arena.bytes(settings.syslog.tag)
        hostName = arena.bytes(Self.hostName)
        sample = max(1, settings.accessSample)
        idLimit = .max / UInt64(sample)
    }

    /// RFC 5424 §6.2.4: visible characters, or `-` for a name that is not known.
    private static var hostName: String {
        let name = HostName.read()
        let isVisible = name.utf8.allSatisfy { (33...126).contains($0) }
        return name.isEmpty || !isVisible ? "-" : name
    }

    /// Whether an exchange with such an id is among those that stand for all. Ids are random, so
    /// the same share of every kind of exchange is.
    @inline(__always)
    func picks(_ id: RequestID) -> Bool { id.low <= idLimit }

    /// Whether lines say how many connections there are.
    var showsConnections: Bool { line?.showsConnections ?? (format == .haproxy) }

    /// How many exchanges one that was picked stands for.
    var weight: Int { sample }

    /// One record, as its receiver wants it. False, and nothing written, if there is no room.
    func write(_ entry: AccessLogEntry, into writer: inout ByteWriter) -> Bool {
        let start = writer.count
        switch envelope {
        case .none: return writeLine(entry, into: &writer)
        case .syslog, .countedSyslog: writeSyslogHeader(entry, into: &writer)
        case .localSyslog: writeLocalHeader(entry, into: &writer)
        case .journal: writeFields(entry, into: &writer)
        }
        guard !writer.overflowed, writeLine(entry, into: &writer) else {
            writer.truncate(to: start)
            return false
        }
        // A message ends with its datagram or its count; the journal wants the line feed.
        if envelope != .journal { writer.truncate(to: writer.count - 1) }
        if envelope == .countedSyslog { writer.insertCount(at: start) }
        guard !writer.overflowed else {
            writer.truncate(to: start)
            return false
        }
        return true
    }

    private func writeLine(_ entry: AccessLogEntry, into writer: inout ByteWriter) -> Bool {
        if let line { return line.write(entry, into: &writer) }
        return switch format {
        case .json: AccessLogLine.writeJSON(entry, into: &writer)
        case .text: AccessLogLine.writeText(entry, into: &writer)
        case .haproxy: AccessLogLine.writeHAProxy(entry, into: &writer)
        }
    }

    /// 4 is a warning, 6 is information (syslog(3)).
    private func severity(_ entry: AccessLogEntry) -> Int64 { entry.isNotable ? 4 : 6 }

    /// `<134>1 2026-11-21T02:12:26.123Z host apus 4242 access - `, the time being that of the end.
    private func writeSyslogHeader(_ entry: AccessLogEntry, into writer: inout ByteWriter) {
        writePriority(entry, into: &writer)
        writer.append("1 ")
        let took = max(0, entry.totalMicroseconds / 1_000)
        WallClockText.writeISO8601(milliseconds: entry.timeMilliseconds &+ took, to: &writer)
        writer.append(ASCII.space)
        writer.append(hostName)
        writer.append(ASCII.space)
        writer.append(tag)
        writer.append(ASCII.space)
        writer.append(entry.pid)
        writer.append(" access - ")
    }

    /// `<134>apus[4242]: `.
    private func writeLocalHeader(_ entry: AccessLogEntry, into writer: inout ByteWriter) {
        writePriority(entry, into: &writer)
        writer.append(tag)
        writer.append("[")
        writer.append(entry.pid)
        writer.append("]: ")
    }

    private func writePriority(_ entry: AccessLogEntry, into writer: inout ByteWriter) {
        writer.append("<")
        writer.append(decimal: facility * 8 + severity(entry))
        writer.append(">")
    }

    /// Fields named as those of the master's own entries, then the line as the message.
    private func writeFields(_ entry: AccessLogEntry, into writer: inout ByteWriter) {
        writer.append("PRIORITY=")
        writer.append(decimal: severity(entry))
        field("\nSYSLOG_IDENTIFIER=", tag, &writer)
        field("\nAPUS_GENERATION=", entry.generation, &writer)
        writer.append("\nAPUS_REQUEST_ID=")
        entry.requestID.write(to: &writer)
        field("\nAPUS_CLIENT_IP=", entry.clientIP, &writer)
        field("\nAPUS_FRONTEND=", entry.frontend, &writer)
        field("\nAPUS_ROUTE=", entry.route, &writer)
        field("\nAPUS_BACKEND=", entry.backend, &writer)
        field("\nAPUS_SERVER=", entry.server, &writer)
        writer.append("\nAPUS_HTTP_STATUS=")
        writer.append(decimal: Int64(entry.status))
        field("\nAPUS_TERMINATION=", entry.termination, &writer)
        writer.append("\nMESSAGE=")
    }

    private func field(_ key: StaticString, _ value: Bytes, _ writer: inout ByteWriter) {
        writer.append(key)
        AccessLogLine.text(value, AccessLogLine.nameLimitBytes, &writer)
    }
}
