// Values to try at a place: what is near its limits, and what tends to be taken by mistake.

import JSON

@testable import ConfigurationLanguage

enum SchemaSamples {
    /// For any place whatsoever.
    static let values: [JSONValue] = [
        .null, true, false, 0, 1, -1, 5, 64, 65, 301, 304, 660, 10_000_001, .double(1.5), [], [:],
        [[]], [.null], ["a"], ["/a"], ["GET"], ["www.example.com"], ["127.0.0.1:80"], ["X-A", 5],
        ["*:80", "[::]:80"], [[:]], [[["a"]]], ["a": "b"], ["X-A": .null], ["X-A": ["a", "b"]],
        ["X-A": []], ["X-A": [:]], ["X-A": 5], ["Host": "a"], ["hOsT": "a"], ["x y": "a"],
        ["a/b": "c"], ["": "a"], "", "a", "5", "/", "null",
    ]

    /// For any place that may hold a text.
    static let texts: [JSONValue] =
        (words + addresses + ranges + numbers + references).map { .string($0) }
        + [64, 65, 107, 257, 1_025].map { .string(String(repeating: "a", count: $0)) }
        + [106, 107].map { .string("/" + String(repeating: "a", count: $0)) }
    private static let words = [
        " ", "A", "web-1", "a b", " a", "ä", "😀", "a\tb", "a\n", "\u{7F}", "a/b", "a:b",
        "/", "/a", "/a/", "/a b", "/ä", "/a?b", "/a#b", "/%20", "//", "a.b", ".a", "a.", "a..b",
        "*", "**", "*.", "*.a", "*.*.a", "www.example.com", "www.example.com:80", "-", "_", "a+b",
        "auto", "off", "on", "no", "yes", "true", "null", "~", "stdout", "journal", "file", "api",
        "http", "tcp", "HTTP", "https", "ftp", "json", "info", "warn", "replace", "round_robin",
        "hash", "GET", "get", "M-SEARCH", "G T", "%{path}", "a%{host}b%{query}", "%{nope}", "%{}",
        "%{", "%{path", "%", "%%", "%%{nope}", "%%%{nope}", "100%", "%a", "%\n", "%%\n%{path}",
        "$", "${x}", "\\", "\"", "'", "#", "host", "X-A", "x_a", "TE", "Transfer-Encoding",
        "keep-alive", "Te", "team", "up", "down", "HEAD", "OPTIONS",
    ]
    private static let addresses = [
        "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:1", "127.0.0.1:65535",
        "127.0.0.1:65536", "127.0.0.1:080", "127.0.0.01:80", "256.0.0.1:80", "1.2.3:80",
        "1.2.3.4.5:80", "255.255.255.255:9", "0.0.0.0:80", "*:80", "*:", "*", "*:80 ", ":80",
        "*:80-81", "[::]:80-90", "[::1]:65535-65535", "localhost:80-81", "*:80-", "*:-80",
        "*:80-080",
        "*:080-81", "*:80-65536", "*:0-1", "*:80-81-82", "80-81", ":80-81", "a-b:80",
        "localhost", "localhost:80", "LOCALHOST:80", "example.com:80", "unix:/a", "unix:", "unix:a",
        "unix:/", "unix:/a//b", "unix://a", "unix:/./a", "unix:/a/../b", "unix:/a/..",
        "unix:/.a..b/...", "unix:/a/", "unix:@", "unix:@a", "unix:/a/b.sock",
        "unix:/a\tb", "UNIX:/a", "[::]:80", "[::]",
        "[]:80", "[:]:80", "[:::]:80", "[::1]:80", "[::1]", "[::1", "::1", "[0:0::0]:80",
        "[::0.0.0.0]:80", "[::1.2.3.4]:80", "[::1.2.3]:80", "[1.2.3.4]:80", "[1.2.3.4::]:80",
        "[1:2:3:4:5:6:7:8]:80", "[1:2:3:4:5:6:7]:80", "[1:2:3:4:5:6:7:8:9]:80",
        "[1:2:3:4:5:6:1.2.3.4]:80", "[1:2:3:4:5:6:7:1.2.3.4]:80", "[1:2:3:4:5:6:7::]:80",
        "[::2:3:4:5:6:7:8]:80", "[1::3:4:5:6:7:8]:80", "[1:2:3:4:5:6:7:8::]:80", "[::1::]:80",
        "[::1:2:3:4:5:6:7:8]:80", "[12345::]:80", "[1:]:80", "[:1]:80", "[1::8:]:80", "[g::]:80",
        "[2001:DB8::A]:80", "[::1%lo]:80", "[1:2::5:6:1.2.3.4]:80", "[::ffff:1.2.3.4]:80",
    ]
    private static let ranges = [
        "10.0.0.0/8", "10.0.0.0/0", "10.0.0.0/32", "10.0.0.0/33", "10.0.0.0/08", "10.0.0.1/8",
        "10.0.0.0/", "/8", "10.0.0/8", "10.0.0.0/8/8", "::/0", "::1/128", "::1/129",
        "2001:db8::/32",
        "[::1]/128", "::ffff:10.0.0.1/104", "::1%lo", "fe80::/010", "10.0.0.0/-1", "10.0.0.0/100",
    ]
    private static let references = [
        "${env:A}", "a${env:A}b", "/${env:A}", "$${env:A}", "/$${env:A}", "${env:A:-b}",
        "${env:A:b}", "${env:}", "${env:1}", "${env:A", "${env:A}${env:", "${env:A}${cred:b}",
        "${file:/a}", "${file:a}", "${file:}", "${cred:a}", "${cred:a/b}", "${cred:..}",
        "${cred:}", "${nope:a}", "user:${env:A}", "%{nope}${env:A}", "$$${env:A}",
    ]
    private static let numbers = [
        "0", "1", "-1", "5", "05", "1.5", "1e3", "0660", "660", "066", "0888", "1777", "00660",
        "+660", "0s", "5s", "05s", "5 s", "1.5s", "-5s", "5S", "5sec", "1h30m", "1d", "ms", "٣s",
        "1/s", "0/s", "01/m", "1000/h", "1001/s", "2/d", "2/", "16k", "1K", "1kb", "1 k", "1t", "k",
        "200-299", "299-200", "200-", "-299", "99-100", "200-600", "0200-299", "2_0-299", "200",
        "016k", "9999999999999999999s", "9999999999999999g",
    ]

