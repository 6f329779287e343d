// The elements and attributes that a page may have, and no others: none of them runs anything or
// fetches anything. Pure values, any thread.

import Clock

/// An element that has an end.
enum HTMLElement: String, Sendable {
    case html, head, title, body, header, main, nav, section
    case heading = "h1"
    case subheading = "h2"
    case paragraph = "p"
    case list = "ul"
    case item = "li"
    case link = "a"
    case time
    case table, caption
    case tableHead = "thead"
    case tableBody = "tbody"
    case tableFoot = "tfoot"
    case row = "tr"
    case headerCell = "th"
    case cell = "td"

    /// Only for those who read the source, or a difference of two.
    var beginsLine: Bool {
        switch self {
        case .html, .head, .title, .body, .header, .main, .nav, .section, .heading, .subheading,
            .paragraph, .list, .item, .table, .caption, .tableHead, .tableBody, .tableFoot, .row:
            true
        case .link, .time, .headerCell, .cell: false
        }
    }
}

/// An attribute with its value, which is escaped where it is written.
struct HTMLAttribute: Sendable {
    enum Scope: String, Sendable {
        case column = "col"
        case row
    }

    let name: StaticString
    let value: String

    private init(_ name: StaticString, _ value: String) {
        self.name = name
        self.value = value
    }

    /// The language that we write.
    static let english = HTMLAttribute("lang", "en")
    static let charset = HTMLAttribute("charset", "utf-8")
    static let viewport = HTMLAttribute("name", "viewport")
    static let refresh = HTMLAttribute("http-equiv", "refresh")

    static func content(_ text: String) -> HTMLAttribute { .init("content", text) }
    static func anchor(_ name: StaticString) -> HTMLAttribute { .init("id", name.description) }
    static func label(_ text: StaticString) -> HTMLAttribute {
        .init("aria-label", text.description)
    }
    static func scope(_ scope: Scope) -> HTMLAttribute { .init("scope", scope.rawValue) }
    static func tone(_ tone: HTMLTone) -> HTMLAttribute { .init("class", tone.rawValue) }
    static func target(_ link: HTMLLink) -> HTMLAttribute { .init("href", link.target) }
    static func moment(_ time: WallTime) -> HTMLAttribute { .init("datetime", time.rfc3339) }
}

/// How a cell looks. What it means always stands in it as a word too.
enum HTMLTone: String, Sendable {
    /// Words, to the left; numbers stand to the right.
    case words = "t"
    case good, warning, bad
    /// Out because somebody wants it so.
    case off
}

/// A place of this API. It begins with what stands in the sources, so it never leads to another site
/// or to a script, whatever the names in it are.
struct HTMLLink: Sendable, Equatable {
    private(set) var target: String

    /// - Parameter path: `/v1/backends` or `#backends`.
    init(_ path: StaticString) {
        target = path.description
    }

    func appending(_ segment: String) -> HTMLLink {
        var link = self
        link.target += "/" + Self.encoded(segment)
        return link
    }

    func adding(_ parameter: StaticString, _ value: String) -> HTMLLink {
        var link = self
        link.target += target.contains("?") ? "&" : "?"
        link.target += "\(parameter)=" + Self.encoded(value)
        return link
    }

    /// All but what is unreserved (RFC 3986 §2.3).
    private static func encoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"), UInt8(ascii: "~"):
                bytes.append(byte)
            default:
                bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
