// The only file that touches jansson: text to `JSONValue` and back. A jansson tree lives in a
// `Tree` of this file for the time of one call and is never seen outside. Any thread.

internal import CJansson

/// JSON texts (RFC 8259) as UTF-8 bytes.
public enum JSONText {
    /// Reads a whole text: one value with nothing but white space around it.
    ///
    /// Names that occur twice in an object are refused, and integers beyond 64 bits. `\u0000` is
    /// accepted in strings, not in names.
    public static func parse(
        _ text: [UInt8], limits: JSONLimits = .standard
    ) throws(JSONError) -> JSONValue {
        try NestingScan.check(text, limits: limits)
        let tree = try Tree(parsing: text)
        return tree.value
    }

    /// Writes a value as UTF-8 with members in their order; compact, or indented by two spaces.
    /// A `Double` is written with 17 digits, which is exact. A name with a NUL byte, which could
    /// not be read again, is an error.
    public static func write(
        _ value: JSONValue, pretty: Bool = false
    ) throws(JSONError) -> [UInt8] {
        let tree = try Tree(value)
        return try tree.write(pretty: pretty)
    }
}

/// A reference to a jansson value, given back with this.
@safe
private struct Tree: ~Copyable {
    // SAFETY: every `Tree` holds one reference of its own; it never crosses a thread.
    private let root: UnsafeMutablePointer<json_t>

    deinit {
        unsafe json_decref(root)
    }

    init(parsing text: [UInt8]) throws(JSONError) {
        var error = json_error_t()
        let flags = Int(JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL)
        // SAFETY: the bytes are valid during the call; jansson keeps no pointer to them.
        let parsed = unsafe text.withUnsafeBytes { bytes in
            unsafe json_loadb(bytes.baseAddress, bytes.count, flags, &error)
        }
        guard let parsed = unsafe parsed else { throw Self.describe(&error, of: text) }
        unsafe root = parsed
    }

    init(_ value: JSONValue) throws(JSONError) {
        unsafe root = try Self.make(value, depth: 0)
    }

    var value: JSONValue { unsafe Self.read(root) }

    private static func describe(_ error: inout json_error_t, of text: [UInt8]) -> JSONError {
        let kind: JSONError.Kind =
            switch unsafe json_error_code(&error) {
            case json_error_duplicate_key: .duplicateName
            case json_error_numeric_overflow: .numberOutOfRange
            case json_error_stack_overflow: .tooDeep
            default: .syntax
            }
        // SAFETY: jansson terminates the text within its array.
        let message = unsafe withUnsafeBytes(of: &error.text) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        let offset = min(max(Int(error.position), 0), text.count)
        let position = JSONError.Position(offset: offset, in: text)
        return JSONError(kind: kind, message: message, position: position)
    }

    func write(pretty: Bool) throws(JSONError) -> [UInt8] {
        let layout = pretty ? 2 : JSON_COMPACT
        let flags = Int(layout | JSON_ENCODE_ANY)
        var text: [UInt8] = []
        // SAFETY: jansson calls back during the call only, with the address of `text`, and with
        // bytes that are valid for the time of the call back.
        let result = unsafe withUnsafeMutablePointer(to: &text) { place in
            unsafe json_dump_callback(
                root,
                { bytes, count, place in
                    guard let bytes = unsafe bytes, let place = unsafe place else { return -1 }
                    let buffer = unsafe UnsafeRawBufferPointer(start: bytes, count: count)
                    let text = unsafe place.assumingMemoryBound(to: [UInt8].self)
                    unsafe text.pointee.append(contentsOf: buffer)
                    return 0
                }, place, flags)
        }
        if result != 0 { throw JSONError(kind: .tooDeep, message: "cannot be written") }
        return text
    }

