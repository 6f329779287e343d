// PROXY headers, both forms: what is one, what is refused and why, in any pieces.

import Model
import Syscalls
import Testing

@testable import DataPlane

/// Headers of version 2, as a test builds them.
enum BinaryHeader {
    static let signature: [UInt8] = [13, 10, 13, 10, 0, 13, 10, 0x51, 0x55, 0x49, 0x54, 10]
    /// 192.0.2.1:1000 to 198.51.100.2:443.
    static let ipv4: [UInt8] = [192, 0, 2, 1, 198, 51, 100, 2, 3, 232, 1, 187]
    static let ipv6: [UInt8] =
        [0x20, 1, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [1]
        + [0x20, 1, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [2] + [3, 232, 1, 187]

    static func make(
        command: UInt8 = 0x21, family: UInt8 = 0x11, length: Int? = nil, _ rest: [UInt8] = ipv4
    ) -> [UInt8] {
        let length = length ?? rest.count
        return signature + [command, family, UInt8(length >> 8 & 255), UInt8(length & 255)] + rest
    }

    static func tlv(_ type: UInt8, _ value: [UInt8]) -> [UInt8] {
        [type, UInt8(value.count >> 8), UInt8(value.count & 255)] + value
    }

    /// With the checksum that is right, or a wrong one.
    static func checked(_ rest: [UInt8] = [], wrong: Bool = false) -> [UInt8] {
        var bytes = make(ipv4 + rest + tlv(3, [0, 0, 0, 0]))
        let place = bytes.count - 4
        let sum = bytes.withBytes { CRC32C.of($0, zeroing: place) } ^ (wrong ? 1 : 0)
        for index in 0..<4 { bytes[place + index] = UInt8(sum >> UInt32(24 - index * 8) & 255) }
        return bytes
    }
}

/// What a header says, for comparing.
private struct Said: Equatable {
    var result: ProxyHeaderResult
    var source = ""
    var destination = ""
    var authority = ""

    init(_ bytes: [UInt8]) {
        var header = ProxyHeader()
        result = bytes.withBytes { ProxyHeaderParser.parse($0, into: &header) }
        guard case .complete = result else { return }
        source = header.source.map { "\($0)" } ?? ""
        destination = header.destination.map { "\($0)" } ?? ""
        authority = bytes.withBytes { text($0.slice(header.authority)) }
    }
}

@Suite struct ProxyHeaderTests {
    private static let two6 = "[2001:db8:0:0:0:0:0:2]:443"
    private static let one6 = "[2001:db8:0:0:0:0:0:1]:1000"

    @Test(arguments: [
        ("PROXY TCP4 192.0.2.1 198.51.100.2 1000 443\r\n", "192.0.2.1:1000", "198.51.100.2:443"),
        ("PROXY TCP4 0.0.0.0 255.255.255.255 0 65535\r\n", "0.0.0.0:0", "255.255.255.255:65535"),
        ("PROXY TCP6 2001:db8::1 2001:DB8::2 1000 443\r\n", one6, two6),
        (
            "PROXY TCP6 ::ffff:192.0.2.1 1:2:3:4:5:6:7:8 1 2\r\n",
            "[0:0:0:0:0:ffff:c000:201]:1", "[1:2:3:4:5:6:7:8]:2"
        ),
        (
            "PROXY TCP6 ffff:f:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:f:ffff "
                + "65535 65535\r\n", "[ffff:f:ffff:ffff:ffff:ffff:ffff:ffff]:65535",
            "[ffff:ffff:ffff:ffff:ffff:ffff:f:ffff]:65535"
        ),
        ("PROXY UNKNOWN\r\n", "", ""), ("PROXY UNKNOWN whatever  stands here\r\n", "", ""),
    ])
    func lines(_ line: String, _ source: String, _ destination: String) {
        let said = Said(octets(line + "GET / HTTP/1.1\r\n"))
        #expect(said.result == .complete(line.utf8.count))
        #expect(said.source == source)
        #expect(said.destination == destination)
        expectMoreIsAwaited(octets(line))
    }

    @Test(arguments: [
        ("GET / HTTP/1.1\r\n\r\n", ProxyHeaderError.notAHeader), ("PROXX", .notAHeader),
        ("PROXY\r\n", .notAHeader), ("proxy TCP4 1.1.1.1 1.1.1.1 1 1\r\n", .notAHeader),
        ("\u{16}\u{3}\u{1}", .notAHeader), ("\n", .notAHeader), (" ", .notAHeader),
        ("PROXY \r\n", .badLine), ("PROXY \n", .badLine), ("PROXY TCP4\r\n", .badLine),
        ("PROXY TCP5 1.1.1.1 1.1.1.1 1 1\r\n", .badLine),
        ("PROXY UNKNOWNX\r\n", .badLine), ("PROXY UNKNOWN\n", .badLine),
        ("PROXY TCP4 1.1.1.1 1.1.1.1 1 1\n", .badLine),
        ("PROXY TCP4 1.1.1.1 1.1.1.1 1 1 \r\n", .badLine),
        ("PROXY TCP4 1.1.1.1 1.1.1.1 1 1 1\r\n", .badLine),
        ("PROXY TCP4  1.1.1.1 1.1.1.1 1 1\r\n", .badLine),
        ("PROXY TCP4\t1.1.1.1 1.1.1.1 1 1\r\n", .badLine),
        ("PROXY TCP4 1.1.1.1 1.1.1.1 1\r\n", .badLine),
        ("PROXY TCP4 1.1.1.1 1.1.1.1 1 65536\r\n", .badLine),
        ("PROXY TCP4 1.1.1.1 1.1.1.1 01 1\r\n", .badLine),
        ("PROXY TCP4 1.1.1.1 1.1.1.1 -1 1\r\n", .badLine),
        ("PROXY TCP4 1.1.1.1 1.1.1.1 1 \r\n", .badLine),
        ("PROXY TCP4 1.1.1.01 1.1.1.1 1 1\r\n", .badLine),
        ("PROXY TCP4 1.1.1.256 1.1.1.1 1 1\r\n", .badLine),
        ("PROXY TCP4 1.1.1 1.1.1.1 1 1\r\n", .badLine),
        ("PROXY TCP4 1.1.1.1.1 1.1.1.1 1 1\r\n", .badLine),
        ("PROXY TCP4 ::1 1.1.1.1 1 1\r\n", .badLine),
        ("PROXY TCP6 1.1.1.1 ::1 1 1\r\n", .badLine), ("PROXY TCP6 ::1 ::1 1 1\0\r\n", .badLine),
        ("PROXY TCP6 ::1 [::1] 1 1\r\n", .badLine), ("PROXY TCP6 ::1::2 ::1 1 1\r\n", .badLine),
        ("PROXY TCP6 1:2:3:4:5:6:7 ::1 1 1\r\n", .badLine),
        ("PROXY TCP6 1:2:3:4:5:6:7:8:9 ::1 1 1\r\n", .badLine),
        ("PROXY TCP6 1:2:3:4:5:6:7:1.2.3.4 ::1 1 1\r\n", .badLine),
        ("PROXY TCP6 1: ::1 1 1\r\n", .badLine), ("PROXY TCP6 :1 ::1 1 1\r\n", .badLine),
        ("PROXY TCP6 fe80::1%lo ::1 1 1\r\n", .badLine),
        ("PROXY UNKNOWN " + String(repeating: "a", count: 100), .tooLong),
        ("PROXY " + String(repeating: "a", count: 500) + "\r\n", .tooLong),
    ])
    func badLines(_ line: String, _ error: ProxyHeaderError) {
        #expect(Said(octets(line)).result == .failed(error))
        expectNothingIsComplete(octets(line))
    }

    /// The longest line that the specification knows.
    @Test func longestLine() {
        let line = "PROXY UNKNOWN " + String(repeating: "a", count: 91) + "\r\n"
        #expect(Said(octets(line)).result == .complete(107))
    }

    private static let binaries: [(bytes: [UInt8], source: String, authority: String)] = [
        (BinaryHeader.make(), "192.0.2.1:1000", ""),
        (BinaryHeader.make(family: 0x12), "192.0.2.1:1000", ""),
        (BinaryHeader.make(family: 0x21, BinaryHeader.ipv6), one6, ""),
        (BinaryHeader.make(family: 0x31, [UInt8](repeating: 47, count: 216)), "", ""),
        (BinaryHeader.make(family: 0x00, []), "", ""),
        // A health check; whatever stands behind it.
        (BinaryHeader.make(command: 0x20, family: 0x00, []), "", ""),
        (BinaryHeader.make(command: 0x20, family: 0x11, [1, 2, 3]), "", ""),
        (BinaryHeader.make(command: 0x20, family: 0xFF, BinaryHeader.ipv4), "", ""),
        (
            BinaryHeader.make(BinaryHeader.ipv4 + BinaryHeader.tlv(2, octets("a.example"))),
            "192.0.2.1:1000", "a.example"
        ),
        (
            BinaryHeader.make(
                BinaryHeader.ipv4 + BinaryHeader.tlv(4, [0, 0]) + BinaryHeader.tlv(1, octets("h2"))
                    + BinaryHeader.tlv(5, [UInt8](repeating: 7, count: 128))
                    + BinaryHeader.tlv(0xEE, []) + BinaryHeader.tlv(2, octets("b"))),
            "192.0.2.1:1000", "b"
        ),
        (
            BinaryHeader.make(
                BinaryHeader.ipv4
                    + BinaryHeader.tlv(
                        0x20,
                        [7, 0, 0, 0, 0] + BinaryHeader.tlv(0x21, octets("TLSv1.3"))
                            + BinaryHeader.tlv(0x22, octets("client")))),
            "192.0.2.1:1000", ""
        ),
        (BinaryHeader.checked(), "192.0.2.1:1000", ""),
        (BinaryHeader.checked(BinaryHeader.tlv(2, octets("c"))), "192.0.2.1:1000", "c"),
        (
            BinaryHeader.make(
                BinaryHeader.ipv4
                    + BinaryHeader.tlv(4, [UInt8](repeating: 0, count: 8_192 - 16 - 12 - 3))),
            "192.0.2.1:1000", ""
        ),
    ]

    @Test(arguments: binaries.indices)
    func binary(_ index: Int) {
        let (bytes, source, authority) = Self.binaries[index]
        let said = Said(bytes + octets("rest"))
        #expect(said.result == .complete(bytes.count))
        #expect(said.source == source)
        #expect(said.authority == authority)
        expectMoreIsAwaited(bytes)
    }

    private static let badBinaries: [(bytes: [UInt8], error: ProxyHeaderError)] = [
        ([13, 10, 13, 10, 0, 13, 10, 0x51, 0x55, 0x49, 0x54, 11], .notAHeader),
        ([13, 10, 13, 10, 13], .notAHeader), (octets("\r\n\r\n\0\r\nquit\n"), .notAHeader),
        (BinaryHeader.make(command: 0x11), .badVersion),
        (BinaryHeader.make(command: 0x31), .badVersion),
        (BinaryHeader.make(command: 0x22), .badCommand),
        (BinaryHeader.make(command: 0x2F), .badCommand),
        (BinaryHeader.make(family: 0x10), .badFamily),
        (BinaryHeader.make(family: 0x13), .badFamily),
        (BinaryHeader.make(family: 0x01), .badFamily),
        (BinaryHeader.make(family: 0x41), .badFamily),
        (BinaryHeader.make([]), .badLength), (BinaryHeader.make(family: 0x21), .badLength),
        (BinaryHeader.make(Array(BinaryHeader.ipv4.dropLast())), .badLength),
        (BinaryHeader.make(family: 0x31, [UInt8](repeating: 0, count: 215)), .badLength),
        (BinaryHeader.make(length: 8_177), .tooLong), (BinaryHeader.make(length: 65_535), .tooLong),
        (BinaryHeader.make(BinaryHeader.ipv4 + [2]), .badTLV),
        (BinaryHeader.make(BinaryHeader.ipv4 + [2, 0]), .badTLV),
        (BinaryHeader.make(BinaryHeader.ipv4 + [2, 0, 2, 65]), .badTLV),
        (BinaryHeader.make(BinaryHeader.ipv4 + [2, 255, 255, 65]), .badTLV),
        (
            BinaryHeader.make(
                BinaryHeader.ipv4 + BinaryHeader.tlv(2, [UInt8](repeating: 65, count: 256))),
            .badTLV
        ),
        (
            BinaryHeader.make(
                BinaryHeader.ipv4 + BinaryHeader.tlv(2, [65]) + BinaryHeader.tlv(2, [66])), .badTLV
        ),
        (
            BinaryHeader.make(
                BinaryHeader.ipv4 + BinaryHeader.tlv(5, [UInt8](repeating: 65, count: 129))),
            .badTLV
        ),
        (BinaryHeader.make(BinaryHeader.ipv4 + BinaryHeader.tlv(3, [1, 2, 3])), .badTLV),
        (BinaryHeader.make(BinaryHeader.ipv4 + BinaryHeader.tlv(0x20, [1, 0, 0, 0])), .badTLV),
        (
            BinaryHeader.make(
                BinaryHeader.ipv4 + BinaryHeader.tlv(0x20, [1, 0, 0, 0, 0, 0x21, 0, 9, 65])),
            .badTLV
        ),
        (BinaryHeader.checked(wrong: true), .badChecksum),
    ]

    @Test(arguments: badBinaries.indices)
    func badBinary(_ index: Int) {
        let (bytes, error) = Self.badBinaries[index]
        #expect(Said(bytes).result == .failed(error))
        expectNothingIsComplete(bytes)
    }

    /// RFC 3720 appendix B.4.
    @Test func checksum() {
        #expect(
            [UInt8](repeating: 0, count: 32).withBytes { CRC32C.of($0, zeroing: 99) } == 0x8A91_36AA
        )
        #expect(
            [UInt8](repeating: 0xFF, count: 32).withBytes { CRC32C.of($0, zeroing: 99) }
                == 0x62A8_AB43)
        #expect((0..<32).map { UInt8($0) }.withBytes { CRC32C.of($0, zeroing: 99) } == 0x46DD_794E)
    }

