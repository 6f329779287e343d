// An answer that says no: RFC 9457 problem details. The catalogue of codes is the contract; the
// words are not. Pure values, any thread.

import JSON
import Supervisor

/// Thrown by routes, answered as `application/problem+json`.
struct Problem: Error, Sendable, Equatable {
    /// One thing that is wrong in a document that somebody sent or wrote.
    struct Entry: Sendable, Equatable {
        var code: String
        var severity = "error"
        var file: String?
        var line: Int?
        var column: Int?
        /// RFC 6901, into the document.
        var pointer: String?
        var message: String
        var suggestion: String?
        var owner: String?
    }

    var code: ProblemCode
    var detail: String
    var errors: [Entry] = []
    /// Further members, after `errors`.
    var members: [JSONObject.Member] = []
    /// Further response fields, as Allow with 405.
    var fields: [Answer.Field] = []
    /// Set when the rest of the request is not worth reading.
    var closesConnection = false

    init(_ code: ProblemCode, _ detail: String, errors: [Entry] = []) {
        self.code = code
        self.detail = detail
        self.errors = errors
    }

    func adding(_ name: String, _ value: JSONValue) -> Problem {
        var copy = self
        copy.members.append(.init(name: name, value: value))
        return copy
    }

    func adding(field name: String, _ value: String) -> Problem {
        var copy = self
        copy.fields.append(.init(name: name, value: value))
        return copy
    }

    func closing() -> Problem {
        var copy = self
        copy.closesConnection = true
        return copy
    }

    func json(requestID: String) -> JSONValue {
        var object = JSONObject([
            .init(name: "type", value: .string("urn:apus:problem:\(code.rawValue)")),
            .init(name: "title", value: .string(code.title)),
            .init(name: "status", value: .integer(Int64(code.status))),
            .init(name: "detail", value: .string(detail)),
            .init(name: "code", value: .string(code.rawValue)),
            .init(name: "request_id", value: .string(requestID)),
            .init(name: "errors", value: .array(errors.prefix(Self.errorCountMax).map(\.json))),
        ])
        for member in members { object[member.name] = member.value }
        return .object(object)
    }

    /// All problems of a configuration are told at once, but not more than these.
    static let errorCountMax = 100
}

extension Problem.Entry {
    init(_ problem: ReloadFailure.Problem) {
        self.init(
            code: problem.code, severity: problem.severity, file: problem.file,
            line: problem.line, column: problem.column, pointer: problem.pointer,
            message: problem.message, suggestion: problem.suggestion, owner: problem.owner)
    }

    var json: JSONValue {
        [
            "code": .string(code), "severity": .string(severity), "file": .optional(file),
            "line": .optional(line), "column": .optional(column), "pointer": .optional(pointer),
            "message": .string(message), "suggestion": .optional(suggestion),
            "owner": .optional(owner),
        ]
    }
}
