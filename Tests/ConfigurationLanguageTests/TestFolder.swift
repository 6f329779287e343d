// A folder for the files of one test, gone with it.

import Foundation
import Testing

final class TestFolder {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "apus-language-\(UUID().uuidString)"
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Makes the folders on the way, too.
    func write(_ name: String, _ text: String) throws {
        let url = URL(fileURLWithPath: "\(path)/\(name)")
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
    }

    func makeFIFO(_ name: String) throws {
        // SAFETY: the path is a valid C string for the call.
        try #require(unsafe mkfifo("\(path)/\(name)", 0o600) == 0)
    }

    func makeLink(_ name: String, to target: String) throws {
        // SAFETY: both are valid C strings for the call.
        try #require(unsafe symlink(target, "\(path)/\(name)") == 0)
    }
}
