// `Encodable` into `JSONValue`, without Foundation. Pure, any thread. Counterpart: `JSONReader`.

/// Writes values of Swift types as JSON.
///
/// Members keep the order in which the type encodes them. Numbers are exact; a `UInt64` above
/// `Int64.max` becomes a string of its digits (see `JSONReader`). NaN and infinities are errors.
public enum JSONWriter {
    /// The value's text, UTF-8; compact, or indented by two spaces.
    public static func encode<T: Encodable>(
        _ value: T, pretty: Bool = false
    ) throws(JSONError) -> [UInt8] {
        try JSONText.write(self.value(of: value), pretty: pretty)
    }

    /// The value as a document that can be looked into and put into another.
    public static func value<T: Encodable>(of value: T) throws(JSONError) -> JSONValue {
        let node = Node()
        do {
            try value.encode(to: ValueEncoder(node: node, path: .root))
        } catch let error as JSONError {
            throw error
        } catch {
            throw JSONError(kind: .invalidValue, message: "\(error)")
        }
        return node.value
    }
}

/// A value that is being made; containers share it with the value that they are part of.
private final class Node {
    enum Part {
        case value(JSONValue)
        case node(Node)

        var value: JSONValue {
            switch self {
            case .value(let value): value
            case .node(let node): node.value
            }
        }
    }

    enum Content {
        case unset
        case value(JSONValue)
        case elements([Part])
        case members([(name: String, part: Part)])
    }

    var content = Content.unset

    /// A type that encodes nothing is an object without members.
    var value: JSONValue {
        switch content {
        case .unset: .object(JSONObject())
        case .value(let value): value
        case .elements(let parts): .array(parts.map(\.value))
        case .members(let parts):
            .object(JSONObject(parts.map { .init(name: $0.name, value: $0.part.value) }))
        }
    }

    var elementCount: Int {
        if case .elements(let parts) = content { parts.count } else { 0 }
    }

    func append(_ part: Part) {
        guard case .elements(var parts) = content else { return }
        content = .unset  // so that the array is not shared and grows in place
        parts.append(part)
        content = .elements(parts)
    }

    func append(_ name: String, _ part: Part) {
        guard case .members(var parts) = content else { return }
        content = .unset
        parts.append((name, part))
        content = .members(parts)
    }

    /// A type may ask for its container several times; another kind of container replaces it.
    func becomeArray() {
        if case .elements = content { return }
        content = .elements([])
    }

    func becomeObject() {
        if case .members = content { return }
        content = .members([])
    }
}

private struct ValueEncoder: Encoder, SingleValueEncodingContainer {
    let node: Node
    let path: JSONPath

    var codingPath: [any CodingKey] { path.codingPath }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        node.becomeObject()
        return KeyedEncodingContainer(ObjectWriter<Key>(node: node, path: path))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        node.becomeArray()
        return ArrayWriter(node: node, path: path)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { self }

    func encodeNil() throws { put(.null) }
    func encode(_ value: Bool) throws { put(.bool(value)) }
    func encode(_ value: String) throws { put(.string(value)) }
    func encode(_ value: Double) throws { try put(.finite(value, path)) }
    func encode(_ value: Float) throws { try put(.finite(Double(value), path)) }
    func encode(_ value: Int) throws { put(.exact(value)) }
    func encode(_ value: Int8) throws { put(.exact(value)) }
    func encode(_ value: Int16) throws { put(.exact(value)) }
    func encode(_ value: Int32) throws { put(.exact(value)) }
    func encode(_ value: Int64) throws { put(.exact(value)) }
    func encode(_ value: UInt) throws { put(.exact(value)) }
    func encode(_ value: UInt8) throws { put(.exact(value)) }
    func encode(_ value: UInt16) throws { put(.exact(value)) }
    func encode(_ value: UInt32) throws { put(.exact(value)) }
    func encode(_ value: UInt64) throws { put(.exact(value)) }
    func encode<T: Encodable>(_ value: T) throws { try value.encode(to: self) }

    func put(_ value: JSONValue) { node.content = .value(value) }
}

