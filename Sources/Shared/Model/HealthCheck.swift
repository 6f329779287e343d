/// `backends.NAME.check` — how the servers of a backend are asked whether they are well.
public struct HealthCheck: Codable, Sendable, Equatable {
    /// What is asked.
    public enum Probe: Codable, Sendable, Equatable {
        /// A connection is made, and ended.
        case tcp
        case http(HTTPProbe)
    }
    /// What is taken for granted of a server of which nothing is known yet.
    public enum InitialState: String, Codable, Sendable, CaseIterable {
        case up, down
    }

    public var probe = Probe.tcp
    /// 1…65535; nil is the server's own port.
    public var port: Int?
    /// From the beginning of a check to that of the next, 100 ms to an hour.
    public var interval: Duration = .seconds(2)
    /// The same while a server is going down or up; nil is half of `interval`.
    public var fastInterval: Duration?
    /// The same while it is down; nil is `interval`.
    public var downInterval: Duration?
    /// From connect(2) to the verdict; then it has failed.
    public var timeout: Duration = .seconds(2)
    /// Checks in a row that must pass before a server that is down is up, 1…100.
    public var rise = 2
    /// Checks in a row that must fail before a server that is up is down, 1…100.
    public var fall = 3
    public var initialState = InitialState.up
    /// What happens to the sessions of a server that goes down.
    public var onMarkedDown = OnMarkedDown.keepSessions
    /// What happens to the sessions of the backend's backups when a server that is none comes up.
    public var onMarkedUp = OnMarkedUp.keepSessions

    public enum OnMarkedDown: String, Codable, Sendable, CaseIterable {
        case keepSessions = "keep_sessions"
        case endSessions = "end_sessions"
    }
    public enum OnMarkedUp: String, Codable, Sendable, CaseIterable {
        case keepSessions = "keep_sessions"
        case endBackupSessions = "end_backup_sessions"
    }

    public init(_ probe: Probe = .tcp) {
        self.probe = probe
    }
}

/// `check.http` — a request, and what makes its answer a good one.
public struct HTTPProbe: Codable, Sendable, Equatable {
    public enum Method: String, Codable, Sendable, CaseIterable {
        case get = "GET"
        case head = "HEAD"
        case options = "OPTIONS"
        case post = "POST"
        case put = "PUT"

        /// Whether a request of it says something (RFC 9110 §9.3).
        public var sendsBody: Bool { self == .post || self == .put }
    }
    public static let bodyBytesMax = 4_096
    /// One more field of the request.
    public struct Field: Codable, Sendable, Equatable {
        public var name: String
        public var value: String

        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    public var method = Method.get
    /// Origin form, with its query.
    public var path = "/"
    /// Of the Host field; nil is the address that is asked.
    public var host: String?
    /// In the order of their names, which are unique.
    public var headers: [Field] = []
    /// At most `bodyBytesMax` bytes; empty unless the method sends one.
    public var body = ""
    /// Statuses that are good: 100…599, at least one range.
    public var expect = [StatusRange(200...299)]
    /// The first 16 KB of the body must hold this; nil: the body does not matter.
    public var bodyContains: String?
    /// The same as a regular expression, which must be found in them; not beside `bodyContains`.
    public var bodyRegex: RegularExpression?

    public init() {}
}

/// Statuses of a response from one to another.
public struct StatusRange: Codable, Sendable, Equatable {
    public var first: Int
    public var last: Int

    public init(_ range: ClosedRange<Int>) {
        first = range.lowerBound
        last = range.upperBound
    }

    public func contains(_ status: Int) -> Bool { first <= status && status <= last }
}

/// `backends.NAME.servers.NAME.check` — where this one differs.
public struct CheckOverride: Codable, Sendable, Equatable {
    /// Not checked: it takes traffic as if it were well.
    public var isEnabled = true
    /// Asked instead of the server's own address; then `HealthCheck.port` does not matter.
    public var address: SocketAddress?

    public init() {}
}

/// `backends.NAME.ejection` — when the failures of a server's exchanges take it out for a while.
public struct Ejection: Codable, Sendable, Equatable {
    /// Connections that failed, answers that did not come and answers of 5xx, in a row over all
    /// loops, 1…1000.
    public var consecutiveFailures = 5
    /// For how long the first time; the second time in a row twice as long, and so on.
    public var baseTime: Duration = .seconds(10)
    /// At most so long; and who has been in for so long begins anew.
    public var maxTime: Duration = .seconds(300)
    /// Servers that may be out at once, 1…100 percent of the backend's; one always stays.
    public var maxPercent = 50

    public init() {}
}
