// What one loop keeps at hand of a frontend: plain numbers, so that an exchange reads them without
// touching a reference count. Hot, one thread.

internal import Model

/// Whose word is taken for where a client is.
struct CompiledProxyInput: BitwiseCopyable {
    let trusted: AddressTable
    let refusesOthers: Bool
}

/// A frontend as its connections see it.
struct FrontendState: ~Copyable, SlabEntry {
    /// Place in the configuration.
    var index = 0
    var isHTTP = true
    var limits = MessageLimits()
    var paths = PathRefinement(PathRules())
    var forwardedFor = ForwardedForMode.replace
    var waits = RuntimeConfiguration.Waits(Timeouts())
    var routes: RouteTable?
    /// TCP only.
    var tcpRoutes: TCPRouteTable?
    /// Nil: no PROXY header is looked for.
    var proxyInput: CompiledProxyInput?
    var traffic: Ref<TrafficTally>?

    init() {}
}
