// Who is at the other end of a unix socket, as the kernel noted it at connect(2). Any thread.

import NIOCore

/// `struct ucred` of unix(7): three 32-bit words.
struct PeerCredentials: Sendable, Equatable {
    var processID: Int32
    var userID: UInt32
    var groupID: UInt32

    /// Nil where the kernel cannot say.
    static func of(_ channel: any Channel) async -> PeerCredentials? {
        guard let provider = channel as? any SocketOptionProvider else { return nil }
        let peerCredentialsOption: CInt = 17  // SO_PEERCRED, socket(7)
        // The result has the size and layout of ucred, and every bit pattern of it is valid.
        let read: EventLoopFuture<PeerCredentials> = provider.unsafeGetSocketOption(
            level: .socket, name: .init(rawValue: peerCredentialsOption))
        return try? await read.get()
    }

    /// As audit and `trigger.principal` name it.
    var principal: String { "uid:\(userID)" }
}
