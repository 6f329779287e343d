// The file of the admin socket: who may connect, and whether one that lies there is still alive.
// Any thread; blocks for file system calls only.

import FoundationEssentials
import NIOCore
import NIOPosix

struct AdminSocketFile: Sendable {
    let path: String

    /// Throws if somebody answers at the path. A stale socket file is left for bind to replace.
    func checkUnanswered(_ group: any EventLoopGroup) async throws {
        let bootstrap = ClientBootstrap(group: group).connectTimeout(.seconds(1))
        guard let channel = try? await bootstrap.connect(unixDomainSocketPath: path).get() else {
            return
        }
        try? await channel.close()
        throw AdminServerError.alreadyServed(path: path)
    }

    func setAccess(mode: UInt32, group: String?) throws {
        var attributes: [FileAttributeKey: Any] = [.posixPermissions: Int(mode)]
        if let group { attributes[.groupOwnerAccountName] = group }
        try FileManager.default.setAttributes(attributes, ofItemAtPath: path)
    }

    func remove() {
        try? FileManager.default.removeItem(atPath: path)
    }
}
