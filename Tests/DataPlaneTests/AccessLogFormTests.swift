// CompiledAccessLog, AccessLogLine.writeHAProxy, ExchangeEnd's words: what is logged, and as what.

import Model
import Testing

@testable import DataPlane

@Suite struct AccessLogFormTests {
    private let arena = ConfigurationArena()

    private func log(
        _ destination: LogSettings.Destination, _ format: LogSettings.Format = .haproxy,
        sample: Int = 1, _ change: (inout SyslogSettings) -> Void = { _ in }
    ) -> CompiledAccessLog? {
        var settings = LogSettings()
        settings.accessTo = destination
        settings.accessFormat = format
        settings.accessSample = sample
        change(&settings.syslog)
        return CompiledAccessLog(settings, arena: arena)
    }

    /// One of each kind.
    var all: [CompiledAccessLog] {
        [
            log(.standardOutput), log(.journal, .json), log(.syslog, .json),
            log(.syslog, .json) {
                $0.address = .udp(SocketAddress(host: .ipv4(0x7F00_0001), port: 514))
            },
            log(.syslog, .json) {
                $0.address = .tcp(SocketAddress(host: .ipv4(0x7F00_0001), port: 601))
            },
        ].compactMap { $0 }
    }

    private static let line =
        "192.0.2.7:54321 [21/Nov/2026:02:12:26.123] web pool/s1 0/0/-1/3/10 200 2000 - - ---- "
        + "3/2/5/4/0 6/7 \"GET /a?b=c HTTP/1.1\""

    private func entry() -> AccessLogEntry {
        var entry = AccessLogLineTests.entry()
        entry.connections = 3
        entry.frontendConnections = 2
        entry.backendConnections = 5
        entry.serverConnections = 4
        entry.serverQueue = 6
        entry.backendQueue = 7
        return entry
    }

