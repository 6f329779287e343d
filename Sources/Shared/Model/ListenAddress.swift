/// What a listening socket is bound to. Coded as the text that describes it: thousands of them go to
/// each worker.
public enum ListenAddress: Sendable, Hashable {
    case internet(SocketAddress)
    case unix(UnixAddress)
    /// In a configuration only: wherever that socket is.
    case passed(PassedSocket)
}

extension ListenAddress: CustomStringConvertible {
    /// `0.0.0.0:80`, `unix:/run/apus/web.sock`, `fd:5`.
    public var description: String {
        switch self {
        case .passed(let socket): socket.description
        case .internet(let address): address.description
        case .unix(let address): address.description
        }
    }
}

extension ListenAddress: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        if text.hasPrefix("unix:") {
            self = .unix(UnixAddress(name: String(text.dropFirst(5))))
        } else if text.hasPrefix("fd:"), let socket = PassedSocket(text.dropFirst(3)) {
            self = .passed(socket)
        } else if let address = SocketAddress(text) {
            self = .internet(address)
        } else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "\(text) is no address")
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
