// The form of a reload record in the database. Apart from `ReloadRecord`, whose fields follow the
// API: what was stored by an older version must stay readable.

internal import Clock
internal import JSON
internal import Supervisor

struct StoredReload: Codable {
    struct Step: Codable {
        var name: String
        var status: String
        var startedAt: Int64
        var milliseconds: Int?
    }
    struct Failure: Codable {
        var code: String
        var detail: String
        var pointer: String?
        var problems: [Problem]
    }
    struct Problem: Codable {
        var code: String
        var severity: String
        var file: String
        var line: Int
        var column: Int
        var pointer: String
        var message: String
        var suggestion: String?
        var owner: String?
    }

    var id: String
    var status: String
    var mode: String
    var source: String
    var principal: String
    var reason: String?
    /// Since migration 2, like `isUnchanged`.
    var idempotencyKey: String?
    var revision: Int?
    var fromGeneration: Int?
    var toGeneration: Int?
    var createdAt: Int64
    var finishedAt: Int64?
    var durationMilliseconds: Int?
    var steps: [Step]
    var isUnchanged: Bool?
    var sigtermSentTo: [Int]
    var supersededBy: String?
    var failure: Failure?
    var logTail: [String]

    init(_ record: ReloadRecord) {
        id = record.id
        status = record.status.rawValue
        mode = record.mode.rawValue
        source = record.trigger.source.rawValue
        principal = record.trigger.principal
        reason = record.trigger.reason
        idempotencyKey = record.trigger.idempotencyKey
        revision = record.revision
        fromGeneration = record.fromGeneration
        toGeneration = record.toGeneration
        createdAt = record.createdAt.milliseconds
        finishedAt = record.finishedAt?.milliseconds
        durationMilliseconds = record.durationMilliseconds
        steps = record.steps.map {
            Step(
                name: $0.name.rawValue, status: $0.status.rawValue,
                startedAt: $0.startedAt.milliseconds, milliseconds: $0.milliseconds)
        }
        isUnchanged = record.isUnchanged
        sigtermSentTo = record.sigtermSentTo
        supersededBy = record.supersededBy
        failure = record.failure.map(Failure.init)
        logTail = record.logTail
    }

    func encoded() throws(StoreError) -> [UInt8] {
        do throws(JSONError) {
            return try JSONWriter.encode(self)
        } catch {
            throw .failed("reload record \(id): \(error)")
        }
    }

    static func decode(_ bytes: [UInt8]) -> StoredReload? {
        try? JSONReader.decode(StoredReload.self, from: bytes)
    }

    /// Nil if a word in it is not known to this version.
    var record: ReloadRecord? {
        guard let status = ReloadRecord.Status(rawValue: status),
            let mode = ReloadRecord.Mode(rawValue: mode),
            let source = ReloadRecord.Source(rawValue: source)
        else { return nil }
        return ReloadRecord(
            id: id, status: status, mode: mode,
            trigger: ReloadRecord.Trigger(
                source: source, principal: principal, reason: reason,
                idempotencyKey: idempotencyKey),
            revision: revision, fromGeneration: fromGeneration, toGeneration: toGeneration,
            createdAt: WallTime(milliseconds: createdAt),
            finishedAt: finishedAt.map(WallTime.init(milliseconds:)),
            durationMilliseconds: durationMilliseconds, steps: steps.compactMap(\.step),
            isUnchanged: isUnchanged ?? false, sigtermSentTo: sigtermSentTo,
            supersededBy: supersededBy, failure: failure?.failure,
            logTail: logTail)
    }
}

extension StoredReload.Step {
    fileprivate var step: ReloadRecord.Step? {
        guard let name = ReloadRecord.StepName(rawValue: name),
            let status = ReloadRecord.Status(rawValue: status)
        else { return nil }
        return ReloadRecord.Step(
            name: name, status: status, startedAt: WallTime(milliseconds: startedAt),
            milliseconds: milliseconds)
    }
}

extension StoredReload.Failure {
    fileprivate init(_ failure: ReloadFailure) {
        code = failure.code
        detail = failure.detail
        pointer = failure.pointer
        problems = failure.problems.map(StoredReload.Problem.init)
    }

    fileprivate var failure: ReloadFailure {
        ReloadFailure(
            code: code, detail: detail, pointer: pointer, problems: problems.map(\.problem))
    }
}

extension StoredReload.Problem {
    fileprivate init(_ problem: ReloadFailure.Problem) {
        code = problem.code
        severity = problem.severity
        file = problem.file
        line = problem.line
        column = problem.column
        pointer = problem.pointer
        message = problem.message
        suggestion = problem.suggestion
        owner = problem.owner
    }

    fileprivate var problem: ReloadFailure.Problem {
        ReloadFailure.Problem(
            code: code, severity: severity, file: file, line: line, column: column,
            pointer: pointer, message: message, suggestion: suggestion, owner: owner)
    }
}
