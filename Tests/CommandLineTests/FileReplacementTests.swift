// A file is replaced at once, with what it was but for its bytes.

import Foundation
import TestKit
import Testing

@testable import apus

@Suite struct FileReplacementTests {
    @Test func modeOwnerAndLinkStay() throws {
        let folder = try TemporaryDirectory()
        let file = try folder.write("a.yaml", "old")
        let link = try folder.link("b.yaml", to: "a.yaml")
        let manager = FileManager.default
        var attributes: [FileAttributeKey: Any] = [.posixPermissions: 0o640]
        let isRoot = geteuid() == 0
        if isRoot {
            attributes[.ownerAccountID] = 65_534
            attributes[.groupOwnerAccountID] = 65_534
        }
        try manager.setAttributes(attributes, ofItemAtPath: file)
        try FileReplacement.replace(link, that: Array("old".utf8), with: Array("new".utf8))
        #expect(try String(contentsOfFile: file, encoding: .utf8) == "new")
        #expect(try manager.destinationOfSymbolicLink(atPath: link) == "a.yaml")
        let after = try manager.attributesOfItem(atPath: file)
        #expect(after[.posixPermissions] as? Int == 0o640)
        if isRoot { #expect(after[.ownerAccountID] as? Int == 65_534) }
        #expect(
            try manager.contentsOfDirectory(atPath: folder.path).sorted() == ["a.yaml", "b.yaml"])
    }

    @Test(arguments: ["newer", "", "ole", "old "])
    func whatSomebodyElseHasWrittenStays(_ now: String) throws {
        let folder = try TemporaryDirectory()
        let file = try folder.write("a.yaml", now)
        let failure = #expect(throws: CommandFailure.self) {
            try FileReplacement.replace(file, that: Array("old".utf8), with: Array("new".utf8))
        }
        #expect(failure?.status == .conflict)
        #expect(try String(contentsOfFile: file, encoding: .utf8) == now)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["a.yaml"])
    }

    /// Each adds one to a number that it has read: the sum is right only if nobody is undone. Threads
    /// are as good as processes here, since each opens the folder for itself (flock(2)).
    @Test func nobodyIsUndone() throws {
        let folder = try TemporaryDirectory()
        let file = try folder.write("n", "0")
        let (rounds, count) = (25, 8)
        DispatchQueue.concurrentPerform(iterations: count) { _ in
            for _ in 0..<rounds {
                try? FolderLock.holding(folderOf: file) { () throws(CommandFailure) in
                    let before = try NewFile.read(file)
                    let number = Int(String(decoding: before, as: UTF8.self)) ?? 0
                    try FileReplacement.replace(
                        file, that: before, with: Array("\(number + 1)".utf8))
                }
            }
        }
        #expect(try String(contentsOfFile: file, encoding: .utf8) == "\(rounds * count)")
    }

    @Test func whatIsNotThereIsSaid() {
        #expect(throws: CommandFailure.self) {
            try FileReplacement.replace("/no/such/file", that: [], with: [])
        }
    }
}
