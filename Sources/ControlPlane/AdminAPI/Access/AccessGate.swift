// The door of one listener: which requests are looked at, who asks, and whether the role suffices.
// Any thread; its state is what strangers have left of their allowances.

import HTTPTypes
import JSON
import Model
import NIOCore

struct AccessGate: Sendable {
    private enum Door {
        /// The kernel says who connected.
        case socket
        /// A token or a certificate says it.
        case tcp(Authenticator)
        /// Whoever comes may read.
        case open
    }

    private let door: Door
    private let browserGuard: BrowserGuard
    private let policy: AccessPolicy
    private let strangers = StrangerAllowance()

    /// Of the unix socket.
    static func socket(_ policy: AccessPolicy) -> AccessGate {
        AccessGate(door: .socket, browserGuard: BrowserGuard(hosts: nil), policy: policy)
    }

    /// Of `admin.tcp`.
    static func tcp(
        _ policy: AccessPolicy, hosts: [String], _ authenticator: Authenticator
    ) -> AccessGate {
        AccessGate(
            door: .tcp(authenticator), browserGuard: BrowserGuard(hosts: Set(hosts)),
            policy: policy)
    }

    /// Of `admin.metrics`.
    static func open(hosts: [String]) -> AccessGate {
        AccessGate(
            door: .open, browserGuard: BrowserGuard(hosts: Set(hosts)), policy: AccessPolicy([]))
    }

    private init(door: Door, browserGuard: BrowserGuard, policy: AccessPolicy) {
        self.door = door
        self.browserGuard = browserGuard
        self.policy = policy
    }

    /// Who has connected, before anything of the request is looked at.
    func peer(of channel: any Channel) async -> Principal {
        switch door {
        case .socket:
            guard let credentials = await PeerCredentials.of(channel), !credentials.isWorker else {
                return .unknown
            }
            return .process(credentials, groups: await PeerCredentials.groups(of: channel))
        case .tcp, .open:
            return .stranger(from: PeerAddress(channel.remoteAddress))
        }
    }

    /// Refuses what a page of some web site could have caused.
    func checkIsNoPage(_ request: HTTPRequest, on channel: any Channel) throws(Problem) {
        try browserGuard.check(request, local: PeerAddress(channel.localAddress)?.host)
    }

    /// Who asks for something that is not for everybody.
    func principal(
        _ peer: Principal, of request: HTTPRequest, on channel: any Channel
    ) async throws -> Principal {
        guard case .tcp(let authenticator) = door else { return peer }
        return try await authenticator.principal(
            of: request.headerFields[.authorization], on: channel, from: peer.address)
    }

    /// Nil for none.
    func role(of principal: Principal) -> AccessRole? {
        if case .open = door { return .read }
        return policy.role(of: principal)
    }

    /// Whether a refusal is worth a line. Of a flood of strangers there is one now and then.
    func isWorthALine(_ trace: RequestTrace) -> Bool {
        guard trace.isDenied, case .stranger(let address) = trace.principal else { return true }
        return strangers.takes(address)
    }

    /// Throws unless `role` is as much as `needed`.
    static func check(
        _ role: AccessRole?, of principal: String, isAtLeast needed: AccessRole
    ) throws(Problem) {
        if let role, role >= needed { return }
        let has = role.map { "has the role \($0.rawValue)" } ?? "has no role"
        throw Problem(
            .forbiddenRole,
            "this needs the role \(needed.rawValue), and \(principal) \(has); roles are given in "
                + "admin.roles of the configuration, and in a token's line of the token file"
        ).adding("role", .optional(role?.rawValue)).adding("needed_role", .string(needed.rawValue))
    }

    /// Throws for a token that is good for other paths only.
    static func check(_ principal: Principal, at path: String) throws(Problem) {
        guard case .token(let token, _) = principal, !token.isGood(for: path) else { return }
        throw Problem(
            .forbiddenPath,
            "the token \(token.name) is good for \(token.paths.joined(separator: ", ")) only")
    }
}

/// How many lines of the log and the audit strangers may cause: each some, and all together.
struct StrangerAllowance: Sendable {
    private let each = ClientAllowance(burst: 10, period: .seconds(10))
    private let together = ClientAllowance(burst: 100, period: .seconds(1))

    func takes(_ address: PeerAddress?) -> Bool {
        guard each.take(address?.client ?? .everybody) == nil else { return false }
        return together.take(.everybody) == nil
    }
}
