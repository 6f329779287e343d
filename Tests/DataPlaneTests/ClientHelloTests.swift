// The name in a TLS hello, and everything that is none.

import Testing

@testable import DataPlane

/// Hellos as a test builds them.
struct HelloBytes {
    var version: [UInt8] = [3, 3]
    var session = [UInt8](repeating: 1, count: 32)
    var suites: [UInt8] = [0x13, 1, 0x13, 2]
    var compressions: [UInt8] = [0]
    /// Nil: not even a length.
    var extensions: [[UInt8]]? = []

    /// With GREASE before the name, as browsers send it (RFC 8701).
    static func asking(_ name: String) -> HelloBytes {
        HelloBytes(extensions: [
            part(0x0A0A, []), nameExtension(octets(name)), part(0x1A1A, [0]),
        ])
    }

    static func part(_ type: Int, _ value: [UInt8]) -> [UInt8] { word(type) + vector(value) }

    static func nameExtension(_ name: [UInt8]) -> [UInt8] {
        part(0, vector([0] + vector(name)))
    }

    static func word(_ value: Int) -> [UInt8] { [UInt8(value >> 8 & 255), UInt8(value & 255)] }
    static func vector(_ value: [UInt8]) -> [UInt8] { word(value.count) + value }

    var body: [UInt8] {
        var body = version + [UInt8](repeating: 9, count: 32)
        body += [UInt8(session.count)] + session + Self.vector(suites)
        body += [UInt8(compressions.count)] + compressions
        if let extensions { body += Self.vector(extensions.flatMap { $0 }) }
        return body
    }

    var message: [UInt8] {
        let body = body
        return [1, UInt8(body.count >> 16)] + Self.word(body.count & 0xFFFF) + body
    }

    /// In records of at most so many bytes.
    func records(of size: Int = 1 << 14) -> [UInt8] { Self.records(message, of: size) }

    static func records(_ message: [UInt8], of size: Int = 1 << 14) -> [UInt8] {
        stride(from: 0, to: message.count, by: size).flatMap { start in
            [22, 3, 1] + vector(Array(message[start..<min(start + size, message.count)]))
        }
    }
}

@Suite struct ClientHelloTests {
    /// The verdict and the name, fed in pieces that end at `ends`.
    private func read(
        _ bytes: [UInt8], ends: [Int]? = nil
    ) -> (result: ClientHelloResult, name: String, at: Int) {
        var parser = ClientHelloParser()
        let scratch = ByteScratch(capacity: 65_536)
        for end in ends ?? [bytes.count] {
            var found = ""
            let result = Array(bytes[0..<end]).withBytes { piece in
                var memory = scratch.writer()
                var name = Bytes.empty
                let result = parser.parse(piece, joiningIn: &memory, name: &name)
                found = text(name)
                return result
            }
            if result != .incomplete { return (result, found, end) }
        }
        return (.incomplete, "", bytes.count)
    }

