// A bearer token as the master knows it: by its hash. The token itself is nowhere but with its
// holder. Pure values, any thread.

public import Clock
import ConfigurationLanguage
public import Model

/// One line of a token file.
public struct AccessToken: Sendable, Equatable {
    /// For the audit; unique in its file.
    public var name: String
    /// What its holder may do.
    public var role: AccessRole
    /// SHA-256 of the token, 64 lower-case hexadecimal digits.
    public var sha256: String
    /// From then on it is worth nothing; nil: never.
    public var expires: WallTime?
    /// The only paths that it is good for, each with what is below it; empty: all.
    public var paths: [String]

    public init(
        name: String, role: AccessRole, sha256: String, expires: WallTime? = nil,
        paths: [String] = []
    ) {
        self.name = name
        self.role = role
        self.sha256 = sha256
        self.expires = expires
        self.paths = paths
    }

    /// As it stands in a token file, without the end of line.
    public var line: String {
        var words = [name, role.rawValue, "sha256:" + sha256]
        if let expires { words.append("expires=" + expires.rfc3339) }
        words += paths.map { "path=" + $0 }
        return words.joined(separator: " ")
    }

    func isExpired(at now: WallTime) -> Bool { expires.map { $0 <= now } ?? false }

    func isGood(for path: String) -> Bool {
        paths.isEmpty || paths.contains { path == $0 || path.hasPrefix($0 == "/" ? $0 : $0 + "/") }
    }
}

/// The secret, as its holder has it.
public struct TokenSecret: Sendable {
    /// `apus_` and 43 characters of base64url (RFC 4648 §5): 256 random bits. The prefix lets
    /// programs that look for lost secrets know one.
    public let text: String

    /// A fresh one, of the system's random numbers (getrandom(2)).
    public init() {
        let alphabet = Array(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        var generator = SystemRandomNumberGenerator()
        var bytes = [UInt8]("apus_".utf8)
        var (bits, count): (UInt32, UInt32) = (0, 0)
        for _ in 0..<32 {
            bits = bits << 8 | UInt32(UInt8.random(in: .min ... .max, using: &generator))
            count += 8
            while count >= 6 {
                count -= 6
                bytes.append(alphabet[Int(bits >> count & 63)])
            }
        }
        bytes.append(alphabet[Int(bits << (6 - count) & 63)])
        text = String(decoding: bytes, as: UTF8.self)
    }

    /// What a token file has of it.
    public var sha256: String { Self.sha256(text) }

    static func sha256(_ text: String) -> String { ConfigurationText(text).sha256 }
}
