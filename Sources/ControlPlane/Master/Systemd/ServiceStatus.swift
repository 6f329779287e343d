// The line under "Status:" of `systemctl status`: what serves, what leaves, and why the last
// reload failed. Pure words; control characters of a configuration are escaped, length bounded.

internal import Supervisor

enum ServiceStatus {
    static let characterCountMax = 400

    /// - Parameter earlier: ids of reloads of earlier lives, which say nothing about this one.
    static func text(_ facts: ServiceState.Facts, ignoring earlier: Set<String>) -> String {
        let reloads = facts.reloads.filter { !earlier.contains($0.id) }
        if let first = reloads.last, first.trigger.source == .startup, first.status == .failed {
            return cannotStart(reason(of: first))
        }
        var parts = [serving(facts, reloads)]
        let leaving = facts.generations.count { $0.phase == .leaving }
        if leaving > 0 { parts.append("\(leaving) leaving") }
        if !facts.isStopping,
            let running = reloads.first(where: { $0.status == .running }),
            running.trigger.source != .startup
        {
            parts.append("reloading, at \(running.steps.last?.name.rawValue ?? "its beginning")")
        }
        if let failed = lastFailure(reloads) { parts.append(failed) }
        return bounded(parts.joined(separator: ", "))
    }

    /// Of a start that failed before there was a master.
    static func cannotStart(_ why: String) -> String { bounded("cannot start: \(why)") }

    private static func serving(_ facts: ServiceState.Facts, _ reloads: [ReloadRecord]) -> String {
        if facts.isStopping { return "stopping" }
        guard let number = facts.serving,
            let generation = facts.generations.first(where: { $0.generation == number })
        else {
            let hasServed = reloads.contains { $0.status == .succeeded }
            return hasServed ? "NOT SERVING, a replacement is being started" : "starting"
        }
        let revision = generation.plan.revision
        var words = "serving gen \(number) rev \(revision)"
        if let desired = facts.desiredRevision, desired != revision {
            words += " (rev \(desired) was asked for)"
        }
        return words
    }

    /// Of the last reload by request that ended; nil if it succeeded.
    private static func lastFailure(_ reloads: [ReloadRecord]) -> String? {
        let byRequest = reloads.first {
            [.startup, .api, .signal].contains($0.trigger.source)
                && [.succeeded, .failed].contains($0.status)
        }
        guard let byRequest, byRequest.failure != nil else { return nil }
        let step = byRequest.steps.last { $0.status == .failed } ?? byRequest.steps.last
        let place = step.map { " at \($0.name.rawValue)" } ?? ""
        return "last reload FAILED\(place): \(reason(of: byRequest))"
    }

    private static func reason(of reload: ReloadRecord) -> String {
        guard let failure = reload.failure else { return "unknown" }
        guard let problem = failure.problems.first(where: { $0.severity == "error" }) else {
            return failure.detail
        }
        let others = failure.problems.count - 1
        return "\(problem.file):\(problem.line):\(problem.column) \(problem.message)"
            + (others > 0 ? " (and \(others) more)" : "")
    }

    /// sd_notify(3) separates by line ends, and a terminal must not obey a configuration's text.
    private static func bounded(_ text: String) -> String {
        let escaped = EventLogHandler.escaped(text)
        guard escaped.count > characterCountMax else { return escaped }
        return escaped.prefix(characterCountMax - 1) + "…"
    }
}
