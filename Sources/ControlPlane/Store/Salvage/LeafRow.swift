// One row of a table, decoded from the page that holds it, without the schema, without the pages
// above it, without SQLite (sqlite.org/fileformat2.html, sections 1.6 and 2). Pure but for the
// pages that a long row is continued on. What is not a row is nil.

struct LeafRow: Equatable {
    enum Column: Equatable {
        case null
        case integer(Int)
        case text(String)
        case blob([UInt8])
    }

    /// The value of a column that is INTEGER PRIMARY KEY, which is NULL in `columns`.
    var number: Int
    var columns: [Column]

    /// Those that can be decoded of all pages.
    static func forEach(in pages: DatabasePages, _ body: (LeafRow) -> Void) {
        guard pages.count > 0 else { return }
        for number in 1...pages.count {
            guard let page = pages.page(number) else { continue }
            // The file's header is on the first page.
            let start = number == 1 ? 100 : 0
            guard page[start] == Self.leafOfTable else { continue }
            for index in 0..<page.number(at: start + 3, count: 2) {
                let place = start + 8 + 2 * index
                guard place + 2 <= page.count else { break }
                if let row = LeafRow(page, at: page.number(at: place, count: 2), pages) {
                    body(row)
                }
            }
        }
    }

    private static let leafOfTable: UInt8 = 0x0D
    /// A configuration has at most 10 MB.
    private static let payloadCountMax = 16 << 20

    private init?(_ page: [UInt8], at place: Int, _ pages: DatabasePages) {
        var cell = Varints(page, at: place)
        guard let payloadCount = cell.next(), let number = cell.next(),
            (1...Self.payloadCountMax).contains(payloadCount),
            let payload = Self.payload(page, at: cell.place, count: payloadCount, pages)
        else { return nil }
        self.number = number
        var header = Varints(payload, at: 0)
        guard let headerCount = header.next(), headerCount <= payload.count else { return nil }
        columns = []
        var body = headerCount
        while header.place < headerCount {
            guard let type = header.next(),
                let column = Self.column(payload, at: &body, type: type)
            else { return nil }
            columns.append(column)
        }
    }

    /// What does not fit on the page is continued on others, each of which names the next.
    private static func payload(
        _ page: [UInt8], at place: Int, count: Int, _ pages: DatabasePages
    ) -> [UInt8]? {
        let localMax = page.count - 35
        let localMin = (page.count - 12) * 32 / 255 - 23
        let continued = page.count - 4
        let rest = localMin + (count - localMin) % continued
        let local = count <= localMax ? count : rest <= localMax ? rest : localMin
        guard count / continued <= pages.count, local >= 0, place + local <= page.count else {
            return nil
        }
        var payload = Array(page[place..<place + local])
        var next = page.number(at: place + local, count: 4)
        while payload.count < count {
            guard let page = pages.page(next) else { return nil }
            payload += page[4...].prefix(count - payload.count)
            next = page.number(at: 0, count: 4)
        }
        return payload
    }

    /// Nil for what none of our tables holds: a fraction.
    private static func column(
        _ payload: [UInt8], at place: inout Int, type: Int
    ) -> Column? {
        let byteCount: Int
        switch type {
        case 0: return .null
        case 8, 9: return .integer(type - 8)
        case 1...4: byteCount = type
        case 5, 6: byteCount = type == 5 ? 6 : 8
        case 12...: byteCount = (type - 12) / 2
        default: return nil
        }
        guard byteCount <= payload.count - place else { return nil }
        let bytes = payload[place..<place + byteCount]
        place += byteCount
        if type < 12 {
            let first: Int64 = bytes.first.map { Int64(Int8(bitPattern: $0)) } ?? 0
            return .integer(Int(bytes.dropFirst().reduce(first) { $0 << 8 | Int64($1) }))
        }
        if type.isMultiple(of: 2) { return .blob(Array(bytes)) }
        return String(validating: bytes, as: UTF8.self).map(Column.text)
    }
}

/// Numbers of one to nine bytes, one behind the other.
private struct Varints {
    private let bytes: [UInt8]
    /// Of the next one.
    private(set) var place: Int

    init(_ bytes: [UInt8], at place: Int) {
        self.bytes = bytes
        self.place = place
    }

    /// Nil at the end, and for a negative number, which none of ours is.
    mutating func next() -> Int? {
        var value: UInt64 = 0
        for index in 0..<9 {
            guard bytes.indices.contains(place) else { return nil }
            let byte = bytes[place]
            place += 1
            if index == 8 {
                value = value << 8 | UInt64(byte)
            } else {
                value = value << 7 | UInt64(byte & 0x7F)
                if byte & 0x80 == 0 { break }
            }
        }
        return Int(exactly: value)
    }
}
