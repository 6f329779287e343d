// What a client got, down to the framing.

/// A complete HTTP/1 response.
public struct HTTPResponse: Sendable, CustomStringConvertible {
    public var version: String
    public var status: Int
    public var reason: String
    /// In order, names as they came.
    public var fields: [(name: String, value: String)]
    public var body: [UInt8]
    /// Whether the connection can carry another request.
    public var isReusable: Bool
    public var isChunked: Bool

    /// The first field of that name, whatever its case.
    public subscript(name: String) -> String? {
        fields.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    /// All fields of that name.
    public func values(_ name: String) -> [String] {
        fields.filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
    }

    public var text: String { String(decoding: body, as: UTF8.self) }
    public var json: JSONValue { (try? JSONValue(parsing: body)) ?? .missing }
    public var description: String { "\(status) \(reason): \(text.prefix(2000))" }
}

/// How reading a response can end without one.
public enum ResponseFailure: Error, Equatable, CustomStringConvertible {
    /// The connection ended before the first byte of the response.
    case endedBefore(wasReset: Bool)
    /// It ended inside.
    case endedInside(wasReset: Bool)
    case timeout
    case malformed(String)

    public var description: String {
        switch self {
        case .endedBefore(let reset): "ended before the response\(reset ? " (reset)" : "")"
        case .endedInside(let reset): "ended inside the response\(reset ? " (reset)" : "")"
        case .timeout: "no response in time"
        case .malformed(let what): "malformed response: \(what)"
        }
    }
}
