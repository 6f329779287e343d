import JSON
import Testing

private func refusal(
    _ document: String, limits: JSONLimits = .standard
) -> JSONError? {
    do throws(JSONError) {
        _ = try JSONText.parse(Array(document.utf8), limits: limits)
        return nil
    } catch {
        return error
    }
}

private func refusal<T: Decodable>(_ type: T.Type, _ document: String) -> JSONError? {
    do throws(JSONError) {
        _ = try JSONReader.decode(type, from: Array(document.utf8))
        return nil
    } catch {
        return error
    }
}

@Suite struct JSONRefusalTests {
    @Test(arguments: [
        "", " ", "{", "[1,]", "{\"a\":1,}", "01", "+1", "1.", ".5", "nul", "'a'", "[1] 2", "NaN",
        "\"\\ud800\"", "\"\\udc00\\ud800\"", "\"\u{1}\"", "\"\\x\"", "{\"a\\u0000\":1}", "{1:2}",
        "\u{FEFF}1", "/**/1", "]", "[}",
    ])
    func notJSON(document: String) {
        #expect(refusal(document)?.kind == .syntax)
    }

    @Test func bytesThatAreNotUTF8() {
        for bytes: [UInt8] in [
            [0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22], [0],
            [0x31, 0], [0x31, 0, 0x7D],
        ] {
            #expect(throws: JSONError.self) { try JSONText.parse(bytes) }
        }
    }

    @Test func aNULInAStringIsKept() throws {
        #expect(try JSONText.parse(Array("\"a\\u0000b\"".utf8)) == "a\u{0}b")
    }

    @Test(arguments: ["1e400", "-1e400", "9223372036854775808", "-9223372036854775809"])
    func numbersOutOfRange(document: String) {
        #expect(refusal(document)?.kind == .numberOutOfRange)
    }

    @Test func depth() {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(refusal(nested(64)) == nil)
        #expect(refusal(nested(65))?.kind == .tooDeep)
        #expect(refusal(nested(65))?.position?.byteOffset == 64)
        #expect(refusal(nested(100_000))?.kind == .tooDeep)
        #expect(refusal(String(repeating: "{\"a\":", count: 100_000))?.kind == .tooDeep)
        #expect(refusal("[\"\(String(repeating: "[", count: 200))\\\"[[\"]") == nil)
        #expect(refusal(nested(1025), limits: JSONLimits(depthMax: 5000))?.kind == .tooDeep)
    }

    @Test func length() {
        #expect(refusal("[1,2]", limits: JSONLimits(byteCountMax: 5)) == nil)
        #expect(refusal("[1,2]", limits: JSONLimits(byteCountMax: 4))?.kind == .tooLong)
    }

    @Test func duplicates() {
        let error = refusal("{\"a\": 1,\n \"b\": {\"x\": 1, \"x\": 2}}")
        #expect(error?.kind == .duplicateName)
        #expect(error?.position?.line == 2)
        #expect(refusal("[{\"a\":1},{\"a\":1}]") == nil)
    }

    @Test func positions() {
        let error = refusal("{\n  \"ä\": 1,\n  \"b\": }\n")
        #expect(error?.position == JSONError.Position(line: 3, column: 9, byteOffset: 21))
        #expect(error?.description.hasPrefix("line 3, column 9: ") == true)
        #expect(refusal("[1")?.position?.byteOffset == 2)
    }
}

private struct Listener: Decodable {
    var port: UInt16
    var name: String
}

private struct Document: Decodable {
    var listeners: [Listener]
    var table: [String: Bool]?
}

private enum Choice: String, Decodable { case left, right }

private struct Selection: Decodable {
    var choice: Choice
}

@Suite struct JSONMismatchTests {
    @Test(arguments: [
        (#"{"listeners":[{"port":1,"name":"a"},{"port":"x","name":"b"}]}"#, "/listeners/1/port"),
        (#"{"listeners":{}}"#, "/listeners"),
        (#"{"listeners":[{"port":1,"name":null}]}"#, "/listeners/0/name"),
        (#"{"listeners":[],"table":{"a/b~":1}}"#, "/table/a~1b~0"),
        (#"{"listeners":[{"port":1.0,"name":""}]}"#, "/listeners/0/port"),
        (#"[]"#, ""),
    ])
    func anotherType(document: String, pointer: String) {
        let error = refusal(Document.self, document)
        #expect(error?.kind == .typeMismatch)
        #expect(error?.pointer == pointer)
    }

    @Test func aMissingMember() {
        let error = refusal(Document.self, #"{"listeners":[{"port":1}]}"#)
        #expect(error?.kind == .missingMember)
        #expect(error?.pointer == "/listeners/0")
        #expect(error?.description == "/listeners/0: 'name' is missing")
    }

    @Test(arguments: ["65536", "-1", "9223372036854775807"])
    func aNumberThatDoesNotFit(number: String) {
        let error = refusal(Document.self, #"{"listeners":[{"port":\#(number),"name":""}]}"#)
        #expect(error?.kind == .numberOutOfRange)
        #expect(error?.pointer == "/listeners/0/port")
    }

    @Test func anUnknownCase() {
        let error = refusal(Selection.self, #"{"choice":"up"}"#)
        #expect(error?.kind == .invalidValue)
        #expect(error?.pointer == "/choice")
    }

    @Test(arguments: ["\"5\"", "\"09223372036854775808\"", "\"18446744073709551616\"", "1e3"])
    func notABigInteger(document: String) {
        #expect(refusal(UInt64.self, document)?.kind == .typeMismatch)
    }

    @Test func bigIntegers() throws {
        let document = Array("[9223372036854775807,\"9223372036854775808\"]".utf8)
        let numbers = try JSONReader.decode([UInt64].self, from: document)
        #expect(numbers == [UInt64(Int64.max), UInt64(Int64.max) + 1])
    }

    @Test func aSpanOfALargerText() throws {
        let text = Array("xx[1,2]".utf8)
        #expect(try JSONReader.decode([Int].self, from: text.span.extracting(2..<7)) == [1, 2])
    }
}
