// What is wrong with the files that `admin` names is told with the place that names them, and a
// master refuses the same.

import Clock
import ConfigurationLanguage
import Foundation
import Logging
import Model
import TestKit
import Testing

@testable import AdminAPI

struct AdminFileCheckTests {
    /// Of openssl's; good and bad ones.
    private static let files = Result {
        let files = try TLSFiles()
        try files.issue("other", by: "ca", subject: "/CN=other")
        try files.issue("over", by: "ca", subject: "/CN=over", days: -1)
        let directory = files.directory
        try directory.write("none.pem", "no certificate")
        try directory.write(
            "open.key", String(contentsOfFile: files.key("server"), encoding: .utf8))
        try directory.write("tokens", "ci operate sha256:12\n")
        try directory.write("none", "")
        for (name, mode) in [("open.key", "604"), ("tokens", "600"), ("none", "644")] {
            _ = try CommandResult.run("/bin/chmod", [mode, directory.path(name)])
        }
        _ = try CommandResult.run("/usr/bin/mkfifo", [directory.path("fifo.pem")])
        return files
    }

    private struct Case: Sendable, CustomTestStringConvertible {
        var chain = "server.pem"
        var key = "server.key"
        var clientCA = "ca.pem"
        var tokens: String?
        /// Kind, code, the field, words; nil: nothing is wrong.
        var expected: (AdminFileFinding.Kind, String, String, String)?

        var testDescription: String { "\(chain) \(key) \(clientCA) \(tokens ?? "-")" }
    }

    private static let cases: [Case] = [
        Case(),
        Case(chain: "no.pem", expected: (.absent, "file-missing", "tls/chain", "is not there")),
        Case(key: "no.key", expected: (.absent, "file-missing", "tls/key", "is not there")),
        Case(clientCA: "no", expected: (.absent, "file-missing", "tls/client_ca", "not there")),
        Case(tokens: "no", expected: (.absent, "file-missing", "tokens", "is not there")),
        Case(
            chain: "none.pem",
            expected: (.unfit, "certificate-invalid", "tls/chain", "holds no certificate")),
        Case(
            chain: "fifo.pem",
            expected: (.unfit, "certificate-invalid", "tls/chain", "is not a regular file")),
        Case(
            key: "server.pem",
            expected: (.unfit, "certificate-invalid", "tls/key", "holds no private key")),
        Case(
            key: "other.key",
            expected: (
                .unfit, "certificate-invalid", "tls/key",
                "is not the key of the certificate in /admin/tcp/tls/chain"
            )),
        Case(
            key: "open.key",
            expected: (.unfit, "certificate-invalid", "tls/key", "has the mode 604")),
        Case(
            clientCA: "server.key",
            expected: (.unfit, "certificate-invalid", "tls/client_ca", "holds no certificate")),
        Case(
            tokens: "tokens",
            expected: (.unfit, "tokens-invalid", "tokens", "has a fault in line 1: ")),
        Case(
            tokens: "none", expected: (.unfit, "tokens-invalid", "tokens", "its mode is 644")),
        Case(
            chain: "over.pem", key: "over.key",
            expected: (.invalidNow, "certificate-expiring", "tls/chain", "has expired at ")),
    ]

    private func report(_ one: Case) throws -> ConfigurationReport {
        let folder = try Self.files.get().directory
        let tokens = one.tokens.map { "\n    tokens: \(folder.path($0))" } ?? ""
        let text = """
            version: 1
            admin:
              tcp:
                listen: "127.0.0.1:9443"
                tls:
                  chain: \(folder.path(one.chain))
                  key: \(folder.path(one.key))
                  client_ca: \(folder.path(one.clientCA))\(tokens)
            """
        return ConfigurationSource(text: ConfigurationText(text), fileName: "a.yaml").report()
    }

    @Test(arguments: cases)
    private func eachFaultHasItsPlace(_ one: Case) throws {
        let report = try report(one)
        #expect(report.errors == [])
        let findings = AdminFileCheck.findings(in: report.adminFiles)
        guard let (kind, code, field, words) = one.expected else {
            #expect(findings == [])
            return
        }
        let finding = try #require(findings.first)
        #expect(findings.count == 1, "\(findings)")
        let problem = finding.problem(.error)
        #expect(finding.kind == kind)
        #expect(problem.code.rawValue == code)
        #expect(problem.pointer == "/admin/tcp/\(field)")
        #expect(problem.message.contains(words), "\(problem)")
        let lines = ["tls/chain": 6, "tls/key": 7, "tls/client_ca": 8, "tokens": 9]
        #expect(problem.position?.line == lines[field])
        #expect(problem.file == "a.yaml")
    }

    /// What is called a fault keeps a listener from starting, and nothing else does.
    @Test(arguments: cases)
    private func aMasterRefusesTheSame(_ one: Case) throws {
        let settings = try #require(try report(one).configuration?.admin.tcp)
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let keeps = one.expected.map { $0.0 == .absent || $0.0 == .unfit } ?? false
        var refusal: AdminServerError?
        do throws(AdminServerError) {
            _ = try ServerTLS(settings.tls, allowsStrangers: false, logger: logger)
            _ = try Authenticator(tokenFile: settings.tokens, logger: logger)
        } catch {
            refusal = error
        }
        #expect((refusal != nil) == keeps, "\(String(describing: refusal))")
    }

    /// The value of a reference is in no problem, and what belongs together is told by listener.
    @Test func pathsFromElsewhereAreNotShown() throws {
        let folder = try Self.files.get().directory
        let text = """
            version: 1
            admin:
              tcp:
                listen: "127.0.0.1:9443"
                tls: {chain: "\(folder.path("server.pem"))", key: "${env:SECRET}/none"}
                tokens: "${env:SECRET}/none"
              metrics:
                listen: "127.0.0.1:9444"
                tls: {chain: "\(folder.path("other.pem"))", key: "\(folder.path("server.key"))"}
            """
        let resolver = ReferenceResolver { _ in .value(Array("/the/value".utf8)) }
        let report = ConfigurationSource(text: ConfigurationText(text), fileName: "a.yaml")
            .report(resolving: resolver)
        let problems = AdminFileCheck.findings(in: report.adminFiles).map { $0.problem(.error) }
        #expect(
            problems.map(\.pointer) == [
                "/admin/tcp/tls/key", "/admin/tcp/tokens", "/admin/metrics/tls/key",
            ])
        #expect(problems.allSatisfy { !"\($0)".contains("/the/value") }, "\(problems)")
        #expect(problems[0].message.contains("${env:SECRET}/none"))
    }
}
