// What a POST to /v1/reloads asks for, read and checked. Pure.

import JSON
import Master
import Store
import Supervisor

struct ReloadRequest: Sendable {
    static let query = ["wait", "wait_for"]
    private static let reasonCountMax = 500

    var mode: ReloadRecord.Mode
    var options: ReloadOptions
    var trigger: ReloadRecord.Trigger
    var wait: ReloadWait?
    var key: IdempotencyKey?

    init(_ request: RouteRequest) throws(Problem) {
        wait = try ReloadWait(request)
        var body = try RequestObject(request.body)
        body.allow(["mode", "reason", "if_changed", "on_busy"])
        mode = body.choice("mode", default: .soft)
        let reason = body.text("reason", countMax: Self.reasonCountMax)
        options = ReloadOptions(
            ifChanged: body.flag("if_changed"), onBusy: body.choice("on_busy", default: .queue))
        try body.finish()
        let key = try Self.key(request)
        trigger = ReloadRecord.Trigger(
            source: .api, principal: request.principal, reason: reason, idempotencyKey: key)
        // How long somebody waits is not what is asked for.
        let canonical = [
            "POST /v1/reloads", mode.rawValue, "\(options.ifChanged)", options.onBusy.rawValue,
            reason ?? "",
        ].joined(separator: "\n")
        self.key = key.map {
            IdempotencyKey(principal: request.principal, key: $0, request: Array(canonical.utf8))
        }
    }

    private static func key(_ request: RouteRequest) throws(Problem) -> String? {
        guard let key = request.idempotencyKey else { return nil }
        guard (1...255).contains(key.utf8.count),
            key.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else {
            throw Problem(
                .badRequest, "Idempotency-Key has 1 to 255 visible ASCII characters, and comes once"
            )
        }
        return key
    }
}

/// How long a caller waits, and for what.
struct ReloadWait: Sendable {
    enum Goal: String, CaseIterable {
        case finished, drained
    }

    static let longest = Duration.seconds(300)

    var duration: Duration
    var goal: Goal
    /// Of the answer.
    var fields: [Answer.Field] = []

    /// `?wait=30s`, or `Prefer: wait=30` (RFC 7240 §4.3: seconds; what cannot be honoured is
    /// ignored, so a longer preference is cut and not refused). Nil: nobody waits.
    init?(_ request: RouteRequest) throws(Problem) {
        let goal = try request.query.choice("wait_for", as: Goal.self)
        if let duration = try request.query.duration("wait", atMost: Self.longest) {
            self.duration = duration
        } else if let seconds = Self.preference(request.preference) {
            duration = .seconds(seconds)
            fields = [Answer.Field(name: "Preference-Applied", value: "wait=\(seconds)")]
        } else if goal != nil {
            throw Problem(
                .invalidParameter, "wait_for says what for; say how long, too: wait, at most 300s")
        } else {
            return nil
        }
        self.goal = goal ?? .finished
    }

    private static func preference(_ text: String?) -> Int? {
        for preference in (text ?? "").split(whereSeparator: { ",;".contains($0) }) {
            let pieces = preference.split(separator: "=").map {
                String($0.filter { !" \t\"".contains($0) })
            }
            guard pieces.count == 2, pieces[0].lowercased() == "wait",
                !pieces[1].isEmpty, pieces[1].utf8.allSatisfy({ (0x30...0x39).contains($0) })
            else { continue }
            let longest = Int(longest.components.seconds)
            return min(Int(pieces[1]) ?? longest, longest)
        }
        return nil
    }
}
