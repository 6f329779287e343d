// Who asks: what the kernel, a certificate or a token vouches for. Pure value, any thread.

import JSON
import Model

/// The one at the other end of a request, as far as it is known.
enum Principal: Sendable, Equatable {
    /// Of a unix socket: the process that connected, and the groups that it had then.
    case process(PeerCredentials, groups: [UInt32])
    /// Nobody vouches for anybody.
    case unknown

    /// As `trigger.principal`, events and the audit name it.
    var name: String {
        switch self {
        case .process(let credentials, _): "uid:\(credentials.userID)"
        case .unknown: "unknown"
        }
    }
}
