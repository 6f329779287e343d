// A plan as the API shows it, and the problem that it is where the configuration is refused.

import ConfigurationLanguage
import JSON
import Master
import Supervisor

extension ConfigurationPlan {
    func json(level: ValidationLevel) -> JSONValue {
        var object = JSONObject([
            .init(name: "valid", value: true),
            .init(name: "level", value: .string(level.rawValue)),
            .init(name: "base_revision", value: .optional(baseRevision)),
        ])
        for member in (difference?.json ?? ConfigurationDifference.noJSON).members {
            object[member.name] = member.value
        }
        object["warnings"] = .array(warnings.map { Problem.Entry($0).json })
        object["probe"] =
            probe.map { ["init_ms": .number($0.initMilliseconds)] } ?? .null
        return .object(object)
    }
}

extension Problem.Entry {
    init(_ problem: ConfigurationProblem) {
        self.init(
            code: problem.code.rawValue, severity: problem.severity.rawValue, file: problem.file,
            line: problem.position?.line, column: problem.position?.column,
            pointer: problem.pointer, message: problem.message, suggestion: problem.suggestion,
            owner: problem.owner)
    }
}

extension Problem {
    /// Of a plan with errors.
    init(refused plan: ConfigurationPlan) {
        let count = plan.errors.count == 1 ? "1 error" : "\(plan.errors.count) errors"
        let isMissing = plan.errors.contains { $0.code == .unreadableFile }
        self.init(
            isMissing ? .fileMissing : .configInvalid, count,
            errors: plan.errors.map(Problem.Entry.init))
        self = adding("valid", false)
            .adding("base_revision", .optional(plan.baseRevision))
            .adding("warnings", .array(plan.warnings.map { Problem.Entry($0).json }))
    }

    init(_ error: ConfigurationDeskError) {
        switch error {
        case .busy:
            self = Problem(.tooManyPlans, "too many configurations are being read; try again")
                .adding(field: "Retry-After", "1")
        case .probing:
            self.init(.probeInProgress, "another configuration is being probed; try again")
        case .probe(let failed):
            self =
                Problem(
                    ProblemCode(rawValue: failed.failure.code) ?? .reloadFailed,
                    failed.failure.detail
                ).adding("log_tail", .array(failed.logTail.map { .string($0) }))
        case .noRevision(let number?):
            self.init(.notFound, "no revision \(number) is kept")
        case .noRevision(nil): self.init(.notReady, "nothing was served yet")
        case .unreadable(let revision, let problems):
            self.init(
                .configInvalid, "revision \(revision) cannot be read by this version",
                errors: problems.map(Problem.Entry.init))
        case .failed(let detail): self.init(.storeFailed, detail)
        }
    }
}
