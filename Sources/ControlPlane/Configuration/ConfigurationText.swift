// The bytes of a configuration as somebody wrote them, with their digest: what the store keeps
// as a revision and what the API shows as `view=written`. Never rewritten.

import COpenSSL

/// A written configuration. Equal bytes have an equal digest.
public struct ConfigurationText: Sendable, Equatable {
    /// As written, whatever the encoding.
    public let bytes: [UInt8]
    /// SHA-256 of the bytes, 64 lower-case hexadecimal digits.
    public let sha256: String

    public init(bytes: [UInt8]) {
        self.bytes = bytes
        sha256 = hexadecimalSHA256(bytes)
    }

    public init(_ text: String) {
        self.init(bytes: Array(text.utf8))
    }

    /// The text; bytes that are not UTF-8 become U+FFFD (reading reports them as a problem).
    public var string: String {
        String(decoding: bytes, as: UTF8.self)
    }
}

private func hexadecimalSHA256(_ bytes: [UInt8]) -> String {
    var digest = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_LENGTH))
    // SAFETY: both arrays outlive the call, the digest has the size that SHA256(3ssl) writes.
    _ = unsafe SHA256(bytes, bytes.count, &digest)
    let digits = Array("0123456789abcdef".utf8)
    let text = digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    return String(decoding: text, as: UTF8.self)
}
