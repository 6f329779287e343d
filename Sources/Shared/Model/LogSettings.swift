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
        /// A line for programs that read HAProxy's `option httplog` and `option tcplog`.
        case haproxy
    }
    public enum Destination: Codable, Sendable, Equatable {
        case off
        case standardOutput
        case standardError
        /// Absolute path; opened for append by the master, 0640.
        case file(path: String)
        /// The systemd journal, one entry with fields for each line.
        case journal
        /// What `syslog` says.
        case syslog
    }

    public var level: Level = .info
    public var accessTo: Destination = .standardOutput
    public var accessFormat: Format = .json
    /// In place of the format.
    public var accessLine: LogLine?
    /// One exchange of so many is logged, 1 or more; those that went wrong always are.
    public var accessSample = 1
    public var syslog = SyslogSettings()

    public init() {}

    /// Where lines go as messages; nil where they are written one behind the other, or not at all.
    public var receiver: SyslogSettings.Receiver? {
        switch accessTo {
        case .off, .standardOutput, .standardError, .file: nil
        // sd_journal_print(3).
        case .journal: .socket(path: "/run/systemd/journal/socket")
        case .syslog: syslog.address
        }
    }
}
