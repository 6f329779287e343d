// `process:`

import Model

extension ValueReader {
    func processSettings() -> ProcessSettings? {
        object { fields in
            var settings = ProcessSettings()
            func set<Value>(_ path: WritableKeyPath<ProcessSettings, Value>, _ value: Value?) {
                if let value { settings[keyPath: path] = value }
            }
            set(\.workers, fields.take("workers")?.integer(in: 1...64))
            settings.threads = fields.take("threads")?.automatic(or: 1...64)
            settings.maxConnections =
                fields.take("max_connections")?.automatic(or: 1...10_000_000)
            if let reloads = fields.take("max_reloads") {
                settings.maxReloads = reloads.isNull ? nil : reloads.integer(in: 0...1_000)
            }
            set(\.hardStopAfter, fields.take("hard_stop_after")?.duration(in: .tick ... .days(30)))
            set(\.readyTimeout, fields.take("ready_timeout")?.duration(in: .tick ... .hours(1)))
            set(\.switchTimeout, fields.take("switch_timeout")?.duration(in: .tick ... .hours(1)))
            set(\.killAfter, fields.take("kill_after")?.duration(in: .tick ... .hours(1)))
            set(\.probation, fields.take("probation")?.duration(in: .zero ... .hours(1)))
            set(
                \.drainIdleAfter, fields.take("drain_idle_after")?.duration(in: .zero ... .hours(1))
            )
            set(
                \.drainIdleSpread,
                fields.take("drain_idle_spread")?.duration(in: .zero ... .hours(1)))
            set(\.reloadRate, fields.take("reload_rate")?.rate(countMax: 1_000))
            settings.user = fields.take("user")?.account()
            settings.group = fields.take("group")?.account()
            if !fields.has("user") {
                fields.refuse(["group"], .missingField, "is for workers of another \"user\"")
            }
            return settings
        }
    }

    /// The name or number of one, which the machine that runs it knows.
    private func account() -> String? {
        guard let name = keptLine(limit: 256) else { return nil }
        guard UInt32(name) != .max else {
            report(.outOfRange, "\(quoted(name)) stands for none, must be 0 to \(UInt32.max - 1)")
            return nil
        }
        reading.document.machineFields.append(MachineField(name, at: self))
        return name
    }

    /// `2/s`, `100/m`, `5/h`: a count of at least 1.
    func rate(countMax: Int) -> Rate? {
        let allowed = "a rate such as 2/s, 100/m or 5/h"
        guard let scalar = scalar(allowed) else { return nil }
        guard let rate = Units.rate(scalar.text) else {
            wrongType(allowed)
            return nil
        }
        guard (1...countMax).contains(rate.count) else {
            report(
                .outOfRange,
                "\(quoted(scalar.text)) is out of range, must be 1 to \(countMax) a unit of time")
            return nil
        }
        return Rate(count: rate.count, period: rate.period)
    }

    /// `auto` is nil.
    private func automatic(or range: ClosedRange<Int>) -> Int? {
        let allowed = "auto or a whole number, \(range.lowerBound) to \(range.upperBound)"
        guard let scalar = scalar(allowed), scalar.text != "auto" else { return nil }
        guard Units.isInteger(scalar.text) else {
            wrongType(allowed)
            return nil
        }
        return integer(in: range)
    }
}

extension Duration {
    /// The shortest wait that can be configured.
    static var tick: Duration { .milliseconds(1) }

    static func hours(_ count: Int) -> Duration { .seconds(count * 3_600) }
    static func days(_ count: Int) -> Duration { .hours(count * 24) }
}
