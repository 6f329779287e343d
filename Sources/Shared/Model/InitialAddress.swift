/// `initial_address:` — where a server with a name is when a generation is started, before the name is
/// looked up again and again.
public struct InitialAddress: Codable, Sendable, Equatable {
    public enum Source: String, Codable, Sendable, CaseIterable {
        /// What the name stood for until now.
        case last
        /// An answer to a question of this start.
        case dns
    }

    /// In this order; each once at most. What is known is good for a start also where `last` is left out.
    public var sources: [Source] = [.last, .dns]
    /// Where the server is if they do not say, at the name's port; nil: nowhere, until they do.
    public var fallback: SocketAddress.Host?

    public init(sources: [Source] = [.last, .dns], fallback: SocketAddress.Host? = nil) {
        self.sources = sources
        self.fallback = fallback
    }

    /// Whether a start waits for an answer where there is no address yet.
    public var asks: Bool { sources.contains(.dns) }
    /// Whether it waits for one whatever is known.
    public var asksFirst: Bool { sources.first == .dns }
}
