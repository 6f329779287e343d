// `include`: which files are found, what may be in them, and that problems name the right one.

import ConfigurationLanguage
import Foundation
import Model
import Testing

@Suite struct IncludeTests {
    private let folder: TestFolder

    init() throws {
        folder = try TestFolder()
    }

    private func load(_ main: String, name: String = "apus.yaml") throws -> ConfigurationSource {
        try folder.write(name, "version: 1\n" + main)
        return try ConfigurationFile.load("\(folder.path)/\(name)")
    }

    private func codes(_ main: String) throws -> [ConfigurationProblem.Code] {
        let report = try load(main).report()
        return (report.errors + report.warnings).map(\.code).filter { $0 != .noFrontend }
    }

    private func server(_ number: Int) -> String {
        "{servers: {s: {address: '10.0.0.\(number):80'}}}"
    }

    @Test func severalFilesAreOneConfiguration() throws {
        try folder.write(
            "conf.d/10-api.yaml",
            "labels: {owner: team-api}\nbackends:\n"
                + "  api: \(server(1))\n")
        try folder.write(
            "conf.d/20-web.yaml",
            "version: 1\nfrontends: {web: {bind: '*:80', "
                + "backend: api}}\nbackends: {web: \(server(2))}\n")
        try folder.write("conf.d/.hidden.yaml", "frontends: {hidden: {}}")
        try folder.write("conf.d/readme.txt", "not: [yaml")
        try folder.write("conf.d/empty.yaml", "# nothing yet\n")
        let source = try load(
            "include: [conf.d/*.yaml]\ndefaults: {timeouts: {server: 7s}}\n"
                + "frontends: {x: {bind: '*:81', backend: web}}\n")
        let report = source.report()
        #expect(report.errors == [])
        #expect(report.warnings == [])
        let configuration = try #require(report.configuration)
        #expect(configuration.frontends.map(\.name) == ["web", "x"])
        #expect(configuration.backends.map(\.name) == ["api", "web"])
        #expect(configuration.backends.allSatisfy { $0.timeouts.server == .seconds(7) })

        // The text is the whole truth: read again from it alone, it is the same.
        let again = ConfigurationSource(text: source.text, fileName: "stored").report()
        #expect(again.configuration == configuration)
        #expect(source.text.string.contains("# nothing yet"))
        try folder.write("conf.d/empty.yaml", "# something now\n")
        #expect(try load("include: [conf.d/*.yaml]").text.sha256 != source.text.sha256)
    }

    @Test func aFileWithoutIncludesIsItself() throws {
        let source = try load("# include is only mentioned\ninclude: []\n")
        #expect(source.text.string == "version: 1\n# include is only mentioned\ninclude: []\n")
        #expect(source.report().errors == [])
    }