    @Test(arguments: [1, 2, 3, 4, 5, 7, 100, 16_384])
    func nameInRecords(of size: Int) {
        let bytes = HelloBytes.asking("Pg.Db.example").records(of: size)
        #expect(read(bytes) == (.complete, "Pg.Db.example", bytes.count))
        // Byte by byte: known with the last one, and not before.
        #expect(
            read(bytes, ends: Array(1...bytes.count)) == (.complete, "Pg.Db.example", bytes.count))
        // What follows is none of our business.
        #expect(read(bytes + [20, 3, 3, 0, 1, 1]).result == .complete)
    }

    @Test func finalDotAndNoName() {
        #expect(read(HelloBytes.asking("a.example.").records()).name == "a.example")
        #expect(read(HelloBytes().records()) == (.complete, "", HelloBytes().records().count))
        var old = HelloBytes()
        old.extensions = nil
        old.version = [3, 0]
        old.session = []
        #expect(read(old.records()).result == .complete)
    }

    /// Up to 64 KB with its records, and not a byte more.
    @Test func longest() {
        let around = HelloBytes.asking("a").message.count + 4
        let most = 65_536 - 5 * 4 - around
        for (count, isTaken) in [(most, true), (most + 1, false)] {
            var hello = HelloBytes.asking("a")
            hello.extensions?.append(HelloBytes.part(21, [UInt8](repeating: 0, count: count)))
            let bytes = hello.records()
            #expect((bytes.count <= 65_536) == isTaken)
            #expect((read(bytes).result == .complete) == isTaken)
            #expect(
                (read(
                    bytes,
                    ends: Array(stride(from: 1, through: bytes.count, by: 97)) + [bytes.count]
                ).result == .complete) == isTaken)
        }
    }

    private static let wrong: [[UInt8]] = {
        var cases: [[UInt8]] = [
            octets("GET / HTTP/1.1\r\n"), [0], [22, 2], [22, 4], [21, 3, 1, 0, 2],
            [23, 3, 3, 0, 1],
            // SSL 2.
            [0x80, 0x2E, 1, 3, 1], [22, 3, 1, 0, 0], [22, 3, 1, 0x40, 1], [22, 3, 1, 0, 5, 2],
            [22, 3, 1, 0, 4, 0], HelloBytes.records([2] + HelloBytes().message.dropFirst()),
            HelloBytes.records(HelloBytes().message + [1]),
            HelloBytes.records([1, 0, 0, 0]), HelloBytes.records([1, 0, 0, 1, 3]),
            HelloBytes.records([1, 1, 0, 0] + [UInt8](repeating: 0, count: 16_000)) + [
                22, 3, 1, 1, 1, 3, 22,
            ],
        ]
        func with(_ change: (inout HelloBytes) -> Void) {
            var hello = HelloBytes.asking("a")
            change(&hello)
            cases.append(hello.records())
        }
        with { $0.session = [UInt8](repeating: 0, count: 33) }
        with { $0.suites = [] }
        with { $0.suites = [1, 2, 3] }
        with { $0.compressions = [] }
        with { $0.extensions?.append([0]) }
        with { $0.extensions?.append([0, 5, 0, 2, 1]) }
        with { $0.extensions?.append(HelloBytes.nameExtension(octets("b"))) }
        for value: [UInt8] in [
            [], [0], [0, 0], [0, 1, 0], [0, 4, 0, 0, 1], [0, 5, 0, 0, 1, 65], [0, 3, 0, 0, 0],
            [0, 4, 1, 0, 1, 65], [0, 4, 0, 0, 1, 0], [0, 4, 0, 0, 1, 32], [0, 4, 0, 0, 1, 0xC3],
            [0, 4, 0, 0, 1, 58], [0, 8, 0, 0, 1, 65, 0, 0, 1, 66], [0, 4, 0, 0, 1, 65, 0],
        ] {
            with { $0.extensions = [HelloBytes.part(0, value)] }
        }
        with { $0.extensions = [HelloBytes.nameExtension([UInt8](repeating: 65, count: 256))] }
        return cases
    }()

    @Test(arguments: wrong.indices)
    func isNone(_ index: Int) {
        let bytes = Self.wrong[index]
        let whole = read(bytes)
        #expect(whole.result == .failed)
        #expect(read(bytes, ends: Array(1...bytes.count)).result == .failed)
    }

    @Test func prefixesAreAwaited() {
        let bytes = HelloBytes.asking("a.example").records(of: 20)
        for count in 0..<bytes.count {
            #expect(read(Array(bytes[0..<count])).result == .incomplete)
        }
    }

    /// Any single byte changed: some verdict, the same for whole and in pieces.
    @Test func mutations() {
        let good = HelloBytes.asking("a.example").records(of: 50)
        for place in good.indices {
            for change: UInt8 in [1, 0x80, 0xFF] {
                var bytes = good
                bytes[place] ^= change
                let (whole, slow) = (read(bytes), read(bytes, ends: Array(1...bytes.count)))
                #expect(whole.result == slow.result, "\(place)")
                #expect(whole.name == slow.name, "\(place)")
            }
        }
    }
}
