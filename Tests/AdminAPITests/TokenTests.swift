// Tokens, their file, and allowances: pure values.

import Clock
import Model
import TestKit
import Testing

@testable import AdminAPI

@Suite struct TokenTests {
    private static let hash = String(repeating: "0a", count: 32)

    @Test func aLineIsReadAsItIsWritten() throws {
        let token = AccessToken(
            name: "ci-1", role: .operate, sha256: Self.hash,
            expires: WallTime("2027-01-31T12:00:00Z"), paths: ["/v1/reloads", "/metrics"])
        let file = TokenFile.parse("# tokens\n\n\(token.line)\r\n", path: "tokens")
        #expect(file.problems == [])
        #expect(file.tokens == [token])
    }

    @Test(arguments: [
        ("ci", "a line is"), ("ci operate", "a line is"), ("c/i read sha256:H", "is no name"),
        ("ci reed sha256:H", "\"reed\" is no role"), ("ci read H", "third word"),
        ("ci read sha256:h", "third word"), ("ci read sha256:H0", "third word"),
        ("ci read sha256:H expires=tomorrow", "is no time"),
        ("ci read sha256:H expires=2027-02-30", "is no time"),
        ("ci read sha256:H expires=2027-01-01 expires=2027-01-01", "twice"),
        ("ci read sha256:H path=v1", "is no path"), ("ci read sha256:H path=/v1/", "is no path"),
        ("ci read sha256:H paths=/v1", "is not known"), ("ci read sha256:H path", "is not known"),
        ("ci read sha256:H\nci read sha256:I", "name of line 2 already"),
        ("ci read sha256:H\nco read sha256:H", "token of line 2 already"),
    ])
    func whatIsWrongHasALine(_ lines: String, _ words: String) throws {
        let text = lines.replacing("H", with: Self.hash)
            .replacing("I", with: String(repeating: "1", count: 64))
        let file = TokenFile.parse("# first\n\(text)\n", path: "t\u{1B}")
        let problem = try #require(file.problems.first)
        #expect(file.problems.count == 1)
        #expect(problem.message.contains(words), "\(problem)")
        #expect(problem.line == (lines.contains("\n") ? 3 : 2))
        #expect(problem.description.hasPrefix("t\\u{1b}:"))
        #expect(!problem.description.contains(Self.hash))
    }

    @Test func aTokenInTheWrongPlaceIsNotRepeated() {
        let secret = TokenSecret().text
        for line in ["\(secret) read sha256:x", "ci \(secret) x", "ci read \(secret)", secret] {
            let file = TokenFile.parse(line, path: "t")
            #expect(file.problems.count == 1)
            #expect(!"\(file.problems)".contains(secret))
        }
    }

    @Test func theFileMustBeItsOwners() throws {
        let folder = try TemporaryDirectory()
        let path = try folder.write("tokens", "ci read sha256:\(Self.hash)\n")
        for (mode, isGood) in [
            ("600", true), ("640", true), ("400", true), ("644", false), ("660", false),
            ("602", false), ("604", false), ("620", false),
        ] {
            _ = try CommandResult.run("/bin/chmod", [mode, path])
            let file = TokenFile.read(path)
            #expect(file.problems.isEmpty == isGood, "\(mode)")
            #expect(file.tokens.count == (isGood ? 1 : 0), "\(mode)")
        }
        #expect(TokenFile.read(folder.path).problems.count == 1)
        #expect(TokenFile.read(folder.path("none")).problems.count == 1)
        let many = (0...TokenFile.countMax).map { number in
            "t\(number) read sha256:" + TokenSecret.sha256("\(number)") + "\n"
        }
        #expect(TokenFile.parse(many.joined(), path: "t").tokens.isEmpty)
    }

    @Test func secretsAreAllDifferentAndWellFormed() {
        let texts = (0..<200).map { _ in TokenSecret().text }
        #expect(Set(texts).count == 200)
        for text in texts {
            #expect(text.hasPrefix("apus_") && text.utf8.count == 48)
            #expect(text.utf8.allSatisfy { (0x21...0x7E).contains($0) })
        }
        #expect(
            TokenSecret.sha256("abc")
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }

    @Test func theTableFindsOnlyTheWhole() {
        let secrets = (0..<3).map { _ in TokenSecret() }
        let table = TokenTable(
            tokens: secrets.enumerated().map { index, secret in
                AccessToken(name: "t\(index)", role: .read, sha256: secret.sha256)
            })
        for (index, secret) in secrets.enumerated() {
            #expect(table.token(with: secret.text)?.name == "t\(index)")
            #expect(table.token(with: String(secret.text.dropLast())) == nil)
            #expect(table.token(with: secret.sha256) == nil)
        }
        #expect(table.token(with: "") == nil)
    }

    @Test func anAllowanceComesBackAndTheTableIsBounded() {
        let allowance = ClientAllowance(burst: 3, period: .seconds(10), entryCountMax: 4)
        let start = Instant.now()
        for _ in 0..<3 { #expect(allowance.take(.ipv4(1), at: start) == nil) }
        #expect(allowance.take(.ipv4(1), at: start) == .seconds(10))
        #expect(allowance.take(.ipv4(1), at: start + .seconds(9)) == .seconds(1))
        #expect(allowance.take(.ipv4(2), at: start) == nil)
        #expect(allowance.take(.ipv4(1), at: start + .seconds(10)) == nil)
        #expect(allowance.take(.ipv4(1), at: start + .seconds(10)) != nil)
        allowance.giveBack(.ipv4(1))
        #expect(allowance.take(.ipv4(1), at: start + .seconds(10)) == nil)
        // Many clients push out those that have done least, never the one that has done most.
        for number in UInt64(10)..<200 {
            _ = allowance.take(.ipv6Network(number), at: start + .seconds(10))
        }
        #expect(allowance.entryCount == 4)
        #expect(allowance.take(.ipv4(1), at: start + .seconds(10)) != nil)
    }

    @Test func aClientIsAnAddressOrANetwork() {
        func client(_ text: String) -> ClientKey? {
            SocketAddress.Host(text).map { PeerAddress(host: $0.unmapped, port: 1).client }
        }
        #expect(client("10.0.0.1") != client("10.0.0.2"))
        #expect(client("::ffff:10.0.0.1") == client("10.0.0.1"))
        #expect(client("2001:db8::1") == client("2001:db8::ffff:2"))
        #expect(client("2001:db8:0:1::1") != client("2001:db8::1"))
    }

    @Test(
        arguments: [
            ("1970-01-01", 0), ("1970-01-01T00:00:00Z", 0),
            ("2000-02-29T23:59:59.999Z", 951_868_799_999),
            ("2027-01-31T12:00:00Z", 1_801_396_800_000), ("1969-12-31T23:59:59Z", -1_000),
            ("2100-02-29", nil), ("2027-13-01", nil), ("2027-00-10", nil), ("2027-1-1", nil),
            ("2027-01-01T24:00:00Z", nil), ("2027-01-01T00:00:00", nil),
            ("2027-01-01T00:00:00+01:00", nil),
            ("2027-01-01T00:00:00.5Z", nil), ("", nil), ("T", nil), ("2027-01-01T", nil),
            ("9999-12-31", 253_402_214_400_000),
        ] as [(String, Int64?)])
    func timesAreRead(_ text: String, _ milliseconds: Int64?) {
        #expect(WallTime(text)?.milliseconds == milliseconds)
    }
}
