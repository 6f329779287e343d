// Text that somebody else wrote, on its way to a terminal. Pure.

/// What must not drive a terminal, or turn its lines around, is shown instead.
public enum TerminalText {
    /// Control characters and bidirectional marks as `\u{…}`, the rest unchanged.
    public static func clean(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            let isControl = scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
            let isBidirectional =
                (0x202A...0x202E).contains(scalar.value)
                || (0x2066...0x2069).contains(scalar.value)
            if isControl || isBidirectional {
                result += "\\u{\(String(scalar.value, radix: 16))}"
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
