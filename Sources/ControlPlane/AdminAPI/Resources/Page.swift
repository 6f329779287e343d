// One page of a collection, newest first. The cursor names the last item that was shown, so items
// that arrive meanwhile neither repeat nor hide others. Pure.

import JSON

enum Page {
    static let parameters = ["limit", "cursor"]
    private static let countDefault = 100
    private static let countMax = 1000

    /// `sequence` of a collection that can be waited for.
    static func json<Item>(
        of items: [Item], sequence: UInt64? = nil, query: Query, key: (Item) -> String,
        item: (Item) -> JSONValue
    ) throws(Problem) -> JSONValue {
        let limit = try query.integer("limit", in: 1...countMax) ?? countDefault
        var rest = items[...]
        if let cursor = query.text("cursor") {
            guard let last = items.firstIndex(where: { key($0) == cursor }) else {
                throw Problem(.invalidParameter, "cursor is unknown or too old; start again")
            }
            rest = items[(last + 1)...]
        }
        let page = rest.prefix(limit)
        let next = page.endIndex < items.endIndex ? page.last.map(key) : nil
        var object = JSONObject([
            .init(name: "items", value: .array(page.map(item))),
            .init(name: "next_cursor", value: .optional(next)),
        ])
        if let sequence { object["seq"] = .number(sequence) }
        return .object(object)
    }
}
