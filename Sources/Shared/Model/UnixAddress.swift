/// Where a unix stream socket is (unix(7)): a file, or a name that is in no folder.
public struct UnixAddress: Codable, Sendable, Hashable {
    /// What the kernel has room for, without the final NUL.
    public static let bytesMax = 107

    /// `/run/apus/web.sock`, or `@web` for the name `web` of the abstract namespace; 2…`bytesMax`
    /// bytes, none of them a control character.
    public var name: String

    public init(name: String) {
        self.name = name
    }

    /// No file has to do with it: it is there as long as its sockets, for everybody.
    public var isAbstract: Bool { name.utf8.first == UInt8(ascii: "@") }
}

extension UnixAddress: CustomStringConvertible {
    /// As the configuration writes it: `unix:/run/apus/web.sock`, `unix:@web`.
    public var description: String { "unix:\(name)" }
}

/// Who may connect to a socket that is a file.
public struct SocketFileAccess: Codable, Sendable, Hashable {
    /// Permission bits; who may write may connect.
    public var mode: UInt32 = 0o660
    /// Names of accounts; nil: our own.
    public var user: String?
    public var group: String?

    public init() {}
}
