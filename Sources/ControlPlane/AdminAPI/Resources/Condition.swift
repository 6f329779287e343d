// Conditions of /v1/status: each says whether something that ought to be true is, and why not.
// Pure, from one snapshot.

import JSON
import Master
import Supervisor

struct Condition: Sendable, Equatable {
    var type: String
    var holds: Bool
    /// One word in upper camel case, for programs.
    var reason: String
    /// For people; nil if the reason says it all.
    var message: String?
    var observedRevision: Int?

    static func all(of snapshot: MasterSnapshot) -> [Condition] {
        [
            serving(snapshot), configCurrent(snapshot), leaversBounded(snapshot),
            stateIntact(snapshot),
        ]
    }

    var json: JSONValue {
        [
            "type": .string(type), "status": holds ? "True" : "False", "reason": .string(reason),
            "observed_revision": .optional(observedRevision), "message": .optional(message),
        ]
    }

    private static func serving(_ snapshot: MasterSnapshot) -> Condition {
        let serves = snapshot.serving != nil
        let reason =
            if serves {
                "GenerationReady"
            } else if snapshot.shuttingDown {
                "ShuttingDown"
            } else if snapshot.generations.contains(where: { $0.phase == .starting }) {
                "GenerationStarting"
            } else {
                "NoGeneration"
            }
        return Condition(
            type: "Serving", holds: serves, reason: reason,
            observedRevision: snapshot.appliedRevision)
    }

    /// False after a failed reload too: then what the operator wrote is not what runs, even where
    /// the revisions are equal because the text never became one.
    private static func configCurrent(_ snapshot: MasterSnapshot) -> Condition {
        // A replacement of a crashed generation does not make a bad configuration good.
        let decided = snapshot.reloads.first {
            ($0.status == .succeeded || $0.status == .failed) && $0.trigger.source.isRequest
        }
        let last = snapshot.reloads.first { $0.status == .succeeded }
        let revision = snapshot.desiredRevision
        if let decided, decided.status == .failed {
            let failure = decided.failure
            let place = failure?.pointer.map { "\($0): " } ?? ""
            return Condition(
                type: "ConfigCurrent", holds: false,
                reason: upperCamelCase(failure?.code ?? ProblemCode.reloadFailed.rawValue),
                message: failure.map { place + $0.detail },
                observedRevision: decided.revision ?? revision)
        }
        let isApplied = revision == snapshot.appliedRevision && revision != nil
        let isCurrent = isApplied && !snapshot.adminWaitsForStart
        let (reason, message): (String, String?) =
            if isCurrent {
                ("Applied", nil)
            } else if isApplied {
                ("NeedsStart", MasterSnapshot.adminNotice)
            } else if last?.trigger.source == .rollback {
                ("RolledBack", rolledBackMessage(snapshot))
            } else {
                ("NotApplied", nil)
            }
        return Condition(
            type: "ConfigCurrent", holds: isCurrent, reason: reason, message: message,
            observedRevision: revision)
    }

    private static func rolledBackMessage(_ snapshot: MasterSnapshot) -> String {
        let wanted = snapshot.desiredRevision.map(String.init) ?? "-"
        let serving = snapshot.appliedRevision.map(String.init) ?? "-"
        return "revision \(wanted) crashed on probation, so \(serving) serves, the last good one; "
            + "a reload tries again"
    }

    private static func leaversBounded(_ snapshot: MasterSnapshot) -> Condition {
        let leavers = snapshot.generations.count { $0.phase == .leaving }
        guard let limit = snapshot.maxReloads else {
            return Condition(
                type: "LeaversBounded", holds: true, reason: "Unlimited",
                message: "\(leavers) leaving", observedRevision: snapshot.appliedRevision)
        }
        let isBounded = leavers <= limit
        return Condition(
            type: "LeaversBounded", holds: isBounded,
            reason: isBounded ? "WithinMaxReloads" : "TooManyLeavers",
            message: "\(leavers) leaving, max_reloads \(limit)",
            observedRevision: snapshot.appliedRevision)
    }

    /// As it was found at the start, for this life of the master.
    private static func stateIntact(_ snapshot: MasterSnapshot) -> Condition {
        let findings = snapshot.findings
        return Condition(
            type: "StateIntact", holds: findings.isEmpty,
            reason: findings.isEmpty ? "NothingLost" : "StateDamaged",
            message: findings.isEmpty ? nil : findings.joined(separator: "; "))
    }

    /// `listener-bind-failed` is `ListenerBindFailed`.
    private static func upperCamelCase(_ code: String) -> String {
        code.split(separator: "-").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    }
}
