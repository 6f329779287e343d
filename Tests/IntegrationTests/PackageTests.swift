// The Debian package, made of the programs under test: its contents, and its life under a real
// systemd in namespaces of its own. What is looked at there stands in Tests/Packages/cases.

import Foundation
import TestKit
import Testing

@Suite(.serialized, .timeLimit(.minutes(5))) struct PackageTests {
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    private static func path(_ name: String) -> String { root.appendingPathComponent(name).path }

    private static func has(_ program: String) -> Bool {
        FileManager.default.isExecutableFile(atPath: program)
    }

    private static var canBuild: Bool { has("/usr/bin/dpkg-shlibdeps") }
    private static var canInstall: Bool {
        canBuild && geteuid() == 0 && has("/lib/systemd/systemd")
    }

    /// One for both tests: it takes some seconds.
    private static let built = Result {
        let directory = try TemporaryDirectory()
        return (directory, try build(in: directory))
    }

    /// Builds the package in `directory`; returns its path.
    private static func build(in directory: TemporaryDirectory) throws -> String {
        let result = try CommandResult.run(
            path("scripts/package-deb"),
            ["--programs", Programs.folder, "--to", directory.path, "--unfinished"], within: 120)
        try #require(result.code == 0, "\(result)")
        return result.output.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private func run(_ arguments: String...) throws -> String {
        let result = try CommandResult.run("/usr/bin/env", arguments, within: 60)
        try #require(result.code == 0, "\(arguments): \(result)")
        return result.output.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    @Test(.enabled(if: canBuild, "needs the Debian package dpkg-dev"))
    func contents() throws {
        let (directory, package) = try Self.built.get()
        let version = try run(Programs.apus, "--version")
        #expect(
            package
                == directory.path("apus_\(version)_\(try run("dpkg", "--print-architecture")).deb"))
        #expect(
            try run(
                "dpkg-parsechangelog", "-l", Self.path("deploy/debian/changelog"), "-S", "Version")
                == version, "the changelog is of another version")

        let files = try run("dpkg-deb", "--contents", package).split(separator: "\n")
        for file in [
            "/usr/bin/apus -> ../lib/apus/apus", "/usr/lib/apus/apus-worker", "/etc/apus/apus.yaml",
            "/usr/lib/systemd/system/apus.service", "/usr/lib/systemd/system/apus.socket",
            "/usr/lib/systemd/user/apus-user.service", "/usr/lib/sysusers.d/apus.conf",
            "/usr/share/bash-completion/completions/apus", "/usr/share/doc/apus/copyright",
            "/usr/share/doc/apus/changelog.gz", "/usr/share/zsh/vendor-completions/_apus",
            "/usr/share/fish/vendor_completions.d/apus.fish", "/usr/share/apus/openapi.yaml",
            "/usr/share/apus/config.schema.json", "/usr/share/man/man1/apus.1.gz",
            "/usr/share/doc/apus/examples/apus-alerts.yaml", "/etc/logrotate.d/apus",
        ] {
            #expect(files.contains { $0.hasSuffix(" .\(file)") }, "no \(file)")
        }
        // Nobody but root may write what root runs.
        #expect(files.allSatisfy { $0.contains(" root/root ") })
        #expect(files.allSatisfy { !$0.dropFirst(8).hasPrefix("w") || $0.hasPrefix("l") })
        let depends = try run("dpkg-deb", "--field", package, "Depends")
        for name in ["libc6", "libjansson4", "libsqlite3-0", "libssl3", "libsystemd0"] {
            #expect(depends.contains(name), "\(depends)")
        }

        let second = try TemporaryDirectory()
        let again = try Self.build(in: second)
        let sums = try run("sha256sum", package, again).split(separator: "\n").map { $0.prefix(64) }
        withExtendedLifetime(second) { #expect(sums[0] == sums[1], "two builds differ") }
    }

    @Test(.enabled(if: canInstall, "needs root and the Debian packages dpkg-dev and systemd"))
    func life() throws {
        let files = [
            (try Self.built.get().1, "/usr/lib/apus-package.deb"),
            (Self.path("Tests/Packages/cases"), "/usr/lib/apus-cases"),
        ]
        let result = try CommandResult.run(
            Self.path("scripts/systemd-sandbox"),
            files.flatMap { ["--file", "\($0.0):\($0.1)"] }
                + ["--", "/bin/bash", "/usr/lib/apus-cases", "/usr/lib/apus-package.deb"],
            within: 240)
        if result.code == 77 {
            // A container without the rights to mount: nothing is shown, and that is said.
            print("figure: the package was not installed: \(result.errorOutput)")
            return
        }
        #expect(result.code == 0, "\(result)")
        #expect(result.output.contains("\n0 failures"), "\(result)")
    }
}
