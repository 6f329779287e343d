// `rate_limits.NAME`, `rate_limit:` of a route, `deny:` and `tarpit:`.

import Model

extension ValueReader {
    /// Of all limits together: two generations with other limits have room side by side.
    static var rateLimitEntriesMax: Int { 1_000_000 }
    /// How long a burst may take to come back: within what a limit's clock can tell apart.
    private static var burstDurationMax: Duration { .seconds(30 * 86_400) }

    func rateLimit(_ name: String) -> RateLimit? {
        object { fields -> RateLimit? in
            let key = fields.take("key").map { $0.requestKey(.http) } ?? .clientIP
            let rate = fields.require("rate", "such as 100/s")?.rate(countMax: 100_000)
            let burstField = fields.take("burst")
            let burst = burstField?.integer(in: 1...1_000_000)
            let entries = fields.take("entries")?.size(in: 16...Self.rateLimitEntriesMax)
            // A key is forgotten as soon as its burst is back, so there is nothing to do for it.
            _ = fields.take("idle")?.duration(in: .seconds(1) ... .days(7))
            fields.take("scope")?.checkScope()
            guard let key, let rate else { return nil }
            if let burst, rate.interval * burst > Self.burstDurationMax {
                burstField?.report(
                    .outOfRange,
                    "at this rate a burst of \(burst) takes more than 30 days to come back")
            }
            return RateLimit(
                name: name, key: key, rate: rate, burst: burst ?? rate.count,
                entries: entries ?? 65_536)
        }?.flatMap { $0 }
    }

    /// All workers of all generations of this machine count together.
    private func checkScope() {
        guard let text = string(), text != "local" else { return }
        if text == "shared" {
            report(
                .notSupportedYet,
                "\"shared\", which counts together with other machines, is not supported yet; \"local\" "
                    + "counts over all workers of this one")
        } else {
            report(
                .invalidValue, "\(quoted(text)) is not allowed, must be local",
                suggestion: Suggestion.nearest(to: text, in: ["local", "shared"]))
        }
    }

    func rateLimitUse(_ mode: ProxyMode) -> RateLimitUse? {
        object { fields -> RateLimitUse? in
            let name = fields.require("use", "the name of a limit in rate_limits")?
                .rateLimitName(mode)
            fields.refuseStatus(mode)
            let status = fields.take("status")?.integer(in: 400...599) ?? 429
            return name.map { RateLimitUse(limit: $0, status: status) }
        }?.flatMap { $0 }
    }

    private func rateLimitName(_ mode: ProxyMode) -> String? {
        guard !refusesReference(as: "the name of a rate limit"), let name = line() else {
            return nil
        }
        reading.document.rateLimitReferences.append(
            .init(name: name, mode: mode, value: self))
        return name
    }

    func denial(_ mode: ProxyMode) -> Denial? {
        object { fields in
            fields.refuseStatus(mode)
            return Denial(status: fields.take("status")?.integer(in: 400...599) ?? 403)
        }
    }

    func tarpit() -> Denial? {
        object { fields in
            Denial(
                status: fields.take("status")?.integer(in: 400...599) ?? 429,
                delay: fields.take("delay")?.duration(in: .milliseconds(1) ... .seconds(3_600))
                    ?? .seconds(10))
        }
    }
}

extension MappingReader {
    fileprivate mutating func refuseStatus(_ mode: ProxyMode) {
        if mode == .http { return }
        refuse(
            ["status"], .wrongMode,
            "has no meaning in a frontend of mode tcp: the connection is closed")
    }
}

extension ConfigurationReading {
    /// Every limit that is named exists, each is of use, and all have room.
    func checkRateLimits(_ limits: [MappingReader.Entry], _ configuration: Configuration) {
        for reference in document.rateLimitReferences where !problems.isFull {
            if let limit = configuration.rateLimits.first(where: { $0.name == reference.name }),
                reference.mode == .tcp, !limit.key.isOfConnection
            {
                reference.value.report(
                    .wrongMode,
                    "\(quoted(reference.name)) counts by \(limit.key.text), and a frontend of mode tcp "
                        + "sees nothing of requests: name a limit with key client_ip")
            }
        }
        checkNames(
            limits, document.rateLimitReferences.map { ($0.name, $0.value) },
            unknown: { "no rate limit is named \($0)" },
            unused: (.unusedRateLimit, { "no route uses rate limit \($0)" }))
        var entries = 0
        for limit in configuration.rateLimits { entries += limit.entries }
        if entries > ValueReader.rateLimitEntriesMax, let first = limits.first {
            first.value.report(
                .tooLarge,
                "the limits have \(entries) entries together, at most "
                    + "\(ValueReader.rateLimitEntriesMax) are allowed")
        }
    }
}
