// Requests with their verdicts: the smuggling corpus and what must keep working beside it. Each
// says why the verdict is right. The vectors stand in the RequestCorpus…-files, by what they
// attack.

@testable import DataPlane

struct RequestVector: Sendable, CustomStringConvertible {
    let reason: String
    let bytes: [UInt8]
    /// Nil: accepted.
    let error: HTTPError?

    init(_ reason: String, _ text: String, _ error: HTTPError?) {
        self.reason = reason
        bytes = octets(text)
        self.error = error
    }

    var description: String { reason }

    /// A POST with these field lines behind Host, and something behind the head.
    static func post(_ reason: String, _ fields: String, _ error: HTTPError?) -> RequestVector {
        RequestVector(
            reason, "POST / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\n",
            error)
    }

    /// A GET with these field lines and nothing else.
    static func get(_ reason: String, _ fields: String, _ error: HTTPError?) -> RequestVector {
        RequestVector(reason, "GET / HTTP/1.1\r\n\(fields)\r\n\r\n", error)
    }

    /// A GET for this target.
    static func target(_ reason: String, _ target: String, _ error: HTTPError?) -> RequestVector {
        RequestVector(reason, "GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n", error)
    }
}

enum RequestCorpus {
    static let all: [RequestVector] = framing + syntax + target + authority + connection
}
