// Statuses in the effective document. Counterpart: StatusRangeReader.

import JSON
import Model

extension JSONValue {
    /// `204`, `200-299`.
    static func statuses(_ range: StatusRange) -> JSONValue {
        range.first == range.last
            ? .number(range.first) : .string("\(range.first)-\(range.last)")
    }
}
