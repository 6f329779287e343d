// The quick ways by which field lines are read, against slow ones that are plainly right.

import Testing

@testable import DataPlane

@Suite struct FieldLinesTests {
    /// Name and value of a line in the shape that `plainFieldLine` knows, byte by byte.
    private static func plain(_ line: [UInt8]) -> (name: Int, value: Int)? {
        let isNamed = { (byte: UInt8) in
            let lower = ASCII.lowercased(byte)
            return ASCII.isDigit(byte) || byte == UInt8(ascii: "-") || (0x61...0x7A) ~= lower
        }
        let name = line.prefix(while: isNamed).count
        guard name > 0, line[name...].starts(with: octets(": ")) else { return nil }
        let value = line[(name + 2)...].prefix { $0 == ASCII.tab || $0 >= 0x20 && $0 != 0x7F }
        guard let first = value.first, let last = value.last, first > 0x20, last > 0x20,
            line[value.endIndex...].starts(with: octets("\r\n"))
        else { return nil }
        return (name, value.count)
    }

    /// Mostly of that shape; now and then a byte that is not.
    private static func line(_ random: inout HTTP1Random) -> [UInt8] {
        func bytes(_ count: ClosedRange<Int>, _ letters: [UInt8]) -> [UInt8] {
            (0..<Int.random(in: count, using: &random)).map { _ in
                letters[Int.random(in: letters.indices, using: &random)]
            }
        }
        let named = octets("abcxyzABCXYZ0189-")
        let shown = octets(" \t!~:\u{80}\u{FF}aZ09,;=")
        var line = bytes(0...40, named) + octets(": ") + bytes(0...50, shown) + octets("\r\n")
        line += bytes(0...40, named)
        if Int.random(in: 0..<3, using: &random) == 0 {
            line[Int.random(in: line.indices, using: &random)] = UInt8.random(
                in: 0...255, using: &random)
        }
        return line
    }

    @Test func thePlainLineIsFoundWhereItIs() {
        var random = HTTP1Random(seed: 0xF1E1D)
        var found = 0
        for round in 0..<50_000 {
            let line = Self.line(&random)
            let expected = Self.plain(line)
            // Fewer bytes than are looked at at once are left to the slow way.
            let seen = line.withBytes { $0.plainFieldLine(at: 0) }
            let isRight = line.count < 16 ? seen == nil : seen?.name == expected?.name
            guard isRight, seen == nil || seen?.value == expected?.value else {
                Issue.record("round \(round): \(String(describing: seen)) of \(line)")
                return
            }
            if seen != nil { found += 1 }
        }
        #expect(found > 15_000)
    }

    @Test func aNameIsKnownInAnyCaseAndByNoOtherByte() {
        let names = [
            "te", "host", "date", "cookie", "expect", "upgrade", "referer", "trailer", "forwarded",
            "connection", "user-agent", "keep-alive", "content-type", "authorization",
            "content-length", "http2-settings", "proxy-connection", "transfer-encoding",
            "x-real-ip", "x-client-ip", "x-cluster-client-ip", "x-original-url", "x-original-host",
            "x-rewrite-url", "x-request-id", "true-client-ip", "cf-connecting-ip",
            "fastly-client-ip", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-any",
        ].map(octets)
        let tokens = (UInt8.min...UInt8.max).filter(ASCII.isToken)
        for name in names {
            let known = name.withBytes { KnownField($0) }
            #expect(known != .other)
            for place in name.indices {
                for byte in tokens {
                    var other = name
                    other[place] = byte
                    let isSame = ASCII.lowercased(byte) == name[place]
                    let seen = other.withBytes { KnownField($0) }
                    // Any name that begins with X-Forwarded- is one of the family.
                    let isFamily = other.starts(with: octets("x-forwarded-"))
                    #expect(isSame ? seen == known : seen == (isFamily ? .forwardedOther : .other))
                }
            }
        }
    }
}