    /// Just within and just beyond each limit that the schema sets here.
    static func limits(_ schema: JSONValue) -> [JSONValue] {
        var samples: [JSONValue] = []
        for part in [schema] + (schema["anyOf"]?.arrayValue ?? []) {
            for limit in ["minimum", "maximum"].compactMap({ part[$0]?.integerValue }) {
                for value in [limit - 1, limit, limit + 1] {
                    samples += [.integer(value), .string("\(value)")]
                }
            }
            for length in ["minLength", "maxLength"].compactMap({ part[$0]?.integerValue }) {
                for count in [length - 1, length, length + 1] where count >= 0 {
                    samples.append(.string(String(repeating: "a", count: Int(count))))
                    samples.append(
                        .string("/" + String(repeating: "a", count: max(1, Int(count)) - 1)))
                }
            }
            samples += (part["enum"]?.arrayValue ?? [])
            samples += units(part["x-range"])
        }
        return samples
    }

    /// Both ends of a range in every unit, and one beyond.
    private static func units(_ range: JSONValue?) -> [JSONValue] {
        let times = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)]
        let sizes = [("", 1), ("k", 1 << 10), ("m", 1 << 20), ("g", 1 << 30)]
        let isTime = range?["kind"]?.stringValue == "duration"
        return ["minimum", "maximum"].compactMap { range?[$0] }.flatMap { limit -> [JSONValue] in
            let total =
                isTime
                ? Units.duration(limit.stringValue ?? "").map { Int($0 / .milliseconds(1)) }
                : Int(limit.integerValue ?? 0)
            guard let total else { return [] }
            return (isTime ? times : sizes).flatMap { unit, size in
                [-1, 0, 1, 2].map { .string("\(max(0, total / size + $0))\(unit)") }
            }
        }
    }
}
