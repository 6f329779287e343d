// `Decodable` over `JSONValue`, without Foundation. Pure, any thread. Counterpart: `JSONWriter`.

/// Reads values of Swift types from JSON.
///
/// Numbers are exact: an integer is never read through `Double`, and one that does not fit is an
/// error. As JSON integers end at 64 bits with sign here, a `UInt64` above `Int64.max` stands in
/// the text as a string of its digits. Unknown members are ignored, unless the type looks.
public enum JSONReader {
    /// Reads one value from a text, within `limits`.
    public static func decode<T: Decodable>(
        _ type: T.Type, from text: [UInt8], limits: JSONLimits = .standard
    ) throws(JSONError) -> T {
        try decode(type, from: JSONText.parse(text, limits: limits))
    }

    /// Reads one value from a span of a larger text.
    public static func decode<T: Decodable>(
        _ type: T.Type, from text: Span<UInt8>, limits: JSONLimits = .standard
    ) throws(JSONError) -> T {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        for index in text.indices { bytes.append(text[index]) }
        return try decode(type, from: bytes, limits: limits)
    }

    /// Reads one value from a document that was parsed before.
    public static func decode<T: Decodable>(
        _ type: T.Type, from value: JSONValue
    ) throws(JSONError) -> T {
        do {
            return try T(from: ValueDecoder(value: value, path: .root))
        } catch let error as JSONError {
            throw error
        } catch let error as DecodingError {
            throw JSONError(error)
        } catch {
            throw JSONError(kind: .invalidValue, message: "\(error)")
        }
    }
}

/// One value and where it stands; hands out containers over it.
struct ValueDecoder: Decoder, SingleValueDecodingContainer {
    let value: JSONValue
    let path: JSONPath

    var codingPath: [any CodingKey] { path.codingPath }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(
        keyedBy type: Key.Type
    ) throws -> KeyedDecodingContainer<Key> {
        guard case .object(let object) = value else { throw mismatch("an object") }
        return KeyedDecodingContainer(ObjectReader<Key>(object, path: path))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard case .array(let elements) = value else { throw mismatch("an array") }
        return ArrayReader(elements: elements, path: path)
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer { self }

    func decodeNil() -> Bool { value.isNull }
    func decode(_ type: Bool.Type) throws -> Bool { try value.read(path) }
    func decode(_ type: String.Type) throws -> String { try value.read(path) }
    func decode(_ type: Double.Type) throws -> Double { try value.read(path) }
    func decode(_ type: Float.Type) throws -> Float { try Float(value.read(path) as Double) }
    func decode(_ type: Int.Type) throws -> Int { try value.readInteger(path) }
    func decode(_ type: Int8.Type) throws -> Int8 { try value.readInteger(path) }
    func decode(_ type: Int16.Type) throws -> Int16 { try value.readInteger(path) }
    func decode(_ type: Int32.Type) throws -> Int32 { try value.readInteger(path) }
    func decode(_ type: Int64.Type) throws -> Int64 { try value.readInteger(path) }
    func decode(_ type: UInt.Type) throws -> UInt { try value.readInteger(path) }
    func decode(_ type: UInt8.Type) throws -> UInt8 { try value.readInteger(path) }
    func decode(_ type: UInt16.Type) throws -> UInt16 { try value.readInteger(path) }
    func decode(_ type: UInt32.Type) throws -> UInt32 { try value.readInteger(path) }
    func decode(_ type: UInt64.Type) throws -> UInt64 { try value.readInteger(path) }
    func decode<T: Decodable>(_ type: T.Type) throws -> T { try T(from: self) }

    private func mismatch(_ wanted: String) -> JSONError {
        value.mismatch(wanted, path)
    }
}

/// The members of an object.
private struct ObjectReader<Key: CodingKey>: KeyedDecodingContainerProtocol {
    private let object: JSONObject
    private let path: JSONPath
    /// Places by name, where looking at one after the other would take long.
    private let places: [String: Int]?

    init(_ object: JSONObject, path: JSONPath) {
        let fewMembers = 16
        self.object = object
        self.path = path
        places =
            object.members.count <= fewMembers
            ? nil
            : Dictionary(
                zip(object.members.lazy.map(\.name), 0...), uniquingKeysWith: { first, _ in first })
    }

