// The door of one listener: which requests are looked at, who asks, and whether the role suffices.
// Any thread; holds no state.

import JSON
import Model
import NIOCore

struct AccessGate: Sendable {
    let browserGuard: BrowserGuard
    let policy: AccessPolicy

    /// Of the unix socket: the kernel says who connected.
    static func socket(_ policy: AccessPolicy) -> AccessGate {
        AccessGate(browserGuard: BrowserGuard(hosts: nil), policy: policy)
    }

    /// Who asks.
    func principal(of channel: any Channel) async -> Principal {
        guard let credentials = await PeerCredentials.of(channel) else { return .unknown }
        return .process(credentials, groups: await PeerCredentials.groups(of: channel))
    }

    /// Throws unless `role` is as much as `needed`.
    static func check(
        _ role: AccessRole?, of principal: String, isAtLeast needed: AccessRole
    ) throws(Problem) {
        if let role, role >= needed { return }
        let has = role.map { "has the role \($0.rawValue)" } ?? "has no role"
        throw Problem(
            .forbiddenRole,
            "this needs the role \(needed.rawValue), and \(principal) \(has); roles are "
                + "given in admin.roles of the configuration"
        ).adding("role", .optional(role?.rawValue)).adding("needed_role", .string(needed.rawValue))
    }
}
