// Why the admin API could not be started, in words for the operator.

/// What kept `AdminServer.start` from it.
public enum AdminServerError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Another master answers on the socket.
    case alreadyServed(path: String)
    case endedAtStart
    /// A TCP address that cannot be had.
    case listen(address: String, reason: String)
    /// A certificate or a key that is of no use.
    case tls(String)
    /// What is wrong with the token file, at least one.
    case tokens([TokenFileProblem])

    public var description: String {
        switch self {
        case .alreadyServed(let path): "another master answers on \(path)"
        case .endedAtStart: "the admin server ended before it began"
        case .listen(let address, let reason): "cannot listen on \(address): \(reason)"
        case .tls(let reason): reason
        case .tokens(let problems): problems.map(\.description).joined(separator: "\n")
        }
    }

    /// Whether it lies in files that the configuration names.
    public var isOfConfiguration: Bool {
        switch self {
        case .tls, .tokens: true
        case .alreadyServed, .endedAtStart, .listen: false
        }
    }
}
