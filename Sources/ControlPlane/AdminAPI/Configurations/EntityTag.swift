// A strong entity tag (RFC 9110 §8.8.3). Pure, any thread.

struct EntityTag: Equatable {
    /// With its quotes.
    let text: String

    init(_ digest: String) {
        text = "\"\(digest)\""
    }

    /// Whether If-None-Match names it: `*`, or a list in which weak and strong are the same
    /// (RFC 9110 §13.1.2).
    func isAmong(_ list: String) -> Bool {
        list.split(separator: ",").contains { item in
            var tag = item.drop { $0 == " " || $0 == "\t" }
            while let last = tag.last, last == " " || last == "\t" { tag.removeLast() }
            if tag == "*" { return true }
            if tag.hasPrefix("W/") { tag = tag.dropFirst(2) }
            return tag == text
        }
    }
}
