// X-Request-Id: the client's own if it is harmless, else a fresh one. Any thread.

enum RequestID {
    /// 16 characters of Crockford's alphabet: 80 random bits.
    static func fresh() -> String {
        let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)
        let characters = (0..<16).map { _ in alphabet[Int.random(in: alphabet.indices)] }
        return String(decoding: characters, as: UTF8.self)
    }

    /// `text` if it can stand in a log line and a response as it is.
    static func accepted(_ text: String?) -> String? {
        guard let text, (1...64).contains(text.utf8.count) else { return nil }
        let isHarmless = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "-"), UInt8(ascii: "_"),
                UInt8(ascii: "."):
                true
            default: false
            }
        }
        return isHarmless ? text : nil
    }
}
