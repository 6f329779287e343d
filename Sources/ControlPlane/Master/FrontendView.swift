// Frontends of the generation that serves, as the API shows them. A pure value of the configuration.

internal import Model

/// A frontend without what passes through it: that is `NamedTraffic`.
public struct FrontendView: Sendable, Equatable {
    public var name: String
    /// `http` or `tcp`.
    public var mode: String
    /// As configured, one for each entry of `bind`: `0.0.0.0:80`, `0.0.0.0:8000-8010`.
    public var addresses: [String]
    /// Client connections at once; nil: no limit of its own.
    public var maxConnections: Int?

    public init(name: String, mode: String, addresses: [String], maxConnections: Int? = nil) {
        self.name = name
        self.mode = mode
        self.addresses = addresses
        self.maxConnections = maxConnections
    }
}

extension FrontendView {
    init(_ frontend: Frontend) {
        self.init(
            name: frontend.name, mode: frontend.mode.rawValue,
            addresses: frontend.bind.map(\.description), maxConnections: frontend.maxConnections)
    }
}
