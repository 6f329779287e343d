import Foundation
import TestKit
import Testing

@testable import Master

@Suite struct StateDirectoryTests {
    @Test func madeForUsAlone() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path("deep/state")
        let state = try StateDirectory(path: path)
        #expect(state.path == path)
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions]
        #expect(mode as? Int == 0o700)
    }

    @Test func secondMasterIsToldWhoTheFirstIs() throws {
        let directory = try TemporaryDirectory()
        let first = try StateDirectory(path: directory.path)
        let refusal = #expect(throws: StartupError.self) {
            _ = try StateDirectory(path: directory.path)
        }
        #expect(
            refusal?.description.contains(
                "pid \(ProcessInfo.processInfo.processIdentifier),") == true)
        _ = consume first
        _ = try StateDirectory(path: directory.path)
    }

    @Test func symbolicLinkIsRefused() throws {
        let directory = try TemporaryDirectory()
        let link = try directory.link("link", to: "/tmp")
        #expect(throws: StartupError.self) { _ = try StateDirectory(path: link) }
    }

    @Test func foreignDirectoryIsRefused() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path("theirs")
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false,
            attributes: [.ownerAccountID: 65_534])
        #expect(throws: StartupError.self) { _ = try StateDirectory(path: path) }
    }
}
