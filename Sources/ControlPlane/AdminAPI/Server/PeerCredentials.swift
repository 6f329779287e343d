// Who is at the other end of a unix socket, as the kernel noted it at connect(2). Any thread.

import NIOCore
import Syscalls

/// `struct ucred` of unix(7): three 32-bit words.
struct PeerCredentials: Sendable, Equatable {
    var processID: Int32
    var userID: UInt32
    var groupID: UInt32

    /// Nil where the kernel cannot say.
    static func of(_ channel: any Channel) async -> PeerCredentials? {
        try? await read(channel)?.get()
    }

    /// On the channel's event loop the future is fulfilled at once. Nil where there are none.
    static func read(_ channel: any Channel) -> EventLoopFuture<PeerCredentials>? {
        guard let provider = channel as? any SocketOptionProvider else { return nil }
        let peerCredentialsOption: CInt = 17  // SO_PEERCRED, socket(7)
        // The result has the size and layout of ucred, and every bit pattern of it is valid.
        return provider.unsafeGetSocketOption(
            level: .socket, name: .init(rawValue: peerCredentialsOption))
    }

    /// A worker, of this master or of one before it: what it says comes from a client of the proxy, by
    /// a server that leads here, under whatever name.
    var isWorker: Bool {
        command.map { $0 == "apus-worker" }
            ?? mayHaveBeenWorker(master: ProcessLimits.effectiveUserID)
    }

    /// Whether one of which nothing is to be seen, since it is gone, may have been one: of a master that
    /// is root workers may be anybody. Who has no number here is in another namespace of
    /// processes, where no worker is.
    func mayHaveBeenWorker(master: UInt32) -> Bool {
        processID > 0 && (master == 0 || userID == master)
    }

    /// What the process calls itself now, at most 15 bytes (proc(5)): its own words, so for people. Nil:
    /// it is gone, or not for us to see.
    var command: String? {
        guard processID > 0,
            let bytes = try? Files.read("/proc/\(processID)/comm", maxBytes: 256)
        else { return nil }
        let line = bytes.last == UInt8(ascii: "\n") ? bytes.dropLast() : bytes[...]
        return String(decoding: line, as: UTF8.self)
    }

    /// Root, or who runs the master.
    var isPrivileged: Bool { userID == 0 || userID == ProcessLimits.effectiveUserID }

    /// The supplementary groups that the process had at connect(2); empty where the kernel cannot
    /// say, or they are more than `PeerGroups` holds.
    static func groups(of channel: any Channel) async -> [UInt32] {
        guard let provider = channel as? any SocketOptionProvider else { return [] }
        let peerGroupsOption: CInt = 59  // SO_PEERGROUPS, Linux 4.13
        // The kernel fills the front of the zeroed words and refuses (ERANGE) where they are too
        // few; every bit pattern is valid.
        let read: EventLoopFuture<PeerGroups> = provider.unsafeGetSocketOption(
            level: .socket, name: .init(rawValue: peerGroupsOption))
        // Only the list is awaited: the words would stay in the memory of the connection's task.
        return (try? await read.map(\.list).get()) ?? []
    }
}

/// The words that SO_PEERGROUPS fills.
private struct PeerGroups: Sendable {
    var words: InlineArray<1024, UInt32>

    /// How many words were filled is not told, and the kernel keeps groups in ascending order
    /// (set_groups(2)): zeros at the end are filling. A lone group 0 cannot be told from none, and
    /// counts as none.
    var list: [UInt32] {
        var groups: [UInt32] = []
        for index in words.indices {
            if words[index] == 0 && index > 0 { break }
            groups.append(words[index])
        }
        return groups == [0] ? [] : groups
    }
}
