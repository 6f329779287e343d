/// `maps.NAME` — values by key, out of a file that the master read when the configuration was
/// loaded. A worker has the entries and reads no file.
public struct ValueMap: Codable, Sendable, Equatable {
    /// How a key is found.
    public enum Kind: String, Codable, Sendable, CaseIterable {
        case exact
        /// The longest key that begins, or ends, what is looked up: of a path on whole segments, of
        /// a host on whole labels, of anything else byte for byte.
        case prefix, suffix
        /// Keys are blocks of addresses; the smallest that has the client's decides.
        case cidr
    }

    /// What is looked up.
    public enum Key: Codable, Sendable, Equatable {
        case host, path, method
        case clientIP
        case request(RequestValue)
    }

    public struct Entry: Codable, Sendable, Equatable {
        /// Lower case for hosts.
        public var key: String
        public var value: String

        public init(key: String, value: String) {
            self.key = key
            self.value = value
        }
    }

    public static let entriesMax = 100_000
    public static let fileBytesMax = 4 << 20
    public static let keyBytesMax = 1_024
    public static let valueBytesMax = 4_096

    public var name: String
    /// Absolute.
    public var file: String
    public var kind: Kind
    /// `clientIP` for `cidr`.
    public var key: Key
    /// Where no key is found; nil: then there is no value.
    public var fallback: String?
    /// In order of the file; no key twice.
    public var entries: [Entry]

    public init(
        name: String, file: String, kind: Kind = .exact, key: Key = .host,
        fallback: String? = nil, entries: [Entry] = []
    ) {
        self.name = name
        self.file = file
        self.kind = kind
        self.key = key
        self.fallback = fallback
        self.entries = entries
    }
}
