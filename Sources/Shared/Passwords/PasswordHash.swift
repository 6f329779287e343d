// Hashes of passwords as crypt(5) writes them: `$6$…`, `$y$…`, `$2b$…`. The one room where that
// library is called. A check takes milliseconds on purpose: never on a loop's thread.

internal import CCrypt
internal import Glibc

/// The text of a hash, method and salt included.
public struct PasswordHash: Sendable, Equatable {
    /// What the library says of a text.
    public enum Fitness: Sendable, Equatable {
        case good
        /// Understood, but of a method that is easily tried out today.
        case weak
        /// Not a hash, or of a method that this system does not have.
        case unknown
    }
    public let text: String
    /// Longer ones are none (crypt(5): CRYPT_OUTPUT_SIZE is 384).
    public static let bytesMax = 383

    public init(_ text: String) {
        self.text = text
    }

    /// By the method's name in front, its cost, and the length that its hashes have (crypt(5)).
    public var fitness: Fitness {
        // Without `$` it would be DES, as which any word might be taken.
        let parts = text.split(separator: "$", omittingEmptySubsequences: false)
        guard text.utf8.count <= Self.bytesMax, !text.utf8.contains(0), parts.count >= 3,
            parts[0].isEmpty, let tail = parts.last, Self.isDigest(tail, of: parts[1])
        else { return .unknown }
        // SAFETY: the callee reads the text during the call only.
        switch unsafe crypt_checksalt(text) {
        case CRYPT_SALT_OK: return Self.isCheap(parts) ? .weak : .good
        case CRYPT_SALT_METHOD_LEGACY, CRYPT_SALT_TOO_CHEAP: return .weak
        default: return .unknown
        }
    }

    private static func isDigest(_ tail: Substring, of method: Substring) -> Bool {
        let length: Int? =
            switch method {
            case "1": 22
            case "5", "7", "y", "gy": 43
            case "6": 86
            // Salt and hash in one.
            case "2a", "2b", "2y": 53
            default: nil
            }
        return tail.utf8.count == length
            && tail.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "."), UInt8(ascii: "/"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                    UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"):
                    true
                default: false
                }
            }
    }

    /// Less work than the method has by itself: 5,000 rounds, 2^10 of bcrypt.
    private static func isCheap(_ parts: [Substring]) -> Bool {
        switch parts[1] {
        case "5", "6":
            guard parts[2].hasPrefix("rounds=") else { return false }
            return Int(parts[2].dropFirst(7)).map { $0 < 5_000 } ?? true
        case "2a", "2b", "2y": return Int(parts[2]).map { $0 < 10 } ?? true
        default: return false
        }
    }

    /// Whether it is the hash of that password, which has no zero byte and at most 511 bytes (crypt(3)).
    /// Takes as long as the hash was made to take.
    public func isHash(of password: [UInt8]) -> Bool {
        guard password.count <= 511, !password.contains(0) else { return false }
        // 32 KB, and the library asks for zeroes at first (crypt_r(3)).
        let memory = UnsafeMutablePointer<crypt_data>.allocate(capacity: 1)
        var phrase = password.map { CChar(bitPattern: $0) } + [0]
        defer {
            // Nothing of it stays behind in memory that is given back.
            // SAFETY: both are ours, of these sizes.
            unsafe explicit_bzero(memory, MemoryLayout<crypt_data>.size)
            unsafe explicit_bzero(&phrase, phrase.count)
            unsafe memory.deallocate()
        }
        // SAFETY: the memory is ours alone, of the size that the library says.
        unsafe UnsafeMutableRawPointer(memory).initializeMemory(
            as: UInt8.self, repeating: 0, count: MemoryLayout<crypt_data>.size)
        // SAFETY: both texts end with a zero; what comes back lies in `memory`, or is null.
        guard let result = unsafe crypt_r(phrase, text, memory) else { return false }
        return Self.areEqual(unsafe String(cString: result), text)
    }

    /// Takes as long wherever they differ.
    private static func areEqual(_ one: String, _ other: String) -> Bool {
        let (one, other) = (Array(one.utf8), Array(other.utf8))
        guard one.count == other.count else { return false }
        var difference: UInt8 = 0
        for index in one.indices { difference |= one[index] ^ other[index] }
        return difference == 0
    }
}
