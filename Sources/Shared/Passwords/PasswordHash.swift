// Hashes of passwords as crypt(5) writes them: `$6$…`, `$y$…`, `$2b$…`. The one room where that
// library is called. A check takes milliseconds on purpose: never on a loop's thread.

internal import CCrypt

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

    /// By the method's name in front (crypt_checksalt(3)), and by the length that a hash has at least.
    public var fitness: Fitness {
        // Without `$` it would be DES (crypt(5)), as which any word might be taken.
        guard (13...Self.bytesMax).contains(text.utf8.count), text.utf8.first == UInt8(ascii: "$"),
            !text.utf8.contains(0)
        else { return .unknown }
        // SAFETY: the callee reads the text during the call only.
        switch unsafe crypt_checksalt(text) {
        case CRYPT_SALT_OK: return .good
        case CRYPT_SALT_METHOD_LEGACY, CRYPT_SALT_TOO_CHEAP: return .weak
        default: return .unknown
        }
    }

    /// Whether it is the hash of that password, which has no zero byte and is at most 512 bytes long
    /// (CRYPT_MAX_PASSPHRASE_SIZE). Takes as long as the hash was made to take.
    public func isHash(of password: [UInt8]) -> Bool {
        guard password.count <= 511, !password.contains(0) else { return false }
        // 32 KB, and the library asks for zeroes at first (crypt_r(3)).
        let memory = UnsafeMutablePointer<crypt_data>.allocate(capacity: 1)
        defer { unsafe memory.deallocate() }
        // SAFETY: the memory is ours alone, of the size that the library says.
        unsafe UnsafeMutableRawPointer(memory).initializeMemory(
            as: UInt8.self, repeating: 0, count: MemoryLayout<crypt_data>.size)
        let phrase = password.map { CChar(bitPattern: $0) } + [0]
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
