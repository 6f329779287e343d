// AccessLogLine, JSONText, WallClockText, RequestID.

import Model
import Testing

@testable import DataPlane

@Suite struct AccessLogLineTests {
    static func entry() -> AccessLogEntry {
        var entry = AccessLogEntry()
        entry.timeMilliseconds = 1_795_227_146_123
        entry.requestID = RequestID(high: 0xAB, low: 0xCD)
        entry.clientIP = Bytes("192.0.2.7")
        entry.clientPort = 54_321
        entry.frontend = Bytes("web")
        entry.route = Bytes("api")
        entry.backend = Bytes("pool")
        entry.server = Bytes("s1")
        entry.method = Bytes("GET")
        entry.host = Bytes("example.com")
        entry.path = Bytes("/a")
        entry.query = Bytes("b=c")
        entry.status = 200
        entry.bytesIn = 100
        entry.bytesOut = 2_000
        entry.requestMicroseconds = 12
        entry.queueMicroseconds = 0
        entry.connectMicroseconds = -1
        entry.responseMicroseconds = 3_456
        entry.totalMicroseconds = 10_000
        entry.generation = Bytes("7")
        entry.pid = Bytes("4242")
        entry.userAgent = Bytes("curl/8")
        entry.reused = true
        return entry
    }

    @Test func json() {
        let line = written { _ = AccessLogLine.writeJSON(Self.entry(), into: &$0) }
        #expect(
            line == #"{"time":"2026-11-21T02:12:26.123Z","#
                + #""request_id":"00000000000000ab00000000000000cd","client_ip":"192.0.2.7","#
                + #""client_port":54321,"frontend":"web","route":"api","backend":"pool","#
                + #""server":"s1","method":"GET","host":"example.com","path":"/a","query":"b=c","#
                + #""version":"HTTP/1.1","status":200,"bytes_in":100,"bytes_out":2000,"#
                + #""request_ms":0.012,"queue_ms":0.000,"connect_ms":null,"response_ms":3.456,"#
                + #""total_ms":10.000,"state":"--","termination":"completed","phase":"","error":"","#
                + #""generation":7,"pid":4242,"user_agent":"curl/8","referer":"","retries":0,"#
                + #""weight":1,"reused":true}"# + "\n")
    }

