// The cookies of a Cookie field (RFC 6265 §4.2.1), read as servers read them: split at `;`, a name
// before the first `=`, nothing decoded, quotes part of the value. Pure; hot where routes look at
// cookies.

struct CookieList {
    private let field: Bytes
    private var position = 0

    /// `field` is the field's value.
    init(_ field: Bytes) {
        self.field = field
    }

    /// The next pair; what has no `=` is skipped.
    mutating func next() -> (name: Bytes, value: Bytes)? {
        while position < field.count {
            let end = field.firstIndex(of: ASCII.semicolon, from: position) ?? field.count
            let pair = field.slice(position, end &- position).trimmed
            position = end &+ 1
            guard let mark = pair.firstIndex(of: ASCII.equals) else { continue }
            return (pair.prefix(mark).trimmed, pair.suffix(from: mark &+ 1).trimmed)
        }
        return nil
    }
}
