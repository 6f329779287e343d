// Names that nobody has to hand out: a time, so that they sort by age, and chance.

public import Clock

/// Identifiers in Crockford's base 32: capital letters and digits without I, L, O and U.
public enum Identifier {
    /// Nine characters of milliseconds since 1970 (until the year 3084), then random ones.
    public static func make(randomCharacters: Int, at time: WallTime = .now()) -> String {
        var generator = SystemRandomNumberGenerator()
        var characters: [UInt8] = []
        for index in (0..<9).reversed() {
            characters.append(
                alphabet[Int(truncatingIfNeeded: time.milliseconds >> (index * 5)) & 31])
        }
        for _ in 0..<randomCharacters {
            characters.append(alphabet[Int.random(in: 0..<32, using: &generator)])
        }
        return String(decoding: characters, as: UTF8.self)
    }

    /// Of a reload: `rl_` and 16 characters.
    public static func makeReload() -> String { "rl_" + make(randomCharacters: 7) }

    private static let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)
}
