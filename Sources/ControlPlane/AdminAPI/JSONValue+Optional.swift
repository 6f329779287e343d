// The API always shows a field, as null when there is nothing. Pure, any thread.

import Clock
import JSON

extension JSONValue {
    static func optional(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }

    static func optional(_ number: Int?) -> JSONValue { number.map { .number($0) } ?? .null }

    static func optional(_ time: WallTime?) -> JSONValue { time.map { .time($0) } ?? .null }

    static func number(_ number: some BinaryInteger) -> JSONValue {
        .integer(Int64(clamping: number))
    }

    /// RFC 3339, UTC, milliseconds.
    static func time(_ time: WallTime) -> JSONValue { .string(time.rfc3339) }
}
