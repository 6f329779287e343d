// Every input that is kept in Tests/Fuzz/seeds, through the parser it was found for: what once broke
// one, or led it where no other input did, is read in each run of the tests.

import Foundation
import FuzzTargets
import Testing

@Suite struct CorpusTests {
    private static let seeds = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../Fuzz/seeds").standardizedFileURL
    /// Larger ones are cut down before they are kept.
    private static let inputBytesMax = 20_000

    @Test(arguments: FuzzTarget.allCases) func replay(_ target: FuzzTarget) throws {
        let folder = Self.seeds.appending(path: target.rawValue)
        let files = try FileManager.default.contentsOfDirectory(
            at: folder, includingPropertiesForKeys: nil)
        #expect(!files.isEmpty)
        for file in files.sorted(by: { $0.path < $1.path }) {
            let bytes = [UInt8](try Data(contentsOf: file))
            #expect(bytes.count <= Self.inputBytesMax, "\(file.lastPathComponent)")
            // As it is, and each beginning of it, which nobody has looked for.
            for count in Set([0, bytes.count / 2, max(0, bytes.count - 1), bytes.count]) {
                // SAFETY: used during the call only.
                unsafe bytes.withUnsafeBufferPointer { buffer in
                    unsafe target.run(UnsafeBufferPointer(rebasing: buffer[..<count]))
                }
            }
        }
    }

    /// No folder that nobody reads.
    @Test func everyFolderIsATarget() throws {
        let folders = try FileManager.default.contentsOfDirectory(atPath: Self.seeds.path)
        #expect(Set(folders) == Set(FuzzTarget.allCases.map(\.rawValue)))
    }
}
