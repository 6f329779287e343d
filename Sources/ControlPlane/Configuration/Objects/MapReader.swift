// `maps.NAME`: a file of keys and values, read when the configuration is. A line is a key, blanks and
// a value; `#` begins a comment line.

import Model

extension ValueReader {
    func valueMap(_ name: String) -> ValueMap? {
        object { fields -> ValueMap? in
            let file = fields.require("file", "the absolute path of a file of keys and values")
            let path = file?.fileName()
            let kind = fields.take("kind")?.choice(ValueMap.Kind.self) ?? .exact
            let given = fields.take("key")
            let key = given?.mapKey() ?? (kind == .cidr ? .clientIP : .host)
            if kind == .cidr, let given, key != .clientIP {
                given.report(
                    .conflictingFields, "a map of kind cidr looks up client_ip and nothing else")
            }
            var map = ValueMap(name: name, file: path ?? "", kind: kind, key: key)
            map.fallback = fields.take("default")?.mapDefault()
            guard let file, let path else { return nil }
            let bytes = reading.document.references.file(
                path, limit: ValueMap.fileBytesMax, of: file)
            let reader = bytes.map { MapFile($0, path: path, map: map) }
            reader?.faults.forEach { file.report(.invalidValue, $0) }
            map.entries = reader?.lines.map(\.entry) ?? []
            reading.document.maps[name] = .init(lines: reader?.lines, fallback: map.fallback)
            return map
        }?.flatMap { $0 }
    }

    /// The absolute path of a file that the master reads.
    func fileName() -> String? {
        guard !refusesReference(as: "the name of a file"), let path = line(limit: 4_095) else {
            return nil
        }
        guard path.hasPrefix("/") else {
            report(.invalidValue, "\(quoted(path)) must be an absolute path")
            return nil
        }
        return path
    }

    /// For the check of references.
    func note(map name: String, namesBackends mode: ProxyMode? = nil) {
        reading.document.mapReferences.append(.init(name: name, mode: mode, value: self))
    }

    private func mapKey() -> ValueMap.Key? {
        let names: [(String, ValueMap.Key)] = [
            ("host", .host), ("path", .path), ("method", .method), ("client_ip", .clientIP),
        ]
        guard !refusesReference(as: "the key of a map"), let text = line(limit: 300) else {
            return nil
        }
        if let known = names.first(where: { $0.0 == text }) { return known.1 }
        if let value = requestValue(text), value.kind != .map, value.kind != .response {
            return .request(value)
        }
        report(
            .invalidValue,
            "\(quoted(text)) is nothing to look up, must be "
                + oneOf(
                    names.map(\.0)
                        + ["header.NAME", "cookie.NAME", "query.NAME", "capture.NAME"]),
            suggestion: Suggestion.nearest(to: text, in: names.map(\.0)))
        return nil
    }

    private func mapDefault() -> String? {
        refusesReference(as: "the default of a map") ? nil : line(limit: ValueMap.valueBytesMax)
    }
}

/// What stands in the file of a map.
struct MapFile {
    struct Line {
        var number: Int
        var entry: ValueMap.Entry
    }

    private(set) var lines: [Line] = []
    /// `PATH:LINE: …`, at most ten.
    private(set) var faults: [String] = []

    private static let faultsMax = 10

    init(_ bytes: [UInt8], path: String, map: ValueMap) {
        var first: [String: Int] = [:]
        var number = 0
        for line in bytes.split(separator: 0x0A, omittingEmptySubsequences: false) {
            number += 1
            func fault(_ text: String) {
                if faults.count < Self.faultsMax { faults.append("\(path):\(number): \(text)") }
            }
            let text = Self.trimmed(line[...])
            guard let start = text.first, start != UInt8(ascii: "#") else { continue }
            guard lines.count < ValueMap.entriesMax else {
                fault("a map has at most \(ValueMap.entriesMax) entries")
                return
            }
            guard let end = text.firstIndex(where: Self.isBlank) else {
                fault("a key without a value; a line is a key, a blank and a value")
                continue
            }
            let value = Self.trimmed(text[end...])
            guard let key = Self.text(text[..<end]), let value = Self.text(value) else {
                fault("no text in UTF-8, or a control character")
                continue
            }
            guard key.utf8.count <= ValueMap.keyBytesMax, value.utf8.count <= ValueMap.valueBytesMax
            else {
                fault(
                    "too long: a key has at most \(ValueMap.keyBytesMax) bytes, a value "
                        + "\(ValueMap.valueBytesMax)")
                continue
            }
            guard let normal = Self.key(key, of: map) else {
                fault("\(quoted(key)) is no address or block, such as 10.0.0.0/8 or 2001:db8::/32")
                continue
            }
            if let before = first.updateValue(number, forKey: normal) {
                fault("a second value for \(quoted(key)), first in line \(before)")
                continue
            }
            lines.append(Line(number: number, entry: .init(key: normal, value: value)))
        }
    }

    /// As it is compared; nil for what is none.
    private static func key(_ text: String, of map: ValueMap) -> String? {
        switch (map.kind, map.key) {
        case (.cidr, _): AddressRange(text)?.description
        case (_, .host): text.lowercased()
        case (_, .request), (_, .path), (_, .method), (_, .clientIP): text
        }
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    /// Without blanks around it, and without the CR of a line that ends in CRLF.
    private static func trimmed(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var text = text
        while let last = text.last, isBlank(last) || last == 0x0D { text = text.dropLast() }
        return text.drop(while: isBlank)
    }

    private static func text(_ bytes: ArraySlice<UInt8>) -> String? {
        guard !bytes.contains(where: { $0 < 0x20 || $0 == 0x7F }) else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }
}

extension ConfigurationReading {
    /// Every map that is named exists; the values of one that names backends are backends.
    func checkMaps(_ maps: [MappingReader.Entry], backends modes: [String: ProxyMode?]) {
        let names = maps.map(\.key)
        for reference in document.mapReferences where !problems.isFull {
            guard names.contains(reference.name) else {
                reference.value.reportUnknown("map", reference.name, among: names)
                continue
            }
            guard let mode = reference.mode, let map = document.maps[reference.name] else {
                continue
            }
            func check(_ name: String, _ place: String) {
                guard let known = modes[name] else {
                    reference.value.report(
                        .unknownReference,
                        "no backend is named \(quoted(name)), which \(place) says",
                        suggestion: Suggestion.nearest(to: name, in: modes.keys.sorted()))
                    return
                }
                if let known, known != mode {
                    reference.value.report(
                        .wrongMode,
                        "backend \(quoted(name)), which \(place) says, is of mode \(known.rawValue)"
                    )
                }
            }
            if let fallback = map.fallback { check(fallback, "the default of the map") }
            var seen: Set<String> = []
            for line in map.lines ?? [] where seen.insert(line.entry.value).inserted {
                check(line.entry.value, "line \(line.number) of the map's file")
            }
        }
    }
}
