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
        try FileReplacement.replace(link, with: Array("new".utf8))
        #expect(try String(contentsOfFile: file, encoding: .utf8) == "new")
        #expect(try manager.destinationOfSymbolicLink(atPath: link) == "a.yaml")
        let after = try manager.attributesOfItem(atPath: file)
        #expect(after[.posixPermissions] as? Int == 0o640)
        if isRoot { #expect(after[.ownerAccountID] as? Int == 65_534) }
        #expect(
            try manager.contentsOfDirectory(atPath: folder.path).sorted() == ["a.yaml", "b.yaml"])
    }

    @Test func whatIsNotThereIsSaid() {
        #expect(throws: CommandFailure.self) {
            try FileReplacement.replace("/no/such/file", with: [])
        }
    }
}
