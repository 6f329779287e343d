import JSON
import Model
import Testing

private enum Shape: Codable, Equatable {
    case point
    case circle(radius: Double)
    case named(String, [Int])
}

private struct Everything: Codable, Equatable {
    var truth = true
    var text = "ä\u{0}\"\\\n🐦"
    var smallest = Int64.min
    var largest = UInt64.max
    var byte: UInt8 = 255
    var real = 0.1
    var absent: String?
    var nested: [[Shape]] = [[.point, .circle(radius: 1.5)], [], [.named("x", [1, -2])]]
    var table: [String: Int] = ["a": 1]
    var wait: Duration = .seconds(30)
    var document: JSONValue = ["z": 1, "a": [nil, true]]
}

private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

@Suite struct JSONRoundTripTests {
    @Test func everythingComesBack() throws {
        let bytes = try JSONWriter.encode(Everything())
        #expect(try JSONReader.decode(Everything.self, from: bytes) == Everything())
        let pretty = try JSONWriter.encode(Everything(), pretty: true)
        #expect(text(pretty).contains("\n  \"truth\": true"))
        #expect(try JSONReader.decode(Everything.self, from: pretty) == Everything())
    }

    @Test func theTextIsCompactAndInOrder() throws {
        struct Ordered: Codable {
            var zebra = 1
            var ant = [Shape.point]
            var none: Int?
        }
        let bytes = try JSONWriter.encode(Ordered())
        #expect(text(bytes) == #"{"zebra":1,"ant":[{"point":{}}]}"#)
    }

    @Test(arguments: ["0", "-9223372036854775808", "1.5", "\"\"", "[]", "{}", "null", "true"])
    func aValueAloneIsADocument(document: String) throws {
        let value = try JSONText.parse(Array(document.utf8))
        #expect(text(try JSONText.write(value)) == document)
    }

    @Test func objectsKeepTheirOrder() throws {
        let document = #"{"b":1,"a":{"d":null,"c":"x"}}"#
        let value = try JSONText.parse(Array(document.utf8))
        #expect(text(try JSONText.write(value)) == document)
        #expect(value["a"]?["c"] == "x")
    }

    @Test func manyMembersAreFound() throws {
        struct Many: Codable, Equatable { var table: [String: Int] }
        let many = Many(table: Dictionary(uniqueKeysWithValues: (0..<1000).map { ("k\($0)", $0) }))
        #expect(try JSONReader.decode(Many.self, from: JSONWriter.encode(many)) == many)
    }

    @Test func whatCouldNotBeReadIsNotWritten() {
        #expect(throws: JSONError.self) { try JSONText.write(["a\u{0}b": 1]) }
        var deep = JSONValue.null
        for _ in 0..<2000 { deep = [deep] }
        #expect(throws: JSONError(kind: .tooDeep, message: "nested too deep")) {
            try JSONText.write(deep)
        }
    }

    @Test func notANumberIsNotWritten() {
        #expect {
            try JSONWriter.encode(["x": [1, Double.nan]])
        } throws: {
            ($0 as? JSONError)?.pointer == "/x/1"
        }
    }

    @Test func aConfigurationOfTenThousandServersComesBack() throws {
        let servers = (0..<10_000).map { number in
            Server(
                name: "server-\(number)",
                address: SocketAddress(
                    host: number % 2 == 0
                        ? .ipv4(UInt32(number)) : .ipv6(high: 0xFE80 << 48, low: .max),
                    port: 80))
        }
        let configuration = Configuration(backends: [
            Backend(name: "b", mode: .http, servers: servers)
        ])
        let bytes = try JSONWriter.encode(configuration)
        let decoded = try JSONReader.decode(Configuration.self, from: bytes)
        #expect(decoded == configuration)
    }
}
