// HTML as a page for people needs it. Markup is what this program was compiled with: elements and
// attributes have types, they end in the order in which they began, and every text is escaped on
// its way in. So nothing that a file, a peer or a client wrote can be markup. Pure value, any thread.

import ConfigurationLanguage

/// An HTML document in the making.
struct HTMLWriter: Sendable {
    /// UTF-8.
    private(set) var bytes: [UInt8] = []

    /// Of one text, in Unicode scalars: what others wrote does not decide how long a document is.
    static let textCountMax = 200

    /// Begins with the document type.
    init() {
        raw("<!DOCTYPE html>")
    }

    /// An element with what `content` writes in it.
    mutating func element(
        _ element: HTMLElement, _ attributes: HTMLAttribute..., content: (inout HTMLWriter) -> Void
    ) {
        open(element.rawValue, attributes, onLineOfItsOwn: element.beginsLine)
        content(&self)
        raw("</")
        bytes.append(contentsOf: element.rawValue.utf8)
        raw(">")
    }

    /// An element with a text in it.
    mutating func element(
        _ element: HTMLElement, _ attributes: HTMLAttribute..., text: String
    ) {
        open(element.rawValue, attributes, onLineOfItsOwn: element.beginsLine)
        self.text(text)
        raw("</")
        bytes.append(contentsOf: element.rawValue.utf8)
        raw(">")
    }

    /// `<meta>`, which has no content and no end.
    mutating func meta(_ attributes: HTMLAttribute...) {
        open("meta", attributes, onLineOfItsOwn: true)
    }

    /// A style sheet of ours, byte for byte: its digest stands in the answer's head.
    mutating func style(_ sheet: StaticString) {
        raw("\n<style>")
        raw(sheet)
        raw("</style>")
    }

    /// Any text. What would be markup is shown as it was written; so are control characters and
    /// marks that turn a line around, as `\u{…}`.
    mutating func text(_ text: String) {
        let isLong = text.utf8.count > Self.textCountMax
        let scalars = text.unicodeScalars.prefix(isLong ? Self.textCountMax : .max)
        let isCut = scalars.endIndex < text.unicodeScalars.endIndex
        append(escaped: TerminalText.clean(String(scalars)))
        if isCut { append(escaped: "…") }
    }

    private mutating func open(
        _ name: String, _ attributes: [HTMLAttribute], onLineOfItsOwn: Bool
    ) {
        raw(onLineOfItsOwn ? "\n<" : "<")
        bytes.append(contentsOf: name.utf8)
        for attribute in attributes {
            raw(" ")
            raw(attribute.name)
            raw("=\"")
            append(escaped: TerminalText.clean(attribute.value))
            raw("\"")
        }
        raw(">")
    }

    /// The only way for markup: what stood in the sources.
    private mutating func raw(_ markup: StaticString) {
        bytes.append(contentsOf: markup.description.utf8)
    }

    /// Good for content and for values in double quotes (WHATWG HTML §13.3).
    private mutating func append(escaped text: String) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "&"): raw("&amp;")
            case UInt8(ascii: "<"): raw("&lt;")
            case UInt8(ascii: ">"): raw("&gt;")
            case UInt8(ascii: "\""): raw("&quot;")
            case UInt8(ascii: "'"): raw("&#39;")
            default: bytes.append(byte)
            }
        }
    }
}
