// The lines of HAProxy's `option httplog` and `option tcplog` (its configuration manual, §8.2), for
// programs that read these. Hot where it is chosen; pure.

extension AccessLogLine {
    /// `client [time] frontend backend/server TR/Tw/Tc/Tr/Ta status bytes - - state-- conns
    /// queues "request"` for an exchange, `client [time] frontend backend/server Tw/Tc/Tt bytes
    /// state conns queues` for a TCP connection, and a line feed. False, and nothing written, if
    /// there is no room.
    static func writeHAProxy(_ entry: AccessLogEntry, into writer: inout ByteWriter) -> Bool {
        let start = writer.count
        // Who has no backend is its own.
        begin(entry, backend: entry.backend.isEmpty ? entry.frontend : entry.backend, &writer)
        writer.append(ASCII.space)
        if entry.isTCP { connection(entry, &writer) } else { exchange(entry, &writer) }
        writer.append("\n")
        return finish(start, &writer)
    }

    private static func exchange(_ entry: AccessLogEntry, _ writer: inout ByteWriter) {
        milliseconds(entry.requestMicroseconds, &writer)
        writer.append(ASCII.slash)
        serverTimes(entry, &writer)
        milliseconds(entry.responseMicroseconds, &writer)
        writer.append(ASCII.slash)
        milliseconds(entry.totalMicroseconds, &writer)
        writer.append(ASCII.space)
        writer.append(decimal: entry.status == 0 ? -1 : Int64(entry.status))
        writer.append(ASCII.space)
        writer.append(decimal: entry.bytesOut)
        // Cookies that are captured, and what became of a persistence cookie.
        writer.append(" - - ")
        text(entry.state, 8, &writer)
        writer.append("-- ")
        counts(entry, &writer)
        writer.append(" \"")
        requestLine(entry, &writer)
        writer.append("\"")
    }

    private static func connection(_ entry: AccessLogEntry, _ writer: inout ByteWriter) {
        serverTimes(entry, &writer)
        milliseconds(entry.totalMicroseconds, &writer)
        writer.append(ASCII.space)
        writer.append(decimal: entry.bytesOut)
        writer.append(ASCII.space)
        text(entry.state, 8, &writer)
        writer.append(ASCII.space)
        counts(entry, &writer)
    }

    private static func serverTimes(_ entry: AccessLogEntry, _ writer: inout ByteWriter) {
        milliseconds(entry.queueMicroseconds, &writer)
        writer.append(ASCII.slash)
        milliseconds(entry.connectMicroseconds, &writer)
        writer.append(ASCII.slash)
    }

    /// Connections of the process, the frontend, the backend and the server, and retries; exchanges
    /// before this one in the server's queue and in the backend's.
    private static func counts(_ entry: AccessLogEntry, _ writer: inout ByteWriter) {
        writer.append(decimal: Int64(entry.connections))
        writer.append(ASCII.slash)
        writer.append(decimal: Int64(entry.frontendConnections))
        writer.append(ASCII.slash)
        writer.append(decimal: Int64(entry.backendConnections))
        writer.append(ASCII.slash)
        writer.append(decimal: Int64(entry.serverConnections))
        writer.append(ASCII.slash)
        writer.append(decimal: Int64(entry.retries))
        writer.append(ASCII.space)
        writer.append(decimal: Int64(entry.serverQueue))
        writer.append(ASCII.slash)
        writer.append(decimal: Int64(entry.backendQueue))
    }
}
