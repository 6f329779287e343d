// Answers of the admin API as values that a test can walk without types. Not `Shared/JSON`: what
// is tested must not read its own answers.

internal import Foundation

/// Any JSON value. A member that is not there reads as `missing`, which is unlike `null`.
public enum JSONValue: Sendable, Equatable, CustomStringConvertible {
    case missing, null
    case boolean(Bool)
    case number(Double)
    case text(String)
    case list([JSONValue])
    case object([String: JSONValue])

    public init(parsing bytes: [UInt8]) throws {
        self.init(
            try JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed))
    }

    private init(_ value: Any) {
        switch value {
        case let text as String: self = .text(text)
        case let number as NSNumber:
            let isBoolean = unsafe String(cString: number.objCType) == "c"
            self = isBoolean ? .boolean(number.boolValue) : .number(number.doubleValue)
        case let list as [Any]: self = .list(list.map { JSONValue($0) })
        case let object as [String: Any]: self = .object(object.mapValues { JSONValue($0) })
        default: self = .null
        }
    }

    public subscript(name: String) -> JSONValue {
        if case .object(let members) = self { members[name] ?? .missing } else { .missing }
    }

    public subscript(index: Int) -> JSONValue {
        if case .list(let items) = self, items.indices.contains(index) {
            items[index]
        } else {
            .missing
        }
    }

    public var int: Int? { if case .number(let value) = self { Int(value) } else { nil } }
    public var text: String? { if case .text(let value) = self { value } else { nil } }
    public var bool: Bool? { if case .boolean(let value) = self { value } else { nil } }
    public var list: [JSONValue] { if case .list(let value) = self { value } else { [] } }
    public var names: [String] {
        if case .object(let members) = self { members.keys.sorted() } else { [] }
    }

    public var description: String {
        switch self {
        case .missing: "missing"
        case .null: "null"
        case .boolean(let value): "\(value)"
        case .number(let value):
            value == value.rounded() ? "\(Int(value))" : "\(value)"
        case .text(let value): "\"\(value)\""
        case .list(let items): "[" + items.map(\.description).joined(separator: ",") + "]"
        case .object(let members):
            "{"
                + members.sorted { $0.key < $1.key }
                .map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",") + "}"
        }
    }
}
