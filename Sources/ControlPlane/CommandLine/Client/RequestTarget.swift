// What a request asks for: path and query. What is put into one is percent-encoded, so nothing
// that a user typed can change its shape. Pure.

/// `"/v1/reloads/\(id)/logs"`, and further query parameters with `with`.
struct RequestTarget: ExpressibleByStringInterpolation, Equatable, Sendable {
    private(set) var text: String

    init(stringLiteral text: String) {
        self.text = text
    }

    init(stringInterpolation: StringInterpolation) {
        text = stringInterpolation.text
    }

    /// As a user wrote it whole; nil unless it is an absolute path of visible ASCII characters
    /// (RFC 9112 §3.2.1).
    init?(verbatim text: String) {
        guard text.hasPrefix("/"), text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            return nil
        }
        self.text = text
    }

    /// A query parameter more; none for nil.
    func with(_ name: StaticString, _ value: String?) -> RequestTarget {
        guard let value else { return self }
        var target = self
        target.text += "\(text.contains("?") ? "&" : "?")\(name)=\(Self.encoded(value))"
        return target
    }

    struct StringInterpolation: StringInterpolationProtocol {
        var text = ""

        init(literalCapacity: Int, interpolationCount: Int) {}

        mutating func appendLiteral(_ literal: String) { text += literal }
        mutating func appendInterpolation(_ value: String) { text += RequestTarget.encoded(value) }
        mutating func appendInterpolation(_ value: Int) { text += String(value) }
    }

    /// All but the unreserved characters (RFC 3986 §2.3).
    private static func encoded(_ text: String) -> String {
        text.utf8.map { byte in
            let scalar = Unicode.Scalar(byte)
            let isUnreserved =
                scalar.isASCII
                && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
                    || "-._~".unicodeScalars.contains(scalar))
            if isUnreserved { return String(Character(scalar)) }
            return "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }.joined()
    }
}
