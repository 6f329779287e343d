// What needs a network of its own, in which ports can be few and names mean what we like. What is
// done there stands in Tests/Network/cases.

import Foundation
import TestKit
import Testing

@Suite struct NamespaceTests {
    @Test(
        .enabled(if: geteuid() == 0, "needs root"), .timeLimit(.minutes(2)),
        arguments: ["ports", "lossy", "crossing", "names", "binds"])
    func inANetworkOfItsOwn(_ name: String) throws {
        let cases = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Network/cases").path
        let result = try CommandResult.run(
            "unshare", ["-n", "-m", cases, name, Programs.apus, Programs.worker], within: 100)
        for line in result.output.split(separator: "\n") where line.hasPrefix("figure: ") {
            print(line)
        }
        if result.code == 77 || result.errorOutput.contains("unshare failed") {
            print("figure: not tested without namespaces: \(result.errorOutput)")
            return
        }
        #expect(result.code == 0, "\(result)")
        #expect(result.output.hasSuffix("ok\n"), "\(result)")
    }
}
