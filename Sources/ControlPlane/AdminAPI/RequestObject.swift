// The JSON object in the body of a request: empty means `{}`, and everything that is wrong with it
// is collected and told at once. Pure, any thread.

import JSON

struct RequestObject {
    private let object: JSONObject
    private var errors: [Problem.Entry] = []

    /// The bytes are bounded before, by the server.
    init(_ body: [UInt8], byteCountMax: Int = AdminServer.bodyBytesMax) throws(Problem) {
        guard !body.isEmpty else {
            object = JSONObject()
            return
        }
        let value: JSONValue
        do {
            value = try JSONText.parse(
                body, limits: JSONLimits(byteCountMax: byteCountMax, depthMax: 64))
        } catch {
            throw Self.malformed(error)
        }
        guard let object = value.objectValue else {
            throw Problem(
                .requestInvalid, "the body is not an object",
                errors: [.init(code: "wrong-type", pointer: "", message: "must be an object")])
        }
        self.object = object
    }

    /// Notes every field that is not in `names`.
    mutating func allow(_ names: [String], later: [String] = []) {
        for member in object.members where !names.contains(member.name) {
            let isLater = later.contains(member.name)
            errors.append(
                .init(
                    code: isLater ? "not-supported-yet" : "unknown-field",
                    pointer: Self.pointer(member.name),
                    message: isLater ? "not supported yet" : "unknown field",
                    suggestion: isLater ? nil : NearestName.of(member.name, in: names)))
        }
    }

    /// An object, whatever is in it; nil where there is none.
    mutating func object(_ name: String) -> JSONValue? {
        guard let value = object[name], !value.isNull else { return nil }
        if value.objectValue == nil { note("wrong-type", name, "must be an object") }
        return value
    }

    /// One line of at most `countMax` characters, without what could change how a terminal or a
    /// log shows it; null is as good as nothing.
    mutating func text(_ name: String, countMax: Int) -> String? {
        guard let value = object[name], !value.isNull else { return nil }
        guard let text = value.stringValue else {
            note("wrong-type", name, "must be a string")
            return nil
        }
        if text.unicodeScalars.count > countMax {
            note("out-of-range", name, "must have at most \(countMax) characters")
        }
        if text.unicodeScalars.contains(where: Self.isControl) {
            note("invalid-value", name, "must be one line without control characters")
        }
        return text
    }

    /// C0, C1, line and paragraph separators, and marks of direction (UAX #9 §2).
    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
            || (0x2028...0x202E).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value)
    }

    /// One of the raw values of `Choice`.
    mutating func choice<Choice: RawRepresentable & CaseIterable>(
        _ name: String, default standard: Choice
    ) -> Choice where Choice.RawValue == String {
        guard let value = object[name] else { return standard }
        let choices = Choice.allCases.map(\.rawValue)
        guard let text = value.stringValue else {
            note("wrong-type", name, "must be a string")
            return standard
        }
        guard let choice = Choice(rawValue: text) else {
            errors.append(
                .init(
                    code: "invalid-value", pointer: Self.pointer(name),
                    message: "must be one of \(choices.joined(separator: ", "))",
                    suggestion: NearestName.of(text.uppercased(), in: choices)))
            return standard
        }
        return choice
    }

    /// True or false; false unless it is given.
    mutating func flag(_ name: String) -> Bool {
        guard let value = object[name] else { return false }
        guard let flag = value.boolValue else {
            note("wrong-type", name, "must be true or false")
            return false
        }
        return flag
    }

    /// A whole number.
    mutating func integer(_ name: String, in range: ClosedRange<Int>) -> Int? {
        guard let value = object[name], !value.isNull else { return nil }
        guard let number = value.integerValue else {
            note("wrong-type", name, "must be a whole number")
            return nil
        }
        guard let number = Int(exactly: number), range.contains(number) else {
            note(
                "out-of-range", name,
                "must be from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return number
    }

    /// Text with a unit.
    mutating func duration(_ name: String) -> Duration? {
        guard let text = text(name, countMax: 20) else { return nil }
        guard let duration = DurationText.parse(text) else {
            note("invalid-value", name, "must be a time with a unit, such as 30s, 500ms, 5m or 2h")
            return nil
        }
        return duration
    }

    /// Whether the member is there and not null.
    func isThere(_ name: String) -> Bool { object[name].map { !$0.isNull } ?? false }

    /// Whether the member is there, be it null.
    func isGiven(_ name: String) -> Bool { object[name] != nil }

    mutating func require(_ name: String, _ why: String) {
        note("missing-field", name, "is missing: \(why)")
    }

    mutating func refuse(_ name: String, _ message: String) {
        note("invalid-value", name, message)
    }

    /// Throws if anything was noted.
    func finish() throws(Problem) {
        guard !errors.isEmpty else { return }
        let count = errors.count == 1 ? "1 error" : "\(errors.count) errors"
        throw Problem(.requestInvalid, "\(count) in the request body", errors: errors)
    }

    private mutating func note(_ code: String, _ name: String, _ message: String) {
        errors.append(.init(code: code, pointer: Self.pointer(name), message: message))
    }

    /// RFC 6901 §3, of a member of the whole; the name is the client's, so it is capped.
    private static func pointer(_ name: String) -> String {
        let escaped = name.unicodeScalars.prefix(80).map { scalar in
            switch scalar {
            case "~": "~0"
            case "/": "~1"
            default: String(scalar)
            }
        }
        return "/" + escaped.joined()
    }

    private static func malformed(_ error: JSONError) -> Problem {
        if error.kind == .tooLong { return Problem(.contentTooLarge, error.message).closing() }
        let entry = Problem.Entry(
            code: "malformed-json", line: error.position?.line, column: error.position?.column,
            pointer: error.pointer, message: error.message)
        return Problem(.malformedJSON, error.description, errors: [entry])
            .adding("line", .optional(error.position?.line))
            .adding("column", .optional(error.position?.column))
    }
}
