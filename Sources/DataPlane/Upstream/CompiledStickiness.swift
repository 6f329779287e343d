// How clients of a backend come back to their servers, compiled. Hot where a backend has it;
// read-only.

internal import Clock
import Model
import SharedState

/// Good for as long as the arena it was compiled into.
enum CompiledStickiness: BitwiseCopyable {
    case cookie(CompiledStickyCookie)
    case table(CompiledStickyTable)

    /// - Parameter place: the backend's.
    init?(_ backend: Backend, place: Int, _ traffic: TrafficRecords, arena: ConfigurationArena) {
        switch backend.stickiness {
        case nil: return nil
        case .cookie(let cookie):
            self = .cookie(
                CompiledStickyCookie(
                    cookie, keys: backend.servers.map { $0.cookie ?? "" }, arena: arena))
        case .table(let settings):
            self = .table(
                CompiledStickyTable(settings, of: backend, place: place, traffic, arena: arena))
        }
    }
}

/// Servers by a number that stands for each.
private struct PlaceTable: BitwiseCopyable {
    private struct Entry: BitwiseCopyable {
        var number: UInt64
        var place: Int
    }
    private let entries: Run<Entry>

    init(_ numbers: [(number: UInt64, place: Int)], arena: ConfigurationArena) {
        entries = arena.run(
            numbers.map { Entry(number: $0.number, place: $0.place) }
                .sorted { $0.number < $1.number })
    }

    /// The first of those with that number; nil: it stands for none.
    func place(_ number: UInt64) -> Int? {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low &+ high) / 2
            if entries[middle].number < number { low = middle &+ 1 } else { high = middle }
        }
        guard low < entries.count, entries[low].number == number else { return nil }
        return entries[low].place
    }
}

/// A table of clients in the shared state.
struct CompiledStickyTable: BitwiseCopyable {
    let key: CompiledRequestKey
    private let table: StickyTable
    /// Seconds.
    private let idle: Int64
    /// Of the hashes; secret, and the same in every worker.
    let seed: UInt64
    /// What stands for each server in the table, by place; 0: it is not remembered.
    private let identities: Run<UInt32>
    private let places: PlaceTable

    fileprivate init(
        _ settings: StickyTableSettings, of backend: Backend, place: Int,
        _ traffic: TrafficRecords, arena: ConfigurationArena
    ) {
        key = CompiledRequestKey(settings.key, arena: arena)
        idle = min(max(1, settings.idle.wholeMilliseconds / 1_000), StickyTable.idleMax)
        seed = traffic.region.hashSeed
        table = traffic.stickyTable(place, entries: settings.entries)
        let numbers = backend.servers.enumerated().map { index, server in
            Self.identity(server.name, number: traffic.serverNumber(place, index), arena)
        }
        identities = arena.run(numbers)
        places = PlaceTable(
            numbers.enumerated().filter { $1 > 0 }.map { (UInt64($1), $0) }, arena: arena)
    }

    /// The server's number in the shared state, which belongs to its name, and some bits of the
    /// name, so that whoever gets the number after it does not get its clients as well.
    private static func identity(
        _ name: String, number: Int, _ arena: ConfigurationArena
    ) -> UInt32 {
        guard number > 0 else { return 0 }
        let bits = UInt32(truncatingIfNeeded: KeyHash.hash(arena.bytes(name), seed: 0)) & 0x3F
        return (bits << 14 | UInt32(truncatingIfNeeded: number)) % StickyTable.serverMax
    }

    /// The place of the client's server; nil: it has none that we know.
    /// - Parameter now: nanoseconds of CLOCK_MONOTONIC.
    func place(of hash: UInt64, now: Int64) -> Int? {
        guard let identity = table.server(of: hash, now: now / 1_000_000_000, idle: idle) else {
            return nil
        }
        return places.place(UInt64(identity))
    }

    /// The client belongs to the server from now on, if there is room for it.
    func remember(_ place: Int, of hash: UInt64, now: Int64) {
        let identity = identities[place]
        guard identity > 0 else { return }
        table.set(identity, of: hash, now: now / 1_000_000_000, idle: idle)
    }
}

/// A cookie that says which server its client belongs to.
struct CompiledStickyCookie: BitwiseCopyable {
    private enum Mode: BitwiseCopyable { case insert, rewrite, prefix }
    private let mode: Mode
    private let name: Bytes
    /// The request goes on as it came.
    let passes: Bool
    /// With `; ` before each.
    private let attributes: Bytes
    /// By place.
    private let keys: Run<Bytes>
    /// By the hashes of the keys.
    private let places: PlaceTable

    /// - Parameter keys: of the servers; no two are the same.
    init(_ cookie: StickyCookie, keys: [String], arena: ConfigurationArena) {
        mode =
            switch cookie.mode {
            case .insert: .insert
            case .rewrite: .rewrite
            case .prefix: .prefix
            }
        name = arena.bytes(cookie.name)
        passes = mode == .rewrite || mode == .insert && cookie.forward
        attributes = arena.bytes(Self.attributes(of: cookie))
        let compiled = keys.map { arena.bytes($0) }
        self.keys = arena.run(compiled)
        places = PlaceTable(
            compiled.enumerated().map { (KeyHash.hash($1, seed: 0), $0) }, arena: arena)
    }

