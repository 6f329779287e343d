/// `log.access.syslog:` — where messages go, and as what.
public struct SyslogSettings: Codable, Sendable, Equatable {
    public enum Receiver: Codable, Sendable, Equatable {
        /// A unix datagram socket, absolute path; in the form of syslog(3).
        case socket(path: String)
        /// UDP, in the form of RFC 5424.
        case udp(SocketAddress)
        /// TCP, in the form of RFC 5424, each message behind its count of bytes (RFC 6587 §3.4.1).
        case tcp(SocketAddress)
    }
    public enum Facility: String, Codable, Sendable, CaseIterable {
        case user, daemon, local0, local1, local2, local3, local4, local5, local6, local7

        /// RFC 5424 §6.2.1.
        public var code: Int {
            switch self {
            case .user: 1
            case .daemon: 3
            case .local0: 16
            case .local1: 17
            case .local2: 18
            case .local3: 19
            case .local4: 20
            case .local5: 21
            case .local6: 22
            case .local7: 23
            }
        }
    }

    public var address: Receiver = .socket(path: "/dev/log")
    public var facility: Facility = .local0
    /// Of the program, 1…32 visible characters.
    public var tag = "apus"

    public init() {}
}
