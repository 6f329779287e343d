// Folders and ports that belong to one test.

internal import Foundation
internal import Glibc
internal import Synchronization

/// A fresh folder with a short path (a unix socket's has 107 bytes), removed with the last
/// reference.
public final class TemporaryDirectory: Sendable {
    public let path: String

    public init() throws {
        let top = FileManager.default.temporaryDirectory.path
        path = "\(top)/apus-\(String(UInt32.random(in: 0...UInt32.max), radix: 36))"
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o755])
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    public func path(_ name: String) -> String { "\(path)/\(name)" }

    /// Writes a file and returns its path.
    @discardableResult
    public func write(_ name: String, _ text: String) throws -> String {
        let file = path(name)
        try Data(text.utf8).write(to: URL(fileURLWithPath: file))
        return file
    }

    /// A symbolic link in this folder; returns its path.
    @discardableResult
    public func link(_ name: String, to target: String) throws -> String {
        let link = path(name)
        try? FileManager.default.removeItem(atPath: link)
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: target)
        return link
    }
}

/// TCP ports of 127.0.0.1 that nobody uses, below the kernel's range for clients, so that no
/// connection of a test takes one by chance. A port is given out once in a test run.
public enum FreePort {
    private static let next = Mutex(18_000 + Int(getpid() % 50) * 200)

    /// The first of so many ports that are free and follow each other, below those of `lease`.
    public static func range(_ count: Int) throws -> Int {
        for _ in 0..<200 {
            let first = Int.random(in: 10_000...(18_000 - count))
            let probes = (first..<(first + count)).compactMap { try? TestSocket.bound(port: $0) }
            for probe in probes { probe.close() }
            if probes.count == count { return first }
        }
        throw SocketFailure(call: "no free ports", errno: EADDRINUSE)
    }

    public static func lease() throws -> Int {
        for _ in 0..<2000 {
            let port = next.withLock { next in
                next = next >= 32_000 ? 18_000 : next + 1
                return next
            }
            if let probe = try? TestSocket.bound(port: port) {
                probe.close()
                return port
            }
        }
        throw SocketFailure(call: "no free port", errno: EADDRINUSE)
    }
}
