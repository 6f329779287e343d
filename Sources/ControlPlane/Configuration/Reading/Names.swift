// The alphabets of names.

enum Names {
    /// What the operator calls a frontend, a backend, a server or a route.
    static func isName(_ text: String) -> Bool {
        let bytes = text.utf8
        return (1...64).contains(bytes.count)
            && bytes.allSatisfy { isLetterOrDigit($0) || "_.-".utf8.contains($0) }
    }

    /// RFC 9110 §5.6.2, at most 256 bytes.
    static func isToken(_ text: String) -> Bool {
        let bytes = text.utf8
        return (1...256).contains(bytes.count)
            && bytes.allSatisfy { isLetterOrDigit($0) || "!#$%&'*+-.^_`|~".utf8.contains($0) }
    }

    static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"):
            true
        default: false
        }
    }
}