    /// Who came to a unix socket.
    @Test func whoHasNoAddressIsUnknown() {
        let destination = RawSocketAddress.loopback(port: 80)
        #expect(
            DataPlaneTests.written {
                ProxyHeaderWriter.writeLine(.unspecified, destination, to: &$0)
            } == "PROXY UNKNOWN\r\n")
        let binary = octets(
            DataPlaneTests.written { writer in
                octets("name").withBytes {
                    ProxyHeaderWriter.writeBinary(
                        .unspecified, destination, id: RequestID(high: 1, low: 2), authority: $0,
                        to: &writer)
                }
            })
        let said = Said(binary)
        #expect(said.result == .complete(binary.count))
        #expect(binary[12] == 0x21)
        #expect(binary[13] == 0)
        #expect(said.authority == "name")
    }

    /// What we write is read as it was meant.
    @Test(arguments: [
        ("192.0.2.1:1000", "198.51.100.2:443", "PROXY TCP4 192.0.2.1 198.51.100.2 1000 443\r\n"),
        ("[2001:db8::1]:1", "[::1]:2", "PROXY TCP6 2001:db8::1 ::1 1 2\r\n"),
        ("[::ffff:192.0.2.1]:1", "[::ffff:192.0.2.2]:2", "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n"),
        ("192.0.2.1:1000", "[::1]:443", "PROXY UNKNOWN\r\n"),
    ])
    func written(_ client: String, _ destination: String, _ line: String) throws {
        let client = RawSocketAddress(try #require(SocketAddress(client)))
        let destination = RawSocketAddress(try #require(SocketAddress(destination)))
        #expect(
            DataPlaneTests.written { ProxyHeaderWriter.writeLine(client, destination, to: &$0) }
                == line)
        let id = RequestID(high: 0x0123_4567_89AB_CDEF, low: 1)
        let name = String(repeating: "n", count: 300)
        let binary = octets(
            DataPlaneTests.written(capacity: ProxyHeaderWriter.limitBytes) { writer in
                octets(name).withBytes {
                    ProxyHeaderWriter.writeBinary(
                        client, destination, id: id, authority: $0, to: &writer)
                }
            })
        let said = Said(binary)
        #expect(said.result == .complete(binary.count))
        #expect(said.authority.count == 255)
        let isIPv4 = line.hasPrefix("PROXY TCP4")
        #expect(binary[13] == (isIPv4 ? 0x11 : 0x21))
        #expect(said.source.hasSuffix(":\(client.port)"))
        #expect(said.destination.hasSuffix(":\(destination.port)"))
        #expect(
            binary.firstRange(of: octets("\u{5}\0\u{20}0123456789abcdef0000000000000001")) != nil)
    }

    /// Whatever is missing, the verdict is to wait for it.
    private func expectMoreIsAwaited(_ bytes: [UInt8]) {
        for count in 0..<bytes.count where count < 300 || count > bytes.count - 300 {
            let result = Said(Array(bytes[0..<count])).result
            #expect(result == .incomplete, "\(count) of \(bytes.count)")
        }
    }

    private func expectNothingIsComplete(_ bytes: [UInt8]) {
        for count in 0..<min(600, bytes.count) {
            if case .complete = Said(Array(bytes[0..<count])).result {
                Issue.record("complete with \(count) of \(bytes.count)")
            }
        }
    }
}
