// One HTTP answer. But for streams it is complete before its first byte is sent: a status is only
// told when the outcome is known. Pure value, any thread.

import JSON

/// More of a body, as it comes to be.
protocol AnswerStream: Sendable {
    /// Nil at the end.
    func next() async -> [UInt8]?

    /// The connection is gone; `next` ends.
    func end()
}

struct Answer: Sendable {
    struct Field: Sendable, Equatable {
        var name: String
        var value: String
    }

    var status: Int
    var fields: [Field]
    var body: [UInt8]
    var closesConnection = false
    /// What follows `body`, for as long as it goes on; the length is not told then.
    var stream: (any AnswerStream)?

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

    /// Text of a type of its own.
    static func text(_ text: String, type: String) -> Answer {
        Answer(
            status: 200,
            fields: [
                Field(name: "Content-Type", value: type),
                Field(name: "Cache-Control", value: "no-store"),
            ],
            body: Array(text.utf8))
    }

    /// HTML for a browser, which is to do nothing with it but show it.
    static func page(_ bytes: [UInt8], policy: String) -> Answer {
        Answer(
            status: 200,
            fields: [
                Field(name: "Content-Type", value: "text/html; charset=utf-8"),
                Field(name: "Cache-Control", value: "no-store"),
                Field(name: "Content-Security-Policy", value: policy),
                Field(name: "X-Content-Type-Options", value: "nosniff"),
                Field(name: "Referrer-Policy", value: "no-referrer"),
            ],
            body: bytes)
    }

    /// A document of the contract: it changes only with the program.
    static func document(_ bytes: [UInt8], type: String) -> Answer {
        Answer(
            status: 200,
            fields: [
                Field(name: "Content-Type", value: type),
                Field(name: "Cache-Control", value: "no-cache"),
            ],
            body: bytes)
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