    @Test func asHAProxyWritesAnExchange() {
        #expect(
            written { _ = AccessLogLine.writeHAProxy(entry(), into: &$0) } == Self.line + "\n")
    }

    /// Every field in one line: what none is, is `-`, and nothing of a client ends its quotes.
    @Test func lineOfOnesOwn() throws {
        var whole = LogLine(parts: [])
        for field in LogLine.Field.allCases {
            whole.parts += [.literal(field.rawValue + "='"), .field(field), .literal("' ")]
        }
        var settings = LogSettings()
        settings.accessLine = whole
        let log = try #require(CompiledAccessLog(settings, arena: arena))
        #expect(log.showsConnections)
        let full = written { _ = log.write(entry(), into: &$0) }
        for text in [
            "time='2026-11-21T02:12:26.123Z'", "time_clf='21/Nov/2026:02:12:26 +0000'",
            "request='GET /a?b=c HTTP/1.1'", "status='200'", "connect_ms='-'", "total_ms='10.",
            "server_queue='6'", "backend_queue='7'", "client_port='54321'", "state='--'",
        ] {
            #expect(full.contains(text), "\(text) in \(full)")
        }
        #expect(full.hasSuffix("\n") && full.utf8.count { $0 == 10 } == 1)
        let empty = written { _ = log.write(AccessLogEntry(), into: &$0) }
        #expect(empty.contains("server='-'") && empty.contains("user_agent='-'"))
        var hostile = entry()
        hostile.userAgent = Bytes("a\"b\\c\nd\u{7F}")
        #expect(
            written { _ = log.write(hostile, into: &$0) }
                .contains("user_agent='a\\x22b\\x5cc\\x0ad\\x7f'"))
    }

    /// Nothing counts connections for a line that shows none.
    @Test func plainLine() throws {
        var settings = LogSettings()
        settings.accessLine = LogLine(parts: [.field(.status), .literal(" "), .field(.path)])
        let log = try #require(CompiledAccessLog(settings, arena: arena))
        #expect(!log.showsConnections)
        #expect(written { _ = log.write(entry(), into: &$0) } == "200 /a\n")
    }

    @Test func asHAProxyWritesWhatNobodyUnderstood() {
        var entry = AccessLogEntry()
        entry.clientIP = Bytes("::1")
        entry.frontend = Bytes("web")
        entry.state = Bytes("CR")
        #expect(
            written { _ = AccessLogLine.writeHAProxy(entry, into: &$0) }
                == "[::1]:0 [01/Jan/1970:00:00:00.000] web web/<NOSRV> -1/-1/-1/-1/-1 -1 0 - - CR-- "
                + "0/0/0/0/0 0/0 \"<BADREQ>\"\n")
    }

    @Test func asHAProxyWritesAConnection() {
        var entry = self.entry()
        entry.isTCP = true
        entry.connectMicroseconds = 1_900
        entry.state = Bytes("cD")
        #expect(
            written { _ = AccessLogLine.writeHAProxy(entry, into: &$0) }
                == "192.0.2.7:54321 [21/Nov/2026:02:12:26.123] web pool/s1 0/1/10 2000 cD "
                + "3/2/5/4/0 6/7\n")
    }

    @Test func aClientOfAUnixSocketHasNoAddress() {
        var entry = self.entry()
        entry.clientIP = Bytes("unix:")
        entry.clientPort = 0
        #expect(
            written { _ = AccessLogLine.writeHAProxy(entry, into: &$0) }
                == Self.line.replacing("192.0.2.7:54321", with: "unix:0") + "\n")
    }

    @Test func aLineStandsAlone() throws {
        let log = try #require(self.log(.file(path: "/x")))
        #expect(written { _ = log.write(entry(), into: &$0) } == Self.line + "\n")
    }

    @Test func aMessageForThisMachinesLogger() throws {
        let log = try #require(
            log(.syslog) {
                $0.facility = .daemon
                $0.tag = "edge"
            })
        #expect(
            written { _ = log.write(self.entry(), into: &$0) } == "<30>edge[4242]: " + Self.line)
        var entry = self.entry()
        entry.isNotable = true
        #expect(written { _ = log.write(entry, into: &$0) }.hasPrefix("<28>edge[4242]: "))
    }

    @Test func aMessageByUDPIsThatOfRFC5424() throws {
        let log = try #require(
            log(.syslog) {
                $0.address = .udp(SocketAddress(host: .ipv4(0x7F00_0001), port: 514))
            })
        let record = written { _ = log.write(entry(), into: &$0) }
        let parts = record.split(separator: " ", maxSplits: 7).map(String.init)
        try #require(parts.count == 8)
        // The time at which it was over: ten milliseconds later than it began.
        #expect(parts[0] == "<134>1" && parts[1] == "2026-11-21T02:12:26.133Z")
        #expect(!parts[2].isEmpty)
        #expect(Array(parts[3...6]) == ["apus", "4242", "access", "-"])
        #expect(parts[7] == Self.line)
    }

    @Test func aMessageByTCPIsTheSameBehindItsCount() throws {
        let address = SocketAddress(host: .ipv4(0x7F00_0001), port: 514)
        let udp = try #require(log(.syslog) { $0.address = .udp(address) })
        let tcp = try #require(log(.syslog) { $0.address = .tcp(address) })
        let message = written { _ = udp.write(entry(), into: &$0) }
        let framed = "\(message.utf8.count) \(message)"
        #expect(written { _ = tcp.write(entry(), into: &$0) } == framed)
        // One that fits but for its count is not written, and nothing before it is touched.
        for room in message.utf8.count...framed.utf8.count {
            let isKept = room == framed.utf8.count
            let text = written(capacity: 1 + room) {
                $0.append("+")
                #expect(tcp.write(self.entry(), into: &$0) == isKept)
                #expect(!$0.overflowed)
            }
            #expect(text == (isKept ? "+" + framed : "+"))
        }
    }

    @Test(arguments: [0, 1, 9, 10, 99, 100, 999, 1_000, 9_999, 10_000])
    func aCountIsPutBeforeWhatItCounts(length: Int) {
        let message = String(repeating: "m", count: length)
        let text = written {
            $0.append("ab")
            for byte in message.utf8 { $0.append(byte) }
            $0.insertCount(at: 2)
        }
        #expect(text == "ab\(length) \(message)")
    }

    @Test func anEntryOfTheJournal() throws {
        let log = try #require(self.log(.journal))
        #expect(
            written { _ = log.write(entry(), into: &$0) }
                == """
                PRIORITY=6
                SYSLOG_IDENTIFIER=apus
                APUS_GENERATION=7
                APUS_REQUEST_ID=00000000000000ab00000000000000cd
                APUS_CLIENT_IP=192.0.2.7
                APUS_FRONTEND=web
                APUS_ROUTE=api
                APUS_BACKEND=pool
                APUS_SERVER=s1
                APUS_HTTP_STATUS=200
                APUS_TERMINATION=completed
                MESSAGE=\(Self.line)

                """)
    }

    /// A line feed would be a field of the client's own.
    @Test func noClientAddsAField() throws {
        let log = try #require(self.log(.journal, .text))
        let record = octets("a\nPRIORITY=0\n").withBytes { bytes in
            var entry = self.entry()
            entry.host = bytes
            entry.path = bytes
            entry.method = bytes
            return written { _ = log.write(entry, into: &$0) }
        }
        let keys = record.split(separator: "\n").map { String($0.prefix { $0 != "=" }) }
        #expect(keys.count == 12)
        #expect(keys.filter { $0 == "PRIORITY" }.count == 1)
    }

    @Test func nothingIsWrittenWhereNoRoomIs() {
        for log in all {
            let scratch = ByteScratch(capacity: 100)
            var writer = scratch.writer()
            writer.append("before")
            #expect(!log.write(entry(), into: &writer))
            #expect(!writer.overflowed && writer.count == 6)
        }
    }

    @Test func offIsNoLog() {
        #expect(log(.off) == nil)
    }

    /// Random ids: the share is that of a thousand to a few in a hundred.
    @Test(arguments: [1, 2, 10, 100, 1_000_000]) func idsArePickedByTheirShare(_ sample: Int) throws
    {
        let log = try #require(self.log(.standardOutput, sample: sample))
        var generator = RequestIDGenerator(seed: (1, 2, 3, 4))
        let count = 100_000
        var picked = 0
        for _ in 0..<count {
            let id = generator.next()
            if log.picks(id) { picked += 1 }
            #expect(log.picks(id) == log.picks(id))
        }
        let expected = Double(count) / Double(sample)
        #expect(abs(Double(picked) - expected) <= 5 * expected.squareRoot() + 1)
        if sample == 1 { #expect(picked == count) }
        #expect(log.weight == sample)
    }

    @Test(arguments: [
        (ExchangeEnd.normal, Exchange.Phase.request, "completed", "--", false),
        (.local, .request, "answered", "LR", false), (.refused, .request, "refused", "PR", false),
        (.clientAbort, .responding, "client-abort", "CD", true),
        (.clientTimeout, .request, "client-timeout", "cR", true),
        (.serverAbort, .connecting, "server-abort", "SC", true),
        (.serverTimeout, .awaitingResponse, "server-timeout", "sH", true),
        (.resource, .request, "resources", "RR", true),
        (.killed, .tunnelling, "killed", "KD", true),
    ])
    func endsInWordsAndLetters(
        _ end: ExchangeEnd, _ phase: Exchange.Phase, _ word: String, _ letters: String,
        _ isFault: Bool
    ) {
        #expect(text(Bytes(end.word)) == word)
        #expect(text(end.termination(in: phase)) == letters)
        #expect(end.isFault == isFault)
    }
}
