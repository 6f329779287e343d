/// `log.access.line` — a line in the operator's own form: text, and what is known of the exchange.
public struct LogLine: Codable, Sendable, Equatable {
    /// What `%{…}` may name. Those that the JSON line has as well have its names.
    public enum Field: String, Codable, Sendable, CaseIterable, BitwiseCopyable {
        /// When it began: ISO 8601, UTC, with milliseconds.
        case time
        /// The same as the Common Log Format has it: `29/Nov/2026:04:02:11 +0000`.
        case timeCLF = "time_clf"
        case requestID = "request_id"
        case clientIP = "client_ip"
        case clientPort = "client_port"
        case frontend, route, backend, server
        /// Who said the password that a route asked for.
        case user
        /// `METHOD path?query VERSION`.
        case request
        case method, host, path, query, version, referer
        case userAgent = "user_agent"
        case status
        case bytesIn = "bytes_in"
        case bytesOut = "bytes_out"
        case requestTime = "request_ms"
        case queueTime = "queue_ms"
        case connectTime = "connect_ms"
        case responseTime = "response_ms"
        case totalTime = "total_ms"
        case state, termination, phase, error, generation, pid, retries, reused, weight
        /// Client connections over all workers: all, and those of the frontend.
        case connections
        case frontendConnections = "frontend_connections"
        case backendConnections = "backend_connections"
        case serverConnections = "server_connections"
        case serverQueue = "server_queue"
        case backendQueue = "backend_queue"
    }
    public enum Part: Codable, Sendable, Equatable {
        case literal(String)
        case field(Field)
    }
    /// Each field once at most, so that a line has a longest length.
    public var parts: [Part]
    /// Of the text that it is written as.
    public static let textBytesMax = 2_048

    public init(parts: [Part]) {
        self.parts = parts
    }
}
