// One HTTP answer, complete before its first byte is sent: a status is only told when the outcome
// is known. Pure value, any thread.

import JSON

struct Answer: Sendable, Equatable {
    struct Field: Sendable, Equatable {
        var name: String
        var value: String
    }

    var status: Int
    var fields: [Field]
    var body: [UInt8]
    var closesConnection = false

    /// A resource. Ends with a line feed, for terminals.
    static func resource(
        _ value: JSONValue, status: Int = 200, fields: [Field] = []
    ) throws -> Answer {
        Answer(
            status: status,
            fields: [
                Field(name: "Content-Type", value: "application/json"),
                Field(name: "Cache-Control", value: "no-store"),
            ] + fields,
            body: try JSONText.write(value) + [UInt8(ascii: "\n")])
    }

    static func problem(_ problem: Problem, requestID: String) -> Answer {
        // A problem holds nothing that cannot be written; should that ever be wrong, the status
        // still tells the truth.
        let body = (try? JSONText.write(problem.json(requestID: requestID))) ?? []
        return Answer(
            status: problem.code.status,
            fields: [
                Field(name: "Content-Type", value: "application/problem+json"),
                Field(name: "Cache-Control", value: "no-store"),
            ] + problem.fields,
            body: body + [UInt8(ascii: "\n")],
            closesConnection: problem.closesConnection)
    }
}
