/// What came of opening the access logs anew.
public struct LogReopening: Sendable, Equatable {
    /// Files by their paths, `journal` and `syslog`; without what needs no opening.
    public var destinations: [String] = []
    /// Workers that were told, leavers among them.
    public var workers = 0

    public init(destinations: [String] = [], workers: Int = 0) {
        self.destinations = destinations
        self.workers = workers
    }
}
