// `reuse:` of a backend.

import Model

extension ValueReader {
    func reuseSettings() -> ReuseSettings? {
        object { fields in
            var settings = ReuseSettings()
            if let policy = fields.take("policy")?.choice(ReuseSettings.Policy.self) {
                settings.policy = policy
            }
            if let count = fields.take("max_idle")?.integer(in: 0...100_000) {
                settings.maxIdle = count
            }
            if let time = fields.take("idle_timeout")?.duration(in: .tick ... .seconds(3600)) {
                settings.idleTimeout = time
            }
            return settings
        }
    }
}
