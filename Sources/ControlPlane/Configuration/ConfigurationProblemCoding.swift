// A problem as an element of `errors` in a problem+json answer: every field is always there, null
// where it has no value, the place as `line` and `column`.

extension ConfigurationProblem.Severity: Codable {}
extension ConfigurationProblem.Code: Codable {}

extension ConfigurationProblem: Codable {
    private enum CodingKeys: String, CodingKey {
        case code, severity, file, line, column, pointer, message, suggestion, owner
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(code, forKey: .code)
        try fields.encode(severity, forKey: .severity)
        try fields.encode(file, forKey: .file)
        try fields.encode(position?.line, forKey: .line)
        try fields.encode(position?.column, forKey: .column)
        try fields.encode(pointer, forKey: .pointer)
        try fields.encode(message, forKey: .message)
        try fields.encode(suggestion, forKey: .suggestion)
        try fields.encode(owner, forKey: .owner)
    }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        let line = try fields.decodeIfPresent(Int.self, forKey: .line)
        let column = try fields.decodeIfPresent(Int.self, forKey: .column)
        var position: TextPosition?
        if let line, let column { position = TextPosition(line: line, column: column) }
        self.init(
            code: try fields.decode(Code.self, forKey: .code),
            severity: try fields.decode(Severity.self, forKey: .severity),
            file: try fields.decode(String.self, forKey: .file), position: position,
            pointer: try fields.decode(String.self, forKey: .pointer),
            message: try fields.decode(String.self, forKey: .message),
            suggestion: try fields.decodeIfPresent(String.self, forKey: .suggestion),
            owner: try fields.decodeIfPresent(String.self, forKey: .owner))
    }
}
