// Apus as a service of a real systemd, in namespaces of its own. What is looked at stands in
// Tests/Systemd/cases; here it is given the built programs and the units as they are shipped.

import Foundation
import TestKit
import Testing

@Suite struct SystemdTests {
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    private static var canRun: Bool {
        geteuid() == 0 && FileManager.default.isExecutableFile(atPath: "/lib/systemd/systemd")
    }

    @Test(
        .enabled(if: canRun, "needs root and the Debian package systemd"),
        .timeLimit(.minutes(5)),
        arguments: [
            "start", "reload", "patience", "socket", "watchdog", "stop", "failure", "journal",
            "user",
        ])
    func service(_ name: String) throws {
        let files = [
            (Programs.apus, "/usr/bin/apus"),
            (Programs.worker, "/usr/bin/apus-worker"),
            (path("deploy/systemd/apus.service"), "/usr/lib/systemd/system/apus.service"),
            (path("deploy/systemd/apus.socket"), "/usr/lib/systemd/system/apus.socket"),
            (path("deploy/systemd/apus-user.service"), "/usr/lib/systemd/user/apus-user.service"),
            (path("deploy/systemd/apus.sysusers.conf"), "/usr/lib/sysusers.d/apus.conf"),
            (path("deploy/examples/apus.yaml"), "/etc/apus/sample.yaml"),
            (path("Tests/Systemd/cases"), "/usr/lib/apus-cases"),
        ]
        let arguments =
            files.flatMap { ["--file", "\($0.0):\($0.1)"] }
            + ["--", "/bin/bash", "/usr/lib/apus-cases", name]
        let result = try CommandResult.run(
            path("scripts/systemd-sandbox"), arguments, within: 240)
        for line in result.output.split(separator: "\n") where line.hasPrefix("figure: ") {
            print(line)
        }
        if result.code == 77 {
            // A container without the rights to mount: nothing is shown, and that is said.
            print("figure: systemd not tested: \(result.errorOutput)")
            return
        }
        #expect(result.code == 0, "\(result)")
        #expect(result.output.contains("\nok "), "\(result)")
    }

    private func path(_ name: String) -> String { Self.root.appendingPathComponent(name).path }
}
