// Maps of the configuration, compiled: keys in order of their bytes, found by halving; for prefixes
// and suffixes each key knows the longest other key that it begins with. A hundred thousand keys
// cost seventeen comparisons. Hot; read-only.

import Model

struct CompiledMap: BitwiseCopyable {
    private struct Entry: BitwiseCopyable {
        let key: Bytes
        let value: Bytes
        /// The longest key that this one begins with; -1: none.
        var parent: Int32
        /// The place of the backend of that name, -1: there is none.
        let backend: Int32
    }

    private enum Search: UInt8, BitwiseCopyable {
        case exact, prefix, suffix, cidr

        init(_ kind: ValueMap.Kind) {
            switch kind {
            case .exact: self = .exact
            case .prefix: self = .prefix
            case .suffix: self = .suffix
            case .cidr: self = .cidr
            }
        }
    }

    private let kind: Search
    private let key: CompiledValue
    /// Ends a segment or a label; nil: every byte may be the last.
    private let separator: UInt8?
    private let ignoresCase: Bool
    private let entries: Run<Entry>
    private let blocks: AddressTable
    /// None or one.
    private let fallback: Run<Entry>

    /// `backends` are places by name.
    init(
        _ map: ValueMap, backends: [String: Int], arena: ConfigurationArena, names: RuleNames
    ) {
        func entry(_ key: Bytes, _ value: Bytes, _ name: String) -> Entry {
            Entry(
                key: key, value: value, parent: -1,
                backend: Int32(truncatingIfNeeded: backends[name] ?? -1))
        }
        kind = Search(map.kind)
        key = CompiledValue(map.key, arena: arena, names: names)
        ignoresCase = map.key == .host
        separator =
            switch map.key {
            case .host: ASCII.dot
            case .path: ASCII.slash
            case .method, .clientIP, .request: nil
            }
        fallback = arena.run(
            map.fallback.map { [entry(.empty, arena.bytes($0), $0)] } ?? [])
        var text: [UInt8] = []
        for item in map.entries { text += Array(item.key.utf8) + Array(item.value.utf8) }
        let whole = arena.bytes(text)
        var position = 0
        var compiled: [Entry] = []
        for item in map.entries {
            let key = whole.slice(position, item.key.utf8.count)
            position += key.count
            let value = whole.slice(position, item.value.utf8.count)
            position += value.count
            compiled.append(entry(key, value, item.value))
        }
        blocks = AddressTable(
            map.kind == .cidr
                ? map.entries.enumerated().compactMap { index, item in
                    AddressRange(item.key).map { ($0, index) }
                } : [],
            arena: arena)
        if map.kind != .cidr {
            let isSuffix = map.kind == .suffix
            compiled.sort { Self.order($0.key, $1.key, isSuffix, false) == .before }
            if map.kind != .exact { Self.link(&compiled, isSuffix) }
        }
        entries = arena.run(compiled)
    }

    /// The value for a request; nil: there is none.
    func text(_ facts: ExchangeFacts) -> Bytes? {
        entry(facts)?.value
    }

    /// The place of the backend that the value names; nil: there is no value.
    func backend(_ facts: ExchangeFacts) -> Int? {
        guard let entry = entry(facts), entry.backend >= 0 else { return nil }
        return Int(entry.backend)
    }

    private func entry(_ facts: ExchangeFacts) -> Entry? {
        let place =
            kind == .cidr
            ? blocks.number(of: facts.clientAddress) ?? -1 : find(key.text(facts))
        if place >= 0, place < entries.count { return entries[place] }
        return fallback.isEmpty ? nil : fallback[0]
    }

    /// The place of the key, -1: none.
    private func find(_ text: Bytes) -> Int {
        let isSuffix = kind == .suffix
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low &+ high) / 2
            switch Self.order(entries[middle].key, text, isSuffix, ignoresCase) {
            case .before: low = middle &+ 1
            case .same: return middle
            case .behind: high = middle
            }
        }
        guard kind != .exact else { return -1 }
        // Whatever the text begins with stands before it, and is the last such key or one that this
        // begins with.
        var place = low &- 1
        guard place >= 0 else { return -1 }
        let shared = Self.shared(entries[place].key, text, isSuffix, ignoresCase)
        while place >= 0 {
            let length = entries[place].key.count
            if length <= shared, endsWhole(length, text, isSuffix) { return place }
            place = Int(entries[place].parent)
        }
        return -1
    }

    /// Whether a segment or label of the text ends where a key of that length does.
    private func endsWhole(_ length: Int, _ text: Bytes, _ isSuffix: Bool) -> Bool {
        guard let separator, length < text.count, length > 0 else { return true }
        return Self.byte(text, length, isSuffix) == separator
            || Self.byte(text, length &- 1, isSuffix) == separator
    }

    private enum Order {
        case before, same, behind
    }

    /// Of a key to a text, from the end where suffixes are compared.
    private static func order(
        _ key: Bytes, _ text: Bytes, _ isSuffix: Bool, _ ignoresCase: Bool
    ) -> Order {
        let shared = shared(key, text, isSuffix, ignoresCase)
        if shared == key.count { return shared == text.count ? .same : .before }
        if shared == text.count { return .behind }
        let other = byte(text, shared, isSuffix)
        return byte(key, shared, isSuffix) < (ignoresCase ? ASCII.lowercased(other) : other)
            ? .before : .behind
    }

    /// How many bytes are the same; the key is in lower case where case does not matter.
    private static func shared(
        _ key: Bytes, _ text: Bytes, _ isSuffix: Bool, _ ignoresCase: Bool
    ) -> Int {
        let count = min(key.count, text.count)
        var index = 0
        while index < count {
            let other = byte(text, index, isSuffix)
            guard byte(key, index, isSuffix) == (ignoresCase ? ASCII.lowercased(other) : other)
            else { break }
            index &+= 1
        }
        return index
    }

    @inline(__always)
    private static func byte(_ text: Bytes, _ index: Int, _ isSuffix: Bool) -> UInt8 {
        text[isSuffix ? text.count &- 1 &- index : index]
    }

    /// In sorted order the keys that one begins with stand before it, each beginning with the one
    /// before: a stack of them is enough.
    private static func link(_ entries: inout [Entry], _ isSuffix: Bool) {
        var open: [Int] = []
        for index in entries.indices {
            while let top = open.last,
                shared(entries[top].key, entries[index].key, isSuffix, false)
                    < entries[top].key.count
            {
                open.removeLast()
            }
            entries[index].parent = Int32(truncatingIfNeeded: open.last ?? -1)
            open.append(index)
        }
    }
}
