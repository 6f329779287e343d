// The parameters of a query, `a=1&b=2` (WHATWG URL §5.1): split once, in order, nothing decoded but
// what is compared. Pure; hot where routes look at parameters.

/// One parameter by its bytes in the query.
struct QueryPair: BitwiseCopyable {
    /// Before the first `=`, or all of it.
    var name: Bytes
    /// Behind the first `=`; empty without one.
    var value: Bytes
    /// Name, `=` and value as they stand.
    var whole: Bytes
}

struct QueryParameters {
    private let query: Bytes
    private var position = 0

    init(_ query: Bytes) {
        self.query = query
    }

    /// The next one that is not empty: `&&` holds nothing.
    mutating func next() -> QueryPair? {
        while position < query.count {
            let end = query.firstIndex(of: ASCII.ampersand, from: position) ?? query.count
            let whole = query.slice(position, end &- position)
            position = end &+ 1
            if whole.isEmpty { continue }
            guard let mark = whole.firstIndex(of: ASCII.equals) else {
                return QueryPair(name: whole, value: .empty, whole: whole)
            }
            return QueryPair(
                name: whole.prefix(mark), value: whole.suffix(from: mark &+ 1), whole: whole)
        }
        return nil
    }

    /// The value of the first parameter of that name, as it stands.
    static func value(of name: Bytes, in query: Bytes) -> Bytes? {
        var parameters = QueryParameters(query)
        while let parameter = parameters.next() {
            if DecodedText(parameter.name).equals(name) { return parameter.value }
        }
        return nil
    }
}

/// A text of a query as an application sees it: `%41` and `A` are one, `+` is a blank. What is no
/// escape stands for itself.
struct DecodedText {
    private let encoded: Bytes
    private var position = 0

    init(_ encoded: Bytes) {
        self.encoded = encoded
    }

    /// The next byte without its escape.
    @inline(__always)
    mutating func next() -> UInt8? {
        guard position < encoded.count else { return nil }
        let byte = encoded[position]
        position &+= 1
        if byte == ASCII.plus { return ASCII.space }
        guard byte == ASCII.percent, position &+ 1 < encoded.count,
            let high = ASCII.hexValue(encoded[position]),
            let low = ASCII.hexValue(encoded[position &+ 1])
        else { return byte }
        position &+= 2
        return high << 4 | low
    }

    var count: Int {
        var rest = self
        var count = 0
        while rest.next() != nil { count &+= 1 }
        return count
    }

    func equals(_ plain: Bytes) -> Bool {
        var rest = self
        return rest.begins(with: plain) && rest.next() == nil
    }

    /// Consumes `plain` if it stands here.
    mutating func begins(with plain: Bytes) -> Bool {
        var index = 0
        while index < plain.count {
            guard next() == plain[index] else { return false }
            index &+= 1
        }
        return true
    }

    func ends(with plain: Bytes) -> Bool {
        var rest = self
        var surplus = count &- plain.count
        guard surplus >= 0 else { return false }
        while surplus > 0 {
            _ = rest.next()
            surplus &-= 1
        }
        return rest.begins(with: plain)
    }

    /// Takes time in proportion to the product of both lengths, of which the operator's is one.
    func contains(_ plain: Bytes) -> Bool {
        var rest = self
        while true {
            var attempt = rest
            if attempt.begins(with: plain) { return true }
            if rest.next() == nil { return false }
        }
    }
}
