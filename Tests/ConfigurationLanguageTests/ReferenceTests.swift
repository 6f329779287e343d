// References: what stands for them, where they may be, and that nothing tells their values.

import ConfigurationLanguage
import Foundation
import JSON
import Model
import Testing

@Suite struct ReferenceTests {
    /// Answers from a table; everything else is missing.
    private static func table(_ values: [String: String]) -> ReferenceResolver {
        ReferenceResolver { reference in
            values[reference.name].map { .value(Array($0.utf8)) } ?? .missing("not there")
        }
    }

    private static func report(
        _ text: String, _ values: [String: String] = [:]
    ) -> ConfigurationReport {
        ConfigurationSource(text: ConfigurationText(text), fileName: "test.yaml")
            .report(resolving: table(values))
    }

    /// One route that answers with this body.
    private static func answer(_ body: String, _ values: [String: String] = [:]) -> Template? {
        let report = report(
            "version: 1\nfrontends: {f: {bind: '*:80', routes: [{respond: {body: '\(body)'}}]}}",
            values)
        guard case .respond(let response)? = report.configuration?.frontends[0].routes[0].action
        else { return nil }
        return response.body
    }

    @Test func wholeAndPart() {
        let values = ["X": "one", "/run/x": "two", "x.key": "three", "EMPTY": ""]
        #expect(Self.answer("${env:X}", values) == Template(literal: "one"))
        #expect(
            Self.answer("a ${env:X}${file:/run/x} ${cred:x.key}!", values)
                == Template(literal: "a onetwo three!"))
        #expect(Self.answer("${env:Y:-none}", values) == Template(literal: "none"))
        #expect(Self.answer("${env:Y:-}", values) == Template(literal: ""))
        // As in a shell: `:-` also stands in for what is empty.
        #expect(Self.answer("${env:EMPTY:-none}", values) == Template(literal: "none"))
        #expect(Self.answer("[${env:EMPTY}]", values) == Template(literal: "[]"))
        #expect(Self.answer("${env:X:-a:-b}", values) == Template(literal: "one"))
        #expect(Self.answer("${env:Y:-a:-b}", values) == Template(literal: "a:-b"))
    }

    @Test func whatIsNoReference() {
        #expect(Self.answer("${x} $5 ${ENV:X} $") == Template(literal: "${x} $5 ${ENV:X} $"))
        #expect(Self.answer("$${env:X} $$") == Template(literal: "${env:X} $$"))
        #expect(Self.answer("$${cred:never closed") == Template(literal: "${cred:never closed"))
    }

    /// No recursion, and no template in a value.
    @Test func valuesAreOnlyText() {
        let values = ["X": "%{pid} %% ${env:Y}", "Y": "never"]
        #expect(
            Self.answer("%{path} ${env:X}", values)?.parts == [
                .variable(.path), .literal(" %{pid} %% ${env:Y}"),
            ])
    }

    @Test func typedFields() throws {
        let text = """
            version: 1
            process: {workers: "${env:N}", threads: "${env:AUTO}", max_reloads: "${env:N}"}
            log: {access: {to: "${env:LOG}"}, level: "${env:LEVEL}"}
            defaults: {timeouts: {client: "${env:N}s"}}
            frontends:
              f:
                bind: "127.0.0.1:${env:PORT}"
                limits: {body: "${env:N}m"}
                backend: b
            backends:
              b:
                servers:
                  s:
                    address: ${env:ADDRESS}
                    allow_link_local: ${env:YES}
            """
        let report = Self.report(
            text,
            [
                "N": "3", "AUTO": "auto", "LOG": "/var/log/a.log", "LEVEL": "debug", "PORT": "8080",
                "ADDRESS": "169.254.1.1:80", "YES": "true",
            ])
        #expect(report.errors == [])
        let configuration = try #require(report.configuration)
        #expect(configuration.process.workers == 3)
        #expect(configuration.process.threads == nil)
        #expect(configuration.log.accessTo == .file(path: "/var/log/a.log"))
        #expect(configuration.log.level == .debug)
        #expect(configuration.frontends[0].timeouts.client == .seconds(3))
        #expect(configuration.frontends[0].bind[0].description == "127.0.0.1:8080")
        #expect(configuration.frontends[0].limits.bodyBytes == 3 << 20)
        #expect(configuration.backends[0].servers[0].address.description == "169.254.1.1:80")
        #expect(report.references.first?.pointer == "/process/workers")
        #expect(report.references.first?.written == "${env:N}")
        #expect(report.references.count == 10)
    }

    @Test func missingIsAnErrorAtItsPlaceAndOnce() {
        let report = Self.report(
            "version: 1\nfrontends:\n  f:\n    bind: '*:80'\n    headers:\n"
                + "      set: {A: 'Bearer ${cred:token}'}\n    routes: [{respond: {}}]")
        #expect(report.configuration == nil)
        #expect(report.errors.map(\.code) == [.unresolvedReference])
        #expect(report.errors[0].position == TextPosition(line: 6, column: 16))
        #expect(report.errors[0].pointer == "/frontends/f/headers/set/A")
        #expect(report.errors[0].message == "\"${cred:token}\": not there")
    }

    @Test(arguments: [
        "${env:1X}", "${env:}", "${env:A-B}", "${env:A", "${file:relative}", "${file:}", "${cred:}",
        "${cred:../x}", "${cred:..}", "${cred:a b}", "${cred:a/b}", "${env:\u{202E}}",
    ])
    func malformed(_ text: String) {
        let report = Self.report("version: 1\nlog: {level: '\(text)'}", ["": "info"])
        #expect(report.errors.map(\.code) == [.invalidValue])
        #expect(report.errors.first?.description.contains("\u{202E}") == false)
    }

    @Test func valuesAreBounded() {
        func codes(_ bytes: [UInt8], count: Int = 1) -> [ConfigurationProblem.Code] {
            let body = (0..<count).map { "'${env:X\($0)}'" }.joined(separator: ", ")
            return ConfigurationSource(
                text: ConfigurationText(
                    "version: 1\nfrontends: {f: {bind: '*:80', routes: [{respond: {}, "
                        + "match: {header: {X: [\(body)]}}}]}}"), fileName: "test.yaml"
            ).report(resolving: ReferenceResolver { _ in .value(bytes) }).errors.map(\.code)
        }
        #expect(codes(Array("ok".utf8)) == [])
        #expect(codes([0x61, 0x00]) == [.invalidValue])
        #expect(codes([0x61, 0xFF]) == [.invalidValue])
        // A header takes no line feed, wherever it comes from.
        #expect(codes(Array("a\r\nEvil: b".utf8)) == [.invalidValue])
        #expect(codes(Array(repeating: 0x61, count: (64 << 10) + 1)) == [.tooLarge])
        let most = Array(repeating: UInt8(ascii: "a"), count: 64 << 10)
        #expect(codes(most, count: 161).contains(.tooLarge))
    }

    @Test func eachIsAskedForOnce() {
        let asked = Counter()
        let text =
            "version: 1\nfrontends: {f: {bind: '*:80', routes: [{respond: {body: "
            + "'${env:A}${env:A} ${env:B}', type: '${env:A}'}}]}}"
        let report = ConfigurationSource(text: ConfigurationText(text), fileName: "test.yaml")
            .report(
                resolving: ReferenceResolver { reference in
                    asked.add(reference.written)
                    return .value([0x61])
                })
        #expect(report.errors == [])
        #expect(asked.all.sorted() == ["${env:A}", "${env:B}"])
    }

    @Test func withheldIsAWarning() {
        let text =
            "version: 1\nprocess: {workers: '${env:N}'}\nbackends: {b: {servers: "
            + "{s: {address: '${env:A}'}}}}\nfrontends: {f: {bind: '*:1', backend: b}}"
        let report = ConfigurationSource(text: ConfigurationText(text), fileName: "test.yaml")
            .report(resolving: ReferenceResolver { _ in .withheld("not looked for") })
        #expect(report.errors == [])
        #expect(report.warnings.map(\.code) == [.unresolvedReference, .unresolvedReference])
    }

    /// Every scalar of a document comes from a reference, with values that fit nowhere, or nearly:
    /// whatever is complained about, no value is repeated.
    @Test(arguments: [
        "hunter2-Secret", "98765432199", "-77123", "hunter2.example.com:99123", "/hunter2/../x?y#z",
        "hunter2:secret:77123", "*:77123", "77123", "%{hunter2}", "hunter2\u{7}secret",
        "unix:/hunter2", ":7712", "7712",
    ])
    func noProblemTellsAValue(_ secret: String) {
        let words = ["hunter2", "987654321", "77123", "7712", "99123"]
        for line in Sample.supported.split(separator: "\n", omittingEmptySubsequences: false)
            .indices
        {
            let text = Self.withReferences(Sample.supported, inLine: line)
            let report = Self.report(text, ["S": secret])
            for problem in report.errors + report.warnings {
                let told = "\(problem) \(problem.owner ?? "")"
                #expect(!words.contains { told.contains($0) }, "\(told)")
            }
        }
    }

    /// The values of one line in flow style, replaced.
    private static func withReferences(_ text: String, inLine number: Int) -> String {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let pattern = /(: |\[|, )("[^"]*"|[A-Za-z0-9_.\/-]+)(?=[,}\]]|$)/
        lines[number] = lines[number].replacing(pattern) { "\($0.1)\"${env:S}\"" }
        return lines.joined(separator: "\n")
    }

    @Test func shownIsWhatIsWritten() throws {
        let text = #"""
            version: 1
            log: {access: {to: "/var/log/${env:S}"}}
            frontends:
              f:
                bind: "127.0.0.1:80"
                headers: {set: {Authorization: "Bearer ${cred:S} %{pid} $${env:X}"}}
                routes:
                - match: {host: "${env:S}", path: "/${env:S}", path_prefix: "/${env:S}/", header: {
                    X-Key: "${file:/S}"}}
                  respond: {body: "${env:S} 100%", type: "${env:S}"}
                - {id: r, redirect: {location: "https://${env:S}/"}}
                - {id: s, redirect: {host: "${env:S}", path: "/${env:S}"}}
            """#
        let report = Self.report(text, ["S": "hunter2", "/S": "hunter2"])
        #expect(report.errors == [])
        let real = try #require(report.configuration)
        let shown = try #require(report.shown)
        #expect(String(decoding: try JSONWriter.encode(real), as: UTF8.self).contains("hunter2"))
        let document = try EffectiveDocument(shown).text().string
        #expect(!document.contains("hunter2"))
        #expect(document.contains("Bearer ${cred:S} %{pid} $${env:X}"))
        // Read again it means the same.
        let again = Self.report(document, ["S": "hunter2", "/S": "hunter2"])
        #expect(again.errors == [])
        #expect(again.configuration == real)
        #expect(Self.report("version: 1").shown == Configuration())
    }

    /// Away from the master, too: what stands in for a variable that is not set is checked.
    @Test func aFallbackNeedsNoValue() {
        func problems(_ workers: String) -> [String] {
            let report = ConfigurationSource(
                text: ConfigurationText("version: 1\nprocess: {workers: '\(workers)'}"),
                fileName: "test.yaml"
            ).report(resolving: .lenientSurroundings)
            return (report.errors + report.warnings).map(\.code.rawValue)
                .filter { $0 != "no-frontend" }
        }
        #expect(problems("${env:APUS_TEST_NOT_SET:-2}") == [])
        #expect(problems("${env:APUS_TEST_NOT_SET:-no}") == ["wrong-type"])
        #expect(problems("${env:APUS_TEST_NOT_SET}") == ["unresolved-reference"])
    }

    @Test func digestChangesWithTheValue() throws {
        func digest(_ value: String) throws -> String {
            let report = Self.report("version: 1\nprocess: {workers: '${env:N}'}", ["N": value])
            _ = try #require(report.configuration)
            return report.valuesSHA256
        }
        #expect(try digest("1") == digest("1"))
        #expect(try digest("1") != digest("2"))
        #expect(Self.report("version: 1").valuesSHA256 == "")
        // Where one value ends and the next begins makes a difference.
        func pair(_ a: String, _ b: String) -> String {
            Self.report("version: 1\nlabels: {a: '${env:A}', b: '${env:B}'}", ["A": a, "B": b])
                .valuesSHA256
        }
        #expect(pair("1", "12") != pair("11", "2"))
        #expect(pair("1", "2") != pair("2", "1"))
    }

    @Test func realSurroundings() throws {
        let folder = try TestFolder()
        try folder.write("token", "s3cret\n")
        try folder.write("two", "a\n\n")
        try folder.write("big", String(repeating: "x", count: (64 << 10) + 2))
        func outcome(_ written: String) -> ConfigurationReport {
            ConfigurationSource(
                text: ConfigurationText("version: 1\nlog: {access: {to: '/\(written)'}}"),
                fileName: "test.yaml"
            ).report()
        }
        func path(_ written: String) -> String? {
            guard case .file(let path)? = outcome(written).configuration?.log.accessTo else {
                return nil
            }
            return path
        }
        #expect(path("${file:\(folder.path)/token}") == "/s3cret")
        #expect(path("${env:APUS_TEST_NOT_SET:-x}") == "/x")
        #expect(path("${env:PATH}") != nil)
        // One line feed is dropped; a path holds no other.
        #expect(outcome("${file:\(folder.path)/two}").errors.map(\.code) == [.invalidValue])
        for name in ["big", "nothing", "", "token/x"] {
            #expect(
                outcome("${file:\(folder.path)/\(name)}").errors.map(\.code)
                    == [.unresolvedReference])
        }
        try folder.makeFIFO("fifo")
        #expect(
            outcome("${file:\(folder.path)/fifo}").errors.first?.message.contains("regular")
                == true)
        #expect(
            outcome("${cred:x}").errors.first?.message.contains("CREDENTIALS_DIRECTORY") == true)
    }
}

/// Notes what it is told, from any thread.
private final class Counter: @unchecked Sendable {
    private let lock = NSLock()
    private var notes: [String] = []

    func add(_ note: String) { lock.withLock { notes.append(note) } }
    var all: [String] { lock.withLock { notes } }
}
