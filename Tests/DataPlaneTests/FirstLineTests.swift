// What the first line of a connection tells of whether it speaks HTTP.

import Testing

@testable import DataPlane

@Suite struct FirstLineTests {
    private static let long = String(repeating: "a", count: 20_000)

    /// The verdict, and behind how many bytes it came.
    private func look(_ bytes: [UInt8], by step: Int) -> (verdict: FirstLineVerdict, at: Int) {
        var line = FirstLine()
        for end in stride(from: step, to: bytes.count + step, by: step) {
            let verdict = Array(bytes.prefix(end)).withBytes { line.look(at: $0) }
            if verdict != .incomplete { return (verdict, min(end, bytes.count)) }
        }
        return (.incomplete, bytes.count)
    }

    /// With the count of bytes that decide.
    private static let lines: [(String, FirstLineVerdict, Int)] = [
        ("GET / HTTP/1.1\r\n", .http, 16), ("GET / HTTP/1.0\n", .http, 15),
        ("\r\nPOST /a?b HTTP/1.1\r\nHost: a\r\n", .http, 22), ("x * HTTP/1.9\r\n", .http, 14),
        ("GET http://a/ HTTP/1.1\r\n", .http, 24), ("CONNECT a:1 HTTP/1.1\r\n", .http, 22),
        // What is wrong in it is for the frontend to say.
        ("GET /#x HTTP/1.1\r\n", .http, 18), ("GET /a b HTTP/1.1\r\n", .http, 19),
        ("\n\nGET / HTTP/1.1\r\n", .http, 18), ("GET /\0 HTTP/1.1\r\n", .http, 17),
        ("", .incomplete, 0), ("\r\n", .incomplete, 2), ("GET", .incomplete, 3),
        ("GET / HTTP/1.1", .incomplete, 14), ("GET / HTTP/1.1\r", .incomplete, 15),
        ("EHLO a", .incomplete, 6),
        ("\u{16}\u{3}\u{1}", .other, 1), ("\0", .other, 1), ("\r\n{", .other, 3),
        ("*1\r\n$4\r\nPING\r\n", .other, 4), ("PING\n", .other, 5), ("GET/ HTTP", .other, 4),
        ("GET{", .other, 4), ("EHLO a.example\r\n", .other, 16),
        ("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", .other, 32), ("SSH-2.0-x\r\n", .other, 11),
        ("GET /\r\n", .unclear, 7), ("get /\n", .unclear, 6), ("GET  / HTTP/2.0\r\n", .unclear, 17),
        ("PRI * HTTP/2.0\r\n", .unclear, 16), ("GET\t/ HTTP/1.1\r\n", .unclear, 16),
        (" GET / HTTP/1.1\r\n", .unclear, 17), ("GET HTTP/1.1\r\n", .unclear, 14),
        ("POST / HTTP/1.1 \r\n", .unclear, 18), ("POST / HTTP/1.x\r\n", .unclear, 17),
        ("POST /x http/1.1\r\n", .unclear, 18), ("DELETE /x\r\n", .unclear, 11),
        ("x\t http://a\r\n", .unclear, 13), ("x a Http/1.1\r\n", .unclear, 14),
        ("PROXY TCP4 1.1.1.1 1.1.1.1 1 1\r\n", .unclear, 32),
        ("GET /\(long)", .unclear, 15_360), (long, .unclear, 64),
        (String(repeating: "\n", count: 80), .unclear, 64),
    ]

    @Test(arguments: lines)
    func verdict(_ text: String, _ verdict: FirstLineVerdict, _ count: Int) {
        let bytes = octets(text)
        #expect(look(bytes, by: 1) == (verdict, count))
        // However the bytes come.
        for step in [2, 7, 40_000] { #expect(look(bytes, by: step).verdict == verdict) }
    }
}