    @Test func problemsNameTheirFile() throws {
        try folder.write(
            "conf.d/api.yaml",
            "labels: {owner: team-api}\nbackends:\n  api:\n    servers:\n"
                + "      api-1: {address: '10.0.0.1:80', wieght: 1}\n")
        let errors = try load("include: conf.d/*.yaml\nzebra: 1\n").report().errors
        #expect(
            errors.map(\.file) == ["apus.yaml", "conf.d/api.yaml"].map { "\(folder.path)/\($0)" })
        #expect(errors[1].position == TextPosition(line: 5, column: 39))
        #expect(errors[1].pointer == "/backends/api/servers/api-1/wieght")
        #expect(errors[1].owner == "team-api")
        #expect(errors[0].owner == nil)
    }

    @Test func aNameTwiceNamesBothPlaces() throws {
        try folder.write("conf.d/a.yaml", "backends:\n  api: \(server(1))\n  b: \(server(1))\n")
        try folder.write("conf.d/b.yaml", "# again\nbackends:\n  api: \(server(2))\n")
        let errors = try load("include: [conf.d/*]\nbackends: {b: \(server(3))}\n").report().errors
        #expect(errors.map(\.code) == [.duplicateKey, .duplicateKey])
        #expect(errors[0].file.hasSuffix("/conf.d/a.yaml"))
        #expect(errors[0].message.hasSuffix("/apus.yaml, line 3, column 12"))
        #expect(errors[1].file.hasSuffix("/conf.d/b.yaml"))
        #expect(errors[1].position == TextPosition(line: 3, column: 3))
        #expect(
            errors[1].message
                == "a second backend \"api\", first in \(folder.path)/conf.d/a.yaml, line 2, column 3"
        )
    }

    @Test func addressesCollideOverFiles() throws {
        try folder.write(
            "a.yaml", "frontends: {a: {bind: '*:80', routes: [{respond: {}}]}}")
        let errors = try load(
            "include: a.yaml\nfrontends: {z: {bind: 'localhost:80', "
                + "routes: [{respond: {}}]}}"
        ).report().errors
        #expect(errors.map(\.code) == [.duplicateAddress])
        #expect(errors[0].file.hasSuffix("/a.yaml"))
        #expect(errors[0].message.contains("/apus.yaml, line 3, column 23"))
    }

    @Test(arguments: ["process: {}", "admin: {}", "log: {}", "defaults: {}", "include: [x.yaml]"])
    func settingsAreOfTheIncludingFile(_ text: String) throws {
        try folder.write("a.yaml", text)
        let errors = try load("include: a.yaml").report().errors
        #expect(errors.map(\.code) == [.misplacedField])
        #expect(errors.first?.position == TextPosition(line: 1, column: 1))
    }

    @Test func whatIsNotThere() throws {
        try folder.write("sub/a.yaml", "")
        try folder.makeFIFO("fifo")
        try folder.makeLink("dangling.yaml", to: "nowhere")
        try folder.makeLink("link.yaml", to: "sub/a.yaml")
        #expect(try codes("include: [b.yaml]") == [.fileMissing])
        #expect(try codes("include: [no/b.yaml]") == [.fileMissing])
        #expect(try codes("include: ['no/*.yaml']") == [.noMatch])
        #expect(try codes("include: ['*.yml']") == [.noMatch])
        #expect(try codes("include: [sub]") == [.unreadableFile])
        #expect(try codes("include: ['s*']") == [.unreadableFile])
        #expect(try codes("include: [fifo]") == [.unreadableFile])
        #expect(try codes("include: [dangling.yaml]") == [.fileMissing])
        #expect(try codes("include: ['dangling.*']") == [.fileMissing])
        #expect(try codes("include: ['link.*']") == [])
        #expect(try codes("include: ['*/a.yaml']") == [])
        #expect(try codes("include: ['\(folder.path)/sub/*']") == [])
        #expect(try codes("include: [apus.yaml]") == [.conflictingFields])
        let error = try load("include:\n- sub/a.yaml\n- b.yaml").report().errors[0]
        #expect(error.position == TextPosition(line: 4, column: 3))
        #expect(error.pointer == "/include/1")
        #expect(error.message == "\"b.yaml\": there is no such file")
    }

    /// `*.yaml` beside the including file also matches that one.
    @Test func aPatternSkipsTheIncludingFile() throws {
        try folder.write("b.yaml", "backends: {b: \(server(1))}")
        #expect(try codes("include: ['*.yaml', b.yaml, ./b.yaml]") == [.unusedBackend])
    }

    @Test func orderIsThatOfTheListThenOfNames() throws {
        for name in ["b", "a", "B", "10", "9"] { try folder.write("x/\(name).yaml", "") }
        try folder.write("y.yaml", "")
        let bundle = try load("include: [y.yaml, 'x/*.yaml', 'x/a.yaml']").text.string
        let names = bundle.split(separator: "\n").filter { $0.hasPrefix("# file ") }
            .map { $0.split(separator: " ")[3] }
        #expect(
            names == [
                "apus.yaml", "y.yaml", "x/10.yaml", "x/9.yaml", "x/B.yaml", "x/a.yaml",
                "x/b.yaml",
            ])
    }

    @Test func limits() throws {
        for number in 0...1_000 { try folder.write("many/\(number).yaml", "") }
        #expect(try codes("include: ['many/*']") == [.tooLarge])
        let big = "#" + String(repeating: "x", count: 6 << 20)
        try folder.write("big/a.yaml", big)
        try folder.write("big/b.yaml", big)
        #expect(try codes("include: ['big/*']") == [.tooLarge])
        #expect(try codes("include: [big/a.yaml]") == [])
        try folder.write("huge.yaml", big + big)
        #expect(try codes("include: [huge.yaml]") == [.tooLarge])
    }

    @Test func hostileNames() throws {
        for name in ["a\nb.yaml", "a\u{202E}b.yaml", "a\u{1B}[31m.yaml"] {
            try folder.write("odd/\(name)", "")
        }
        let errors = try load("include: ['odd/*']").report().errors
        #expect(errors.map(\.code) == [.unreadableFile, .unreadableFile, .unreadableFile])
        #expect(errors.allSatisfy { !$0.description.contains("\u{1B}") })
    }

    @Test func aSyntaxErrorInOneFileIsTheOnlyComplaint() throws {
        try folder.write("a.yaml", "backends: {b: [}")
        let errors = try load("include: a.yaml\nfrontends: {f: {bind: '*:80', backend: b}}")
            .report().errors
        #expect(errors.map(\.code) == [.yamlSyntax])
        #expect(errors[0].file.hasSuffix("/a.yaml"))
    }

    @Test(arguments: [
        "# apus-bundle 1\n", "# apus-bundle 1\n# file 3 a\nab\n",
        "# apus-bundle 1\n# file 2 a\nabc\n", "# apus-bundle 1\n# file -1 a\n\n",
        "# apus-bundle 1\n# file 99999999999999999999 a\n\n", "# apus-bundle 1\n# file 0 \n\n",
        "# apus-bundle 1\n# file 0 a\u{1B}b\n\n", "# apus-bundle 1\nversion: 1\n",
        "# apus-bundle 1\n# file 11 a\nversion: 1\n\nmore",
    ])
    func brokenBundles(_ text: String) {
        #expect(read(text).errors.map(\.code) == [.invalidValue])
    }

    @Test func bundlesAreReadAsTheyAre() {
        let main = "version: 1\ninclude: [b/*]\n"
        let part = "frontends: {f: {bind: '*:80', routes: [{respond: {}}]}}"
        let text =
            "# apus-bundle 1\n# file \(main.utf8.count) apus.yaml\n\(main)\n"
            + "# file \(part.utf8.count) b/c d.yaml\n\(part)\n"
        #expect(read(text).errors == [])
        #expect(
            ConfigurationBundle(files: [
                .init(name: "apus.yaml", bytes: Array(main.utf8)),
                .init(name: "b/c d.yaml", bytes: Array(part.utf8)),
            ]).text.string == text)
    }
}
