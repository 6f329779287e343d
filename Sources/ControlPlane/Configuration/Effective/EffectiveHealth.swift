// Health checks and ejection in the effective document. Counterpart: HealthCheckReader.

import JSON
import Model

extension JSONValue {
    static func healthCheck(_ check: HealthCheck) -> JSONValue {
        var probe: (http: JSONValue?, tcp: JSONValue?)
        switch check.probe {
        case .tcp: probe.tcp = .object([:])
        case .http(let http): probe.http = .httpProbe(http)
        }
        return .object([
            "http": probe.http,
            "tcp": probe.tcp,
            "port": check.port.map { .number($0) },
            "interval": .time(check.interval),
            "fast_interval": check.fastInterval.map { .time($0) },
            "down_interval": check.downInterval.map { .time($0) },
            "timeout": .time(check.timeout),
            "rise": .number(check.rise),
            "fall": .number(check.fall),
            "initial_state": .string(check.initialState.rawValue),
            "on_marked_down": .string(check.onMarkedDown.rawValue),
            "on_marked_up": .string(check.onMarkedUp.rawValue),
        ])
    }

    static func checkOverride(_ check: CheckOverride) -> JSONValue? {
        if check == CheckOverride() { return nil }
        return .object([
            "enabled": .bool(check.isEnabled),
            "address": check.address.map { .string($0.description) },
        ])
    }

    static func ejection(_ ejection: Ejection) -> JSONValue {
        .object([
            "consecutive_failures": .number(ejection.consecutiveFailures),
            "base_time": .time(ejection.baseTime),
            "max_time": .time(ejection.maxTime),
            "max_percent": .number(ejection.maxPercent),
        ])
    }

    private static func httpProbe(_ probe: HTTPProbe) -> JSONValue {
        .object([
            "method": .string(probe.method.rawValue),
            "path": .string(probe.path),
            "host": probe.host.map { .string($0) },
            "headers": probe.headers.isEmpty
                ? nil : .named(probe.headers, \.name) { .string($0.value) },
            "expect": .array(probe.expect.map(JSONValue.statuses)),
            "body": probe.body.isEmpty ? nil : .string(probe.body),
            "body_contains": probe.bodyContains.map { .string($0) },
            "body_regex": probe.bodyRegex.map { .string($0.text) },
        ])
    }
}
