// Who asks: what the kernel, a certificate or a token vouches for. Pure value, any thread.

import JSON

/// The one at the other end of a request, as far as it is known.
enum Principal: Sendable, Equatable {
    /// Of a unix socket: the process that connected, and the groups that it had then.
    case process(PeerCredentials, groups: [UInt32])
    /// Of TCP: who showed a token that is good now.
    case token(AccessToken, from: PeerAddress?)
    /// Of TCP: whose certificate one of the CAs of clients vouches for.
    case certificate(CertificateSubject, from: PeerAddress?)
    /// Of TCP: who has shown nothing so far.
    case stranger(from: PeerAddress?)
    /// Nobody vouches for anybody.
    case unknown

    /// As `trigger.principal`, events and the audit name it.
    var name: String {
        switch self {
        case .process(let credentials, _): "uid:\(credentials.userID)"
        case .token(let token, _): "token:\(token.name)"
        case .certificate(let subject, _): "cert:\(subject.text)"
        case .stranger: "stranger"
        case .unknown: "unknown"
        }
    }

    /// Of TCP.
    var address: PeerAddress? {
        switch self {
        case .token(_, let address), .certificate(_, let address), .stranger(let address): address
        case .process, .unknown: nil
        }
    }

    /// For the audit: everything that is known, all members always there.
    var peer: JSONValue {
        var (uid, gid, pid, comm) = (JSONValue.null, JSONValue.null, JSONValue.null, JSONValue.null)
        if case .process(let credentials, _) = self {
            uid = .number(credentials.userID)
            gid = .number(credentials.groupID)
            pid = .number(credentials.processID)
            comm = .optional(credentials.command.map(RequestTrace.shown))
        }
        return [
            "uid": uid, "gid": gid, "pid": pid, "comm": comm,
            "address": .optional(address?.text),
        ]
    }
}
