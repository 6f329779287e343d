// What a health check found, as one word of a server's record. Pure values; both sides take any
// number.

/// The kinds of results. The names are the contract of the API; the raw values stand in shared
/// memory.
@frozen
public enum ServerCheckResult: UInt8, CaseIterable, Sendable {
    /// There was no check yet.
    case none = 0
    /// TCP: the connection was made.
    case connected = 1
    /// HTTP: the answer was a good one.
    case passed = 2
    /// No connection: refused, reset or unreachable.
    case notConnected = 3
    /// No connection in time.
    case connectTimeout = 4
    /// HTTP: a status that is not expected.
    case wrongStatus = 5
    /// HTTP: no answer that can be understood, or only a part of one.
    case invalidAnswer = 6
    /// HTTP: the answer did not come in time.
    case answerTimeout = 7
    /// HTTP: the body does not hold what it should.
    case wrongBody = 8
    /// The system had no socket for the check: nothing is known of the server, nothing changes.
    case noSocket = 9

    /// `L4OK`, `L7STS`…: layer and finding, the words that operators know from elsewhere.
    public var name: String {
        switch self {
        case .none: "NONE"
        case .connected: "L4OK"
        case .passed: "L7OK"
        case .notConnected: "L4CON"
        case .connectTimeout: "L4TOUT"
        case .wrongStatus: "L7STS"
        case .invalidAnswer: "L7RSP"
        case .answerTimeout: "L7TOUT"
        case .wrongBody: "L7BODY"
        case .noSocket: "SOCKERR"
        }
    }

    /// Whether it speaks for the server.
    public var isPass: Bool { self == .connected || self == .passed }
}

/// A result with the status that the server answered with.
public struct ServerCheckFinding: Sendable, Equatable {
    public var result: ServerCheckResult
    /// 100…599; nil where there was none.
    public var status: Int?

    public init(_ result: ServerCheckResult, status: Int? = nil) {
        self.result = result
        self.status = status
    }

    /// Of a word that somebody wrote: out of range is `none`, and no status.
    public init(word: UInt64) {
        result = ServerCheckResult(rawValue: UInt8(truncatingIfNeeded: word)) ?? .none
        let number = Int(word >> 16 & 0xFFFF)
        status = (100...599).contains(number) ? number : nil
    }

    public var word: UInt64 {
        UInt64(result.rawValue) | UInt64(UInt16(clamping: status ?? 0)) << 16
    }
}
