// Every command of README and docs, run as a reader would run it, with the programs under test.
// How a document is read, and what it may say about a block: scripts/run-documents.

import Foundation
import TestKit
import Testing

@Suite struct DocumentTests {
    @Test(.timeLimit(.minutes(5))) func commandsDoWhatIsWritten() throws {
        let root = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let result = try CommandResult.run(
            root.appendingPathComponent("scripts/run-documents").path,
            ["--programs", Programs.folder], within: 280)
        print(result.output)
        if result.code == 77 {
            // Without namespaces the commands would write to the machine: nothing is shown.
            print("figure: no command of a document was run: \(result.errorOutput)")
            return
        }
        #expect(result.code == 0, "\(result.errorOutput)")
        // A runner that finds nothing would succeed too.
        #expect(result.output.contains("docs/tutorial.md: "), "\(result)")
    }
}
