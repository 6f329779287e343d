// `retries:` of a backend.

import Model

extension ValueReader {
    func retrySettings() -> RetrySettings? {
        object { fields in
            var settings = RetrySettings()
            if let count = fields.take("count")?.integer(in: 0...10) { settings.count = count }
            if let when = fields.take("when")?.retryConditions() { settings.when = when }
            if let share = fields.take("budget")?.percent() { settings.budgetPercent = share }
            if let size = fields.take("buffer")?.size(in: 0...1 << 20) {
                settings.bufferBytes = size
            }
            return settings
        }
    }

    /// In one order, so that neither another order nor a repetition is a change.
    private func retryConditions() -> [RetrySettings.Condition]? {
        guard let items = items("a list such as [connect_failure, \"503\"]") else { return nil }
        let named = items.compactMap { $0.choice(RetrySettings.Condition.self) }
        return RetrySettings.Condition.allCases.filter(named.contains)
    }
}