    var codingPath: [any CodingKey] { path.codingPath }
    var allKeys: [Key] { object.members.compactMap { Key(stringValue: $0.name) } }

    func contains(_ key: Key) -> Bool { find(key.stringValue) != nil }

    func decodeNil(forKey key: Key) throws -> Bool { try value(key).isNull }
    func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool {
        try value(key).read(at(key))
    }
    func decode(_ type: String.Type, forKey key: Key) throws -> String {
        try value(key).read(at(key))
    }
    func decode(_ type: Double.Type, forKey key: Key) throws -> Double {
        try value(key).read(at(key))
    }
    func decode(_ type: Float.Type, forKey key: Key) throws -> Float {
        try Float(value(key).read(at(key)) as Double)
    }
    func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try integer(key) }
    func decode(_ type: Int8.Type, forKey key: Key) throws -> Int8 { try integer(key) }
    func decode(_ type: Int16.Type, forKey key: Key) throws -> Int16 { try integer(key) }
    func decode(_ type: Int32.Type, forKey key: Key) throws -> Int32 { try integer(key) }
    func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 { try integer(key) }
    func decode(_ type: UInt.Type, forKey key: Key) throws -> UInt { try integer(key) }
    func decode(_ type: UInt8.Type, forKey key: Key) throws -> UInt8 { try integer(key) }
    func decode(_ type: UInt16.Type, forKey key: Key) throws -> UInt16 { try integer(key) }
    func decode(_ type: UInt32.Type, forKey key: Key) throws -> UInt32 { try integer(key) }
    func decode(_ type: UInt64.Type, forKey key: Key) throws -> UInt64 { try integer(key) }

    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
        try T(from: decoder(key))
    }

    func nestedContainer<NestedKey: CodingKey>(
        keyedBy type: NestedKey.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<NestedKey> {
        try decoder(key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try decoder(key).unkeyedContainer()
    }

    func superDecoder() throws -> any Decoder {
        let key = JSONKey.super
        return ValueDecoder(
            value: find(key.stringValue) ?? .null, path: .member(path, key.stringValue))
    }

    func superDecoder(forKey key: Key) throws -> any Decoder { try decoder(key) }

    private func find(_ name: String) -> JSONValue? {
        guard let places else { return object[name] }
        return places[name].map { object.members[$0].value }
    }

    private func value(_ key: Key) throws -> JSONValue {
        guard let value = find(key.stringValue) else {
            throw JSONError(
                kind: .missingMember, message: "'\(key.stringValue)' is missing",
                pointer: path.pointer)
        }
        return value
    }

    private func integer<T: FixedWidthInteger>(_ key: Key) throws -> T {
        try value(key).readInteger(at(key))
    }

    private func decoder(_ key: Key) throws -> ValueDecoder {
        try ValueDecoder(value: value(key), path: at(key))
    }

    private func at(_ key: Key) -> JSONPath { .member(path, key.stringValue) }
}

/// The elements of an array, one after the other.
private struct ArrayReader: UnkeyedDecodingContainer {
    let elements: [JSONValue]
    let path: JSONPath
    var currentIndex = 0

    init(elements: [JSONValue], path: JSONPath) {
        self.elements = elements
        self.path = path
    }

    var codingPath: [any CodingKey] { path.codingPath }
    var count: Int? { elements.count }
    var isAtEnd: Bool { currentIndex >= elements.count }

    mutating func decodeNil() throws -> Bool {
        guard try decoder().value.isNull else { return false }
        currentIndex += 1
        return true
    }

    mutating func decode(_ type: Bool.Type) throws -> Bool { try next { try $0.decode(type) } }
    mutating func decode(_ type: String.Type) throws -> String { try next { try $0.decode(type) } }
    mutating func decode(_ type: Double.Type) throws -> Double { try next { try $0.decode(type) } }
    mutating func decode(_ type: Float.Type) throws -> Float { try next { try $0.decode(type) } }
    mutating func decode(_ type: Int.Type) throws -> Int { try next { try $0.decode(type) } }
    mutating func decode(_ type: Int8.Type) throws -> Int8 { try next { try $0.decode(type) } }
    mutating func decode(_ type: Int16.Type) throws -> Int16 { try next { try $0.decode(type) } }
    mutating func decode(_ type: Int32.Type) throws -> Int32 { try next { try $0.decode(type) } }
    mutating func decode(_ type: Int64.Type) throws -> Int64 { try next { try $0.decode(type) } }
    mutating func decode(_ type: UInt.Type) throws -> UInt { try next { try $0.decode(type) } }
    mutating func decode(_ type: UInt8.Type) throws -> UInt8 { try next { try $0.decode(type) } }
    mutating func decode(_ type: UInt16.Type) throws -> UInt16 { try next { try $0.decode(type) } }
    mutating func decode(_ type: UInt32.Type) throws -> UInt32 { try next { try $0.decode(type) } }
    mutating func decode(_ type: UInt64.Type) throws -> UInt64 { try next { try $0.decode(type) } }
    mutating func decode<T: Decodable>(_ type: T.Type) throws -> T { try next(T.init(from:)) }

    mutating func nestedContainer<NestedKey: CodingKey>(
        keyedBy type: NestedKey.Type
    ) throws -> KeyedDecodingContainer<NestedKey> {
        try next { try $0.container(keyedBy: type) }
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        try next { try $0.unkeyedContainer() }
    }

    mutating func superDecoder() throws -> any Decoder { try next { $0 } }

    private func decoder() throws -> ValueDecoder {
        guard !isAtEnd else {
            throw JSONError(
                kind: .missingMember, message: "element \(currentIndex) is missing",
                pointer: path.pointer)
        }
        return ValueDecoder(value: elements[currentIndex], path: .element(path, currentIndex))
    }

    /// Goes on to the next element only if this one could be read, as `Decodable` demands.
    private mutating func next<T>(_ read: (ValueDecoder) throws -> T) throws -> T {
        let result = try read(decoder())
        currentIndex += 1
        return result
    }
}

extension JSONValue {
    func mismatch(_ wanted: String, _ path: JSONPath) -> JSONError {
        JSONError(
            kind: .typeMismatch, message: "\(kind) where \(wanted) is expected",
            pointer: path.pointer)
    }

    func read(_ path: @autoclosure () -> JSONPath) throws(JSONError) -> Bool {
        guard let value = boolValue else { throw mismatch("a truth value", path()) }
        return value
    }

    func read(_ path: @autoclosure () -> JSONPath) throws(JSONError) -> String {
        guard let value = stringValue else { throw mismatch("a string", path()) }
        return value
    }

    func read(_ path: @autoclosure () -> JSONPath) throws(JSONError) -> Double {
        guard let value = doubleValue else { throw mismatch("a number", path()) }
        return value
    }

    func readInteger<T: FixedWidthInteger>(
        _ path: @autoclosure () -> JSONPath
    ) throws(JSONError) -> T {
        if let number = integerValue {
            if let exact = T(exactly: number) { return exact }
            throw JSONError(
                kind: .numberOutOfRange, message: "\(number) is not in \(T.min)…\(T.max)",
                pointer: path().pointer)
        }
        // The form that `JSONWriter` gives to what JSON integers cannot hold.
        if !T.isSigned, case .string(let digits) = self, let number = UInt64(digits),
            number > UInt64(Int64.max), String(number) == digits, let exact = T(exactly: number)
        {
            return exact
        }
        throw mismatch("an integer", path())
    }
}

extension JSONError {
    /// What the standard library's and synthesized `init(from:)` throw by themselves.
    init(_ error: DecodingError) {
        switch error {
        case .typeMismatch(_, let place): self.init(.typeMismatch, place)
        case .valueNotFound(_, let place): self.init(.typeMismatch, place)
        case .keyNotFound(_, let place): self.init(.missingMember, place)
        case .dataCorrupted(let place): self.init(.invalidValue, place)
        @unknown default: self.init(kind: .invalidValue, message: "\(error)")
        }
    }

    private init(_ kind: Kind, _ place: DecodingError.Context) {
        var path = JSONPath.root
        for key in place.codingPath {
            if let index = key.intValue {
                path = .element(path, index)
            } else {
                path = .member(path, key.stringValue)
            }
        }
        self.init(kind: kind, message: place.debugDescription, pointer: path.pointer)
    }
}

extension JSONValue: Decodable {
    public init(from decoder: any Decoder) throws {
        guard let decoder = decoder as? ValueDecoder else {
            throw JSONError(kind: .invalidValue, message: "not read by JSONReader")
        }
        self = decoder.value
    }
}
