// A second opinion about requests: a reader that shares nothing with the proxy's parsers, is slow,
// and takes only what RFC 9112 has a server generate or accept without a doubt.

/// One request as such a reader sees it; texts have one scalar for each byte.
struct StrictRequest: Equatable, CustomStringConvertible {
    var method = ""
    var target = ""
    var fields: [String] = []
    var body: [UInt8] = []

    var description: String { "\(method) \(target) \(fields) \(body.count) bytes" }
}

enum StrictRequestReader {
    enum Outcome {
        case incomplete
        /// Why nobody should have to read this.
        case wrong(String)
        /// A request that takes so many bytes.
        case request(StrictRequest, length: Int)
    }

    static func read(_ bytes: [UInt8]) -> Outcome {
        var lines = Lines(bytes)
        guard let first = lines.next() else { return .incomplete }
        let words = first.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 3, isToken(words[0]), !words[1].isEmpty, words[2] == "HTTP/1.1",
            words[1].unicodeScalars.allSatisfy({ $0.value > 0x20 && $0.value < 0x7F })
        else { return .wrong("request line \(first)") }
        var request = StrictRequest(method: String(words[0]), target: String(words[1]))
        var values: [String: [String]] = [:]
        while let line = lines.next(), !line.isEmpty {
            guard let colon = line.firstIndex(of: ":"), isToken(line[..<colon]) else {
                return .wrong("field \(line)")
            }
            let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            guard
                value.unicodeScalars.allSatisfy({
                    $0.value >= 0x20 && $0.value != 0x7F || $0.value == 9
                })
            else { return .wrong("value in \(line)") }
            values[line[..<colon].lowercased(), default: []].append(String(value))
            request.fields.append(line)
        }
        if let fault = lines.fault { return .wrong(fault) }
        guard lines.last?.isEmpty == true else { return .incomplete }
        guard values["host"]?.count == 1 else { return .wrong("no one Host") }
        return readBody(&request, values, &lines)
    }

    private static func readBody(
        _ request: inout StrictRequest, _ values: [String: [String]], _ lines: inout Lines
    ) -> Outcome {
        switch (values["content-length"], values["transfer-encoding"]) {
        case (nil, nil): break
        case (let length?, nil):
            guard length.count == 1, length[0].utf8.allSatisfy({ (48...57).contains($0) }),
                let count = Int(length[0])
            else { return .wrong("length \(length)") }
            guard let body = lines.take(count) else { return .incomplete }
            request.body = body
        case (nil, let coding?):
            guard coding == ["chunked"] else { return .wrong("coding \(coding)") }
            while true {
                guard let line = lines.next() else { break }
                let size = line.prefix { $0.isASCII && $0.isHexDigit }
                guard let count = Int(size, radix: 16), size.count == line.count else {
                    return .wrong("chunk \(line)")
                }
                if count == 0 {
                    while let trailer = lines.next(), !trailer.isEmpty {}
                    break
                }
                guard let data = lines.take(count) else { return .incomplete }
                request.body += data
                guard let end = lines.next() else { break }
                guard end.isEmpty else { return .wrong("chunk does not end where it says") }
            }
            if let fault = lines.fault { return .wrong(fault) }
            guard lines.last?.isEmpty == true else { return .incomplete }
        case (_?, _?): return .wrong("length and coding")
        }
        return .request(request, length: lines.position)
    }

    private static func isToken(_ text: some StringProtocol) -> Bool {
        !text.isEmpty
            && text.unicodeScalars.allSatisfy { scalar in
                scalar.isASCII
                    && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil
                        || "!#$%&'*+-.^_`|~".unicodeScalars.contains(scalar))
            }
    }

    /// Lines that end with CRLF, and with nothing else.
    private struct Lines {
        private let bytes: [UInt8]
        private(set) var position = 0
        /// The line that was read last; nil where the bytes ended.
        private(set) var last: String?
        private(set) var fault: String?

        init(_ bytes: [UInt8]) {
            self.bytes = bytes
        }

        mutating func next() -> String? {
            last = nil
            guard fault == nil, let end = bytes[position...].firstIndex(of: 10) else { return nil }
            let line = bytes[position..<end]
            guard line.last == 13, !line.dropLast().contains(13) else {
                fault = "a line without CR and LF"
                return nil
            }
            position = end + 1
            var text = ""
            text.unicodeScalars.append(contentsOf: line.dropLast().map { Unicode.Scalar($0) })
            last = text
            return text
        }

        mutating func take(_ count: Int) -> [UInt8]? {
            guard count >= 0, bytes.count - position >= count else { return nil }
            defer { position += count }
            return Array(bytes[position..<position + count])
        }
    }
}
