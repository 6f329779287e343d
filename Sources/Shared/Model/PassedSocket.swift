/// A listening socket that was open when the master began, by what whoever opened it calls it.
public enum PassedSocket: Sendable, Hashable {
    /// Its descriptor in the master, in `numbers`.
    case number(Int32)
    /// Of LISTEN_FDNAMES (sd_listen_fds(3)): 1…`nameBytesMax` visible characters of ASCII without a
    /// colon, not all of them digits.
    case name(String)

    /// Above the three that every process has.
    public static let numbers: ClosedRange<Int32> = 3...999_999
    public static let nameBytesMax = 64

    /// What stands behind `fd:`; nil where it is neither.
    public init?(_ text: some StringProtocol) {
        let digits = text.utf8.allSatisfy { (0x30...0x39).contains($0) }
        if digits {
            guard let number = Int32(text), "\(number)" == text, Self.numbers.contains(number)
            else {
                return nil
            }
            self = .number(number)
        } else {
            guard text.utf8.count <= Self.nameBytesMax,
                text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ":") })
            else { return nil }
            self = .name(String(text))
        }
    }
}

extension PassedSocket: CustomStringConvertible {
    /// As the configuration writes it: `fd:5`, `fd:web`.
    public var description: String {
        switch self {
        case .number(let number): "fd:\(number)"
        case .name(let name): "fd:\(name)"
        }
    }
}
