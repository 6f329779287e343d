// What the client of an accepted vector means by it, made of the bytes that it sends and of what the
// parser says, not of what is forwarded.

@testable import DataPlane

/// A request as it should arrive.
struct MeantRequest {
    var method: String
    var target: String
    var body: [UInt8]
    var upgrade: String

    /// Nil: its body is not there in full.
    init?(_ bytes: [UInt8]) {
        let head = parseRequest(bytes)
        guard case .complete(let length) = head.result else { return nil }
        method = head.method
        upgrade = head.upgrade
        // What the frontend makes of slashes in a row, made in another way.
        let path = head.path.reduce(into: "") { path, next in
            if next != "/" || path.last != "/" { path.append(next) }
        }
        target = path + (head.query.map { "?\($0)" } ?? "")
        let rest = bytes[length...]
        switch head.body {
        case .none, .untilClose: body = []
        case .length(let count):
            guard rest.count >= count else { return nil }
            body = Array(rest.prefix(Int(count)))
        case .chunked:
            // Those of the corpus have the last chunk only.
            guard rest.starts(with: octets("0\r\n\r\n")) else { return nil }
            body = []
        }
    }
}
