// Whatever somebody wrote, it is text on the page.

import ConfigurationLanguage
import Foundation
import TestKit
import Testing

@testable import AdminAPI

struct HTMLWriterTests {
    static let hostile = [
        "<script>alert(1)</script>", "</title><script>", "\"><img src=x onerror=alert(1)>",
        "' onmouseover='alert(1)", "javascript:alert(1)", "&lt;b&gt; &amp; &#60;", "]]><!--",
        "--><script>", "</style><script>", "<", ">", "&", "\"", "'", "a&b;c", "\u{0}<\u{1B}[31m",
        "\u{202E}gnp.exe", "x\r\nSet-Cookie: a=b", "ünïcode 名前 \u{1F600}", "", "<!DOCTYPE html>",
        "//evil.example/", "../../x?y#z", "\u{FFFE}\u{FEFF}",
    ]

    /// In content, in a link, in an attribute: it comes out as it went in, and nothing else does.
    @Test(arguments: hostile)
    func nothingForeignIsMarkup(_ text: String) throws {
        var html = HTMLWriter()
        html.element(.html) { html in
            html.element(.title, text: text)
            html.meta(.refresh, .content(text))
            html.style("p{}")
            html.element(.paragraph) { html in
                html.text(text)
                html.element(
                    .link, .target(HTMLLink("/v1/backends").appending(text).adding("backend", text))
                ) { $0.text(text) }
            }
            html.write(
                HTMLTable(
                    caption: text, columns: [.words(text), .init(title: text, isNumber: true)],
                    rows: [[.init(text), .init(text, .bad)]], total: [.init(text), .init(text)]))
        }
        let document = try Markup(document: String(decoding: html.bytes, as: UTF8.self))
        #expect(
            document.all.map(\.name) == [
                "html", "title", "meta", "style", "p", "a", "table", "caption", "thead", "tr", "th",
                "th", "tbody", "tr", "th", "td", "tfoot", "tr", "th", "td",
            ])
        let shown = TerminalText.clean(text)
        for name in ["title", "a", "caption", "td"] {
            #expect(document.all(name).first?.text == shown, "\(name)")
        }
        #expect(
            document.all("meta").first?.attributes == ["http-equiv": "refresh", "content": shown])
        let target = try #require(document.all("a").first?.attributes["href"])
        #expect(target.hasPrefix("/v1/backends/") && target.contains("?backend="))
        let unreserved = target.allSatisfy {
            $0.isASCII && ($0.isLetter || $0.isNumber || "-._~/?=%".contains($0))
        }
        #expect(unreserved, "\(target)")
        // And back: URLComponents is not ours.
        let read = try #require(URLComponents(string: target))
        #expect(read.queryItems?.first?.value == text)
        #expect(read.host == nil && read.scheme == nil)
    }

    @Test func longTextsAreCut() throws {
        var html = HTMLWriter()
        html.element(.html, text: String(repeating: "<ü", count: 5_000))
        let text = try Markup(document: String(decoding: html.bytes, as: UTF8.self)).text
        #expect(text.unicodeScalars.count == HTMLWriter.textCountMax + 1 && text.hasSuffix("ü…"))
        var whole = HTMLWriter()
        let longest = String(repeating: "ü", count: HTMLWriter.textCountMax)
        whole.element(.html, text: longest)
        #expect(
            try Markup(document: String(decoding: whole.bytes, as: UTF8.self)).text == longest)
    }

    /// The check above is worth something only if it can fail.
    @Test(arguments: [
        "<p>", "<p></b>", "<p><b></p></b>", "<a href=x></a>", "<a x=\"1\" x=\"2\"></a>", "a > b",
        "a & b", "&nbsp;", "<p \"></p>", "it's", "<br>", "<>", "a\u{1B}b",
    ])
    func theReaderIsStrict(_ content: String) {
        #expect(throws: Markup.Malformed.self) {
            try Markup(document: "<!DOCTYPE html><html>\(content)</html>")
        }
    }

    /// A browser takes the style by its digest: whoever changes the one changes the other.
    @Test func thePolicyNamesTheStyle() throws {
        let digest = ConfigurationText(StatusPageStyle.sheet.description).sha256
        let bytes = stride(from: 0, to: digest.count, by: 2).compactMap { place -> UInt8? in
            let start = digest.index(digest.startIndex, offsetBy: place)
            return UInt8(digest[start..<digest.index(start, offsetBy: 2)], radix: 16)
        }
        #expect(bytes.count == 32)
        #expect(StatusPageStyle.digest == Data(bytes).base64EncodedString())
        #expect(!StatusPageStyle.sheet.description.contains("url("))
    }

    @Test(arguments: [
        (0, "0 s"), (-5, "0 s"), (59, "59 s"), (60, "1 min"), (3_599, "59 min"),
        (11_040, "3 h 4 min"), (439_200, "5 d 2 h"),
    ])
    func ages(_ seconds: Int, _ text: String) {
        #expect(PageText.age(.seconds(seconds)) == text)
    }

    @Test(arguments: [
        (0, "0 B"), (1_023, "1023 B"), (1_024, "1 KiB"), (1_536, "1.5 KiB"),
        (1_048_575, "1023.9 KiB"), (1 << 20, "1 MiB"), (UInt64.max, "15.9 EiB"),
    ])
    func sizes(_ count: UInt64, _ text: String) {
        #expect(PageText.bytes(count) == text)
    }

    @Test(arguments: [
        (0, "0 µs"), (999, "999 µs"), (1_000, "1 ms"), (12_345, "12.3 ms"), (1_250_000, "1.2 s"),
        (UInt64.max, "18446744073709.5 s"),
    ])
    func durations(_ microseconds: UInt64, _ text: String) {
        #expect(PageText.duration(microseconds: microseconds) == text)
    }
}
