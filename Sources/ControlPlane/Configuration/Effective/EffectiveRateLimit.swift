// Rate limits and refusals in the effective document. Counterpart: RateLimitReader.

import JSON
import Model

extension JSONValue {
    static func rateLimit(_ limit: RateLimit) -> JSONValue {
        .object([
            "key": .string(limit.key.text), "rate": .string(Units.text(limit.rate)),
            "burst": .number(limit.burst), "entries": .size(limit.entries),
        ])
    }

    static func rateLimitUse(_ use: RateLimitUse, _ mode: ProxyMode) -> JSONValue {
        .object([
            "use": .string(use.limit), "status": mode == .http ? .number(use.status) : nil,
        ])
    }
}

extension Denial {
    /// The field of a route.
    func member(_ mode: ProxyMode) -> (String, JSONValue?) {
        if mode == .tcp { return ("deny", .object(JSONObject())) }
        if delay == .zero { return ("deny", .object(["status": .number(status)])) }
        return ("tarpit", .object(["status": .number(status), "delay": .time(delay)]))
    }
}