private struct ObjectWriter<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let node: Node
    let path: JSONPath

    var codingPath: [any CodingKey] { path.codingPath }

    func encodeNil(forKey key: Key) throws { put(.null, key) }
    func encode(_ value: Bool, forKey key: Key) throws { put(.bool(value), key) }
    func encode(_ value: String, forKey key: Key) throws { put(.string(value), key) }
    func encode(_ value: Double, forKey key: Key) throws {
        try put(.finite(value, at(key)), key)
    }
    func encode(_ value: Float, forKey key: Key) throws {
        try put(.finite(Double(value), at(key)), key)
    }
    func encode(_ value: Int, forKey key: Key) throws { put(.exact(value), key) }
    func encode(_ value: Int8, forKey key: Key) throws { put(.exact(value), key) }
    func encode(_ value: Int16, forKey key: Key) throws { put(.exact(value), key) }
    func encode(_ value: Int32, forKey key: Key) throws { put(.exact(value), key) }
    func encode(_ value: Int64, forKey key: Key) throws { put(.exact(value), key) }
    func encode(_ value: UInt, forKey key: Key) throws { put(.exact(value), key) }
    func encode(_ value: UInt8, forKey key: Key) throws { put(.exact(value), key) }
    func encode(_ value: UInt16, forKey key: Key) throws { put(.exact(value), key) }
    func encode(_ value: UInt32, forKey key: Key) throws { put(.exact(value), key) }
    func encode(_ value: UInt64, forKey key: Key) throws { put(.exact(value), key) }

    func encode<T: Encodable>(_ value: T, forKey key: Key) throws {
        try value.encode(to: encoder(key.stringValue))
    }

    func nestedContainer<NestedKey: CodingKey>(
        keyedBy keyType: NestedKey.Type, forKey key: Key
    ) -> KeyedEncodingContainer<NestedKey> {
        encoder(key.stringValue).container(keyedBy: keyType)
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        encoder(key.stringValue).unkeyedContainer()
    }

    func superEncoder() -> any Encoder { encoder(JSONKey.super.stringValue) }

    func superEncoder(forKey key: Key) -> any Encoder { encoder(key.stringValue) }

    private func put(_ value: JSONValue, _ key: Key) {
        node.append(key.stringValue, .value(value))
    }

    private func at(_ key: Key) -> JSONPath { .member(path, key.stringValue) }

    private func encoder(_ name: String) -> ValueEncoder {
        let part = Node()
        node.append(name, .node(part))
        return ValueEncoder(node: part, path: .member(path, name))
    }
}

private struct ArrayWriter: UnkeyedEncodingContainer {
    let node: Node
    let path: JSONPath

    var codingPath: [any CodingKey] { path.codingPath }
    var count: Int { node.elementCount }

    func encodeNil() throws { put(.null) }
    func encode(_ value: Bool) throws { put(.bool(value)) }
    func encode(_ value: String) throws { put(.string(value)) }
    func encode(_ value: Double) throws { try put(.finite(value, .element(path, count))) }
    func encode(_ value: Float) throws { try put(.finite(Double(value), .element(path, count))) }
    func encode(_ value: Int) throws { put(.exact(value)) }
    func encode(_ value: Int8) throws { put(.exact(value)) }
    func encode(_ value: Int16) throws { put(.exact(value)) }
    func encode(_ value: Int32) throws { put(.exact(value)) }
    func encode(_ value: Int64) throws { put(.exact(value)) }
    func encode(_ value: UInt) throws { put(.exact(value)) }
    func encode(_ value: UInt8) throws { put(.exact(value)) }
    func encode(_ value: UInt16) throws { put(.exact(value)) }
    func encode(_ value: UInt32) throws { put(.exact(value)) }
    func encode(_ value: UInt64) throws { put(.exact(value)) }
    func encode<T: Encodable>(_ value: T) throws { try value.encode(to: encoder()) }

    func nestedContainer<NestedKey: CodingKey>(
        keyedBy keyType: NestedKey.Type
    ) -> KeyedEncodingContainer<NestedKey> {
        encoder().container(keyedBy: keyType)
    }

    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { encoder().unkeyedContainer() }

    func superEncoder() -> any Encoder { encoder() }

    private func put(_ value: JSONValue) { node.append(.value(value)) }

    private func encoder() -> ValueEncoder {
        let part = Node()
        let place = JSONPath.element(path, count)
        node.append(.node(part))
        return ValueEncoder(node: part, path: place)
    }
}

extension JSONValue {
    /// An integer without loss, whatever its type.
    fileprivate static func exact<T: FixedWidthInteger>(_ number: T) -> JSONValue {
        if let integer = Int64(exactly: number) { .integer(integer) } else { .string("\(number)") }
    }

    fileprivate static func finite(
        _ number: Double, _ path: @autoclosure () -> JSONPath
    ) throws -> JSONValue {
        if number.isFinite { return .double(number) }
        throw JSONError(
            kind: .numberOutOfRange, message: "\(number) is no JSON number",
            pointer: path().pointer)
    }
}

extension JSONValue: Encodable {
    public func encode(to encoder: any Encoder) throws {
        guard let encoder = encoder as? ValueEncoder else {
            throw JSONError(kind: .invalidValue, message: "not written by JSONWriter")
        }
        encoder.put(self)
    }
}