    private static func attributes(of cookie: StickyCookie) -> String {
        var text = "; Path=/"
        if let domain = cookie.domain { text += "; Domain=\(domain)" }
        if let age = cookie.maxAge { text += "; Max-Age=\(age.wholeMilliseconds / 1_000)" }
        if cookie.httpOnly { text += "; HttpOnly" }
        if cookie.secure { text += "; Secure" }
        switch cookie.sameSite {
        case nil: break
        case .strict: text += "; SameSite=Strict"
        case .lax: text += "; SameSite=Lax"
        case .unrestricted: text += "; SameSite=None"
        }
        return text
    }

    // MARK: Requests

    /// The place of the server that the first cookie names which names any.
    func place(in fields: FieldView) -> Int? {
        var index = 0
        while let field = fields.next(.cookie, from: &index) {
            var cookies = CookieList(field)
            while let cookie = cookies.next() {
                guard cookie.name.equals(name) else { continue }
                if let place = place(of: cookie.value) { return place }
            }
        }
        return nil
    }

    private func place(of value: Bytes) -> Int? {
        var key = value
        if mode == .prefix {
            guard let mark = value.firstIndex(of: ASCII.tilde) else { return nil }
            key = value.prefix(mark)
        }
        guard !key.isEmpty, let place = places.place(KeyHash.hash(key, seed: 0)),
            keys[place].equals(key)
        else { return nil }
        return place
    }

    /// Whether there is something of ours in the value of a Cookie field.
    func isIn(_ field: Bytes) -> Bool {
        var cookies = CookieList(field)
        while let cookie = cookies.next() {
            if cookie.name.equals(name) { return true }
        }
        return false
    }

    /// Writes the value of a Cookie field as the server is to see it: without our cookie, or its own
    /// cookie without our key. It becomes no longer, so it may be written over itself. Whatever key
    /// stands before the first `~` goes, also that of a server which is no more.
    func write(_ field: Bytes, to writer: inout ByteWriter) {
        var position = 0
        while position < field.count {
            let end = field.firstIndex(of: ASCII.semicolon, from: position) ?? field.count
            let part = field.slice(position, end &- position)
            position = end &+ 1
            var alone = CookieList(part)
            guard let cookie = alone.next(), cookie.name.equals(name) else {
                append(part, to: &writer)
                continue
            }
            if mode == .insert { continue }
            guard let equals = part.firstIndex(of: ASCII.equals),
                let mark = part.firstIndex(of: ASCII.tilde, from: equals)
            else {
                append(part, to: &writer)
                continue
            }
            append(part.prefix(equals &+ 1), to: &writer)
            writer.append(part.suffix(from: mark &+ 1))
        }
    }

    /// One of the parts between semicolons; the first one has no blanks before it.
    private func append(_ part: Bytes, to writer: inout ByteWriter) {
        guard writer.count == 0 else {
            writer.append(ASCII.semicolon)
            writer.append(part)
            return
        }
        var first = 0
        while first < part.count, part[first] == ASCII.space || part[first] == ASCII.tab {
            first &+= 1
        }
        writer.append(part.suffix(from: first))
    }

    // MARK: Responses

    /// Whether a Set-Cookie field is about the cookie; `value` is the field's.
    func isSet(by value: Bytes) -> Bool {
        let end = value.firstIndex(of: ASCII.semicolon) ?? value.count
        var alone = CookieList(value.prefix(end))
        return alone.next()?.name.equals(name) == true
    }

    /// The line that takes the place of the server's own, which has that value; in mode insert none.
    ///
    /// - Parameter place: of the server that has answered.
    func writeInstead(of value: Bytes, _ place: Int, to writer: inout ByteWriter) {
        guard mode != .insert, let equals = value.firstIndex(of: ASCII.equals) else { return }
        begin(place, &writer)
        let rest = value.suffix(from: equals &+ 1)
        if mode == .prefix {
            writer.append(ASCII.tilde)
            writer.append(rest)
        } else if let end = rest.firstIndex(of: ASCII.semicolon) {
            writer.append(rest.suffix(from: end))
        }
        writer.append("\r\n")
    }

    /// The line of our own for a client that does not know its server yet; only in mode insert.
    func writeOwn(_ place: Int, to writer: inout ByteWriter) {
        guard mode == .insert else { return }
        begin(place, &writer)
        writer.append(attributes)
        writer.append("\r\n")
    }

    private func begin(_ place: Int, _ writer: inout ByteWriter) {
        writer.append("Set-Cookie: ")
        writer.append(name)
        writer.append(ASCII.equals)
        writer.append(keys[place])
    }
}
