/// `log:` — the master's own level, and the access log of the workers.
public struct LogSettings: Codable, Sendable, Equatable {
    public enum Level: String, Codable, Sendable, CaseIterable {
        case debug, info, warning, error
    }
    public enum Format: String, Codable, Sendable, CaseIterable {
        /// One JSON object a line.
        case json
        /// A line for people, in the order HAProxy's `httplog` made familiar.
        case text
    }
    public enum Destination: Codable, Sendable, Equatable {
        case off
        case standardOutput
        case standardError
        /// Absolute path; opened for append by the master, 0640.
        case file(path: String)
    }

    public var level: Level = .info
    public var accessTo: Destination = .standardOutput
    public var accessFormat: Format = .json

    public init() {}
}
