/// `backends.NAME.retries` — when a request is sent again, to another server if there is one.
///
/// A request of which a byte was sent is repeated only if its method is idempotent (RFC 9110
/// §9.2.2) and all that was sent of it is still here.
public struct RetrySettings: Codable, Sendable, Equatable {
    public enum Condition: String, Codable, Sendable, CaseIterable {
        /// No connection to the server was made: refused, unreachable, or not in time.
        case connectFailure = "connect_failure"
        /// The connection ended before the first byte of a response.
        case emptyResponse = "empty_response"
        case status408 = "408"
        case status425 = "425"
        case status429 = "429"
        case status500 = "500"
        case status502 = "502"
        case status503 = "503"
        case status504 = "504"
    }
    /// Attempts after the first one, 0…10.
    public var count = 3
    /// Each at most once, in the order of `Condition`.
    public var when: [Condition] = [.connectFailure]
    /// Repeats of requests that a server may have seen, in percent of the backend's requests of
    /// the last seconds, 0…100. A few are always allowed.
    public var budgetPercent = 20
    /// Of each request, head and body, what is kept to be sent again, 0…1 MB.
    public var bufferBytes = 65_536

    public init() {}
}
