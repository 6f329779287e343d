/// What a caller wants of a reload besides its mode.
public struct ReloadOptions: Sendable, Equatable {
    /// What becomes of a request while another reload runs or waits.
    public enum OnBusy: String, Sendable, CaseIterable { case queue, reject }

    /// No new generation if the serving one runs this very configuration already.
    public var ifChanged: Bool
    public var onBusy: OnBusy

    public init(ifChanged: Bool = false, onBusy: OnBusy = .queue) {
        self.ifChanged = ifChanged
        self.onBusy = onBusy
    }
}

/// Why a reload was not even taken: it has no record, and nothing happened.
public enum ReloadRejection: Sendable, Equatable {
    /// It was to be refused when busy, and this reload runs or waits.
    case inProgress(reload: String)
    /// Above `process.reload_rate`; after that long one more is let through.
    case tooMany(retryAfter: Duration)
}