    @Test func text() {
        let line = written { _ = AccessLogLine.writeText(Self.entry(), into: &$0) }
        #expect(
            line == "192.0.2.7:54321 [21/Nov/2026:02:12:26.123] web pool/s1 0/0/-1/3/10 200 2000 "
                + "-- \"GET /a?b=c HTTP/1.1\" 00000000000000ab00000000000000cd\n")
    }

    @Test func aRequestNobodyUnderstood() {
        var entry = AccessLogEntry()
        entry.clientIP = Bytes("::1")
        entry.status = 400
        let line = written { _ = AccessLogLine.writeText(entry, into: &$0) }
        #expect(
            line == "[::1]:0 [01/Jan/1970:00:00:00.000] - -/<NOSRV> -1/-1/-1/-1/-1 400 0 -- "
                + "\"<BADREQ>\" 00000000000000000000000000000000\n")
    }

    /// Every byte, in every field that a client fills.
    @Test func hostileBytesStayInsideTheLine() {
        let hostile = (0...255).map { UInt8($0) }
        let (json, plain) = hostile.withBytes { bytes in
            var entry = Self.entry()
            entry.method = bytes
            entry.host = bytes
            entry.path = bytes
            entry.query = bytes
            entry.userAgent = bytes
            entry.referer = bytes
            return (
                written { _ = AccessLogLine.writeJSON(entry, into: &$0) },
                written { _ = AccessLogLine.writeText(entry, into: &$0) }
            )
        }
        for line in [json, plain] {
            #expect(line.hasSuffix("\n"))
            #expect(!line.unicodeScalars.dropLast().contains { $0.value < 0x20 || $0.value > 0x7E })
        }
        #expect(plain.filter { $0 == "\"" }.count == 2)
    }

    @Test(arguments: [
        ("a\"b\\c", #"a\"b\\c"#), ("\n\r\t\u{0}", #"\u000a\u000d\u0009\u0000"#),
        ("\u{7F}", #"\u007f"#), ("\u{C3}\u{A4}", "\u{C3}\u{A4}"), ("\u{C3}", #"\u00c3"#),
        ("\u{C3}x", #"\u00c3x"#), ("\u{C0}\u{80}", #"\u00c0\u0080"#),
        ("\u{E2}\u{82}\u{AC}", "\u{E2}\u{82}\u{AC}"), ("\u{E2}\u{82}", #"\u00e2\u0082"#),
        ("\u{ED}\u{A0}\u{80}", #"\u00ed\u00a0\u0080"#),
        ("\u{F0}\u{9F}\u{98}\u{80}", "\u{F0}\u{9F}\u{98}\u{80}"),
        ("\u{F4}\u{90}\u{80}\u{80}", #"\u00f4\u0090\u0080\u0080"#), ("\u{FF}", #"\u00ff"#),
    ])
    func jsonStrings(_ input: String, _ output: String) {
        let line = octets(input).withBytes { bytes in
            written { JSONText.write(bytes, limit: 100, to: &$0) }
        }
        #expect(line == output)
    }

    @Test func capsCutNoSequence() {
        let line = octets("ab\u{E2}\u{82}\u{AC}c").withBytes { bytes in
            (2...6).map { limit in written { JSONText.write(bytes, limit: limit, to: &$0) } }
        }
        #expect(line == ["ab", "ab", "ab", "ab\u{E2}\u{82}\u{AC}", "ab\u{E2}\u{82}\u{AC}c"])
    }

    @Test func everyLineFitsInTheLimit() {
        let long = [UInt8](repeating: 0xFF, count: 10_000)
        long.withBytes { bytes in
            var entry = Self.entry()
            entry.clientIP = bytes
            entry.frontend = bytes
            entry.route = bytes
            entry.backend = bytes
            entry.server = bytes
            entry.method = bytes
            entry.host = bytes
            entry.path = bytes
            entry.query = bytes
            entry.userAgent = bytes
            entry.referer = bytes
            entry.error = bytes
            entry.state = bytes
            entry.termination = bytes
            entry.phase = bytes
            entry.generation = Bytes("18446744073709551615")
            entry.pid = Bytes("4194304")
            entry.totalMicroseconds = .max
            entry.bytesIn = .max
            entry.bytesOut = .max
            let scratch = ByteScratch(capacity: AccessLogLine.limitBytes)
            var json = scratch.writer()
            #expect(AccessLogLine.writeJSON(entry, into: &json))
            var plain = scratch.writer()
            #expect(AccessLogLine.writeText(entry, into: &plain))
            var other = scratch.writer()
            #expect(AccessLogLine.writeHAProxy(entry, into: &other))
            let forms = AccessLogFormTests()
            for log in forms.all {
                var record = scratch.writer()
                #expect(log.write(entry, into: &record))
            }
            withExtendedLifetime(forms) {}
        }
    }

    @Test func aLineThatDoesNotFitIsNotWritten() {
        let scratch = ByteScratch(capacity: 700)
        var writer = scratch.writer()
        #expect(AccessLogLine.writeJSON(Self.entry(), into: &writer))
        let count = writer.count
        #expect(!AccessLogLine.writeJSON(Self.entry(), into: &writer))
        #expect(writer.count == count)
        #expect(!writer.overflowed)
    }

    @Test func whatIsCapturedIsLogged() {
        var head = RequestHead()
        var parser = RequestHeadParser()
        let scratch = ByteScratch(capacity: CapturedRequest.limitBytes)
        var captured = CapturedRequest()
        let long = String(repeating: "x", count: 3_000)
        let request = octets(
            "GET /a/../\(long)?q HTTP/1.1\r\nHost: h.:80\r\nUser-Agent: \(long)\r\n"
                + "Referer: r\r\n\r\n"
        )
        request.withBytes { bytes in
            _ = parser.parse(bytes, limits: MessageLimits(), into: &head)
            var writer = scratch.writer()
            captured = CapturedRequest(head, bytes, into: &writer)
            #expect(!writer.overflowed)
        }
        let memory = scratch.bytes(CapturedRequest.limitBytes)
        var entry = AccessLogEntry()
        entry.setRequest(captured, from: memory)
        #expect(DataPlaneTests.text(entry.method) == "GET")
        #expect(DataPlaneTests.text(entry.host) == "h")
        #expect(DataPlaneTests.text(entry.path) == "/" + String(long.prefix(2_047)))
        #expect(DataPlaneTests.text(entry.query) == "q")
        #expect(entry.userAgent.count == 256)
        #expect(DataPlaneTests.text(entry.referer) == "r")
        var facts = ExchangeFacts()
        captured.fill(&facts, from: memory)
        #expect(DataPlaneTests.text(facts.authority) == "h.:80")
        #expect(facts.hasQuery)
    }

    @Test(arguments: [
        (Int64(0), "Thu, 01 Jan 1970 00:00:00 GMT"), (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
        (951_827_696, "Tue, 29 Feb 2000 12:34:56 GMT"),
        (1_709_251_199, "Thu, 29 Feb 2024 23:59:59 GMT"),
        (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
        (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"),
    ])
    func dates(_ seconds: Int64, _ date: String) {
        #expect(written { WallClockText.writeHTTPDate(seconds, to: &$0) } == date)
    }

    @Test func idsDoNotRepeat() {
        var generator = RequestIDGenerator(seed: (1, 2, 3, 4))
        // The reference implementation, seeded with 1, 2, 3, 4.
        #expect(generator.nextWord() == 11_520)
        #expect(generator.nextWord() == 0)
        #expect(generator.nextWord() == 1_509_978_240)
        var seen: Set<String> = []
        for _ in 0..<10_000 {
            let id = generator.next()
            seen.insert(written(capacity: 32) { id.write(to: &$0) })
        }
        #expect(seen.count == 10_000)
        #expect(seen.allSatisfy { $0.utf8.count == 32 })
        var zero = RequestIDGenerator(seed: (0, 0, 0, 0))
        #expect(zero.next() != zero.next())
    }
}