    /// A tree's depth was bounded when it was parsed, so the recursion is.
    private static func read(_ node: UnsafeMutablePointer<json_t>) -> JSONValue {
        switch unsafe node.pointee.type {
        case JSON_OBJECT:
            var members: [JSONObject.Member] = []
            unsafe members.reserveCapacity(json_object_size(node))
            var place = unsafe json_object_iter(node)
            // SAFETY: the iterator, the name and the value belong to the object, which nobody
            // changes; names hold no NUL (JSON_ALLOW_NUL is for strings), so they are terminated.
            while let current = unsafe place {
                if let name = unsafe json_object_iter_key(current),
                    let value = unsafe json_object_iter_value(current)
                {
                    unsafe members.append(.init(name: String(cString: name), value: read(value)))
                }
                unsafe place = json_object_iter_next(node, current)
            }
            return .object(JSONObject(members))
        case JSON_ARRAY:
            let count = unsafe json_array_size(node)
            return .array(
                (0..<count).compactMap { unsafe json_array_get(node, $0).map { unsafe read($0) } })
        case JSON_STRING:
            guard let start = unsafe json_string_value(node) else { return .string("") }
            // SAFETY: jansson says how many bytes the string has, NUL bytes included.
            let bytes = unsafe UnsafeBufferPointer(start: start, count: json_string_length(node))
            return unsafe .string(
                bytes.withMemoryRebound(to: UInt8.self) {
                    unsafe String(decoding: $0, as: UTF8.self)
                })
        case JSON_INTEGER: return unsafe .integer(json_integer_value(node))
        case JSON_REAL: return unsafe .double(json_real_value(node))
        case JSON_TRUE: return .bool(true)
        case JSON_FALSE: return .bool(false)
        default: return .null
        }
    }

    /// A new reference to a tree with this value.
    private static func make(
        _ value: JSONValue, depth: Int
    ) throws(JSONError) -> UnsafeMutablePointer<json_t> {
        let depthMax = 1024
        if depth > depthMax { throw JSONError(kind: .tooDeep, message: "nested too deep") }
        let made: UnsafeMutablePointer<json_t>?
        switch value {
        case .null: unsafe made = json_null()
        case .bool(let value): unsafe made = value ? json_true() : json_false()
        case .integer(let number): unsafe made = json_integer(number)
        case .double(let number): unsafe made = json_real(number)
        case .string(var text):
            // SAFETY: jansson copies the bytes during the call.
            unsafe made = text.withUTF8 { bytes in
                unsafe bytes.withMemoryRebound(to: CChar.self) {
                    unsafe $0.baseAddress.map { [count = $0.count] in
                        unsafe json_stringn_nocheck($0, count)
                    } ?? json_string_nocheck("")
                }
            }
        case .array(let elements):
            unsafe made = try makeArray(elements, depth: depth)
        case .object(let object):
            unsafe made = try makeObject(object, depth: depth)
        }
        guard let made = unsafe made else {
            throw JSONError(kind: .invalidValue, message: "cannot be written as JSON")
        }
        return unsafe made
    }

    private static func makeArray(
        _ elements: [JSONValue], depth: Int
    ) throws(JSONError) -> UnsafeMutablePointer<json_t>? {
        guard let array = unsafe json_array() else { return nil }
        // SAFETY: the array takes over the reference to each element, and is given back if one
        // cannot be made.
        do throws(JSONError) {
            for element in elements {
                let made = unsafe try make(element, depth: depth + 1)
                unsafe json_array_append_new(array, made)
            }
        } catch {
            unsafe json_decref(array)
            throw error
        }
        return unsafe array
    }

    private static func makeObject(
        _ object: JSONObject, depth: Int
    ) throws(JSONError) -> UnsafeMutablePointer<json_t>? {
        guard let made = unsafe json_object() else { return nil }
        // SAFETY: as in `makeArray`.
        do throws(JSONError) {
            for member in object.members {
                if member.name.utf8.contains(0) {
                    throw JSONError(kind: .invalidValue, message: "a name with a NUL byte")
                }
                let value = unsafe try make(member.value, depth: depth + 1)
                let result = unsafe member.name.withCString {
                    unsafe json_object_set_new_nocheck(made, $0, value)
                }
                if result != 0 {
                    throw JSONError(kind: .invalidValue, message: "a name cannot be written")
                }
            }
        } catch {
            unsafe json_decref(made)
            throw error
        }
        return unsafe made
    }
}
