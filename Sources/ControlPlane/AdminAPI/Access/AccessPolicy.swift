// Who has which role: `admin.roles` with its names made numbers. Deny by default: a name that the
// system does not know grants nothing. Made once, at start; pure afterwards, any thread.

import Model
import Syscalls

struct AccessPolicy: Sendable {
    /// What a name stands for. Tests give their own.
    struct Directory: Sendable {
        var userID: @Sendable (String) throws -> UInt32?
        var groupID: @Sendable (String) throws -> UInt32?
        var ownUserID: UInt32

        /// The system's account database.
        static let system = Directory(
            userID: { name in try UInt32(name) ?? Accounts.userID(named: name) },
            groupID: { name in try UInt32(name) ?? Accounts.groupID(named: name) },
            ownUserID: Accounts.ownUserID)
    }

    private struct Rule {
        enum Subject {
            case user(UInt32)
            case group(UInt32)
            case certificate([RoleGrant.CertificatePart])
        }

        var role: AccessRole
        var subject: Subject
    }

    private let rules: [Rule]
    private let ownUserID: UInt32
    /// Of everybody whom the socket's mode lets in.
    private let socketRole: AccessRole?
    /// For the operator: what grants nothing, and why.
    let findings: [String]

    /// - Parameter grants: nil where the configuration has no `admin.roles`.
    init(_ grants: [RoleGrant]?, directory: Directory = .system) {
        var rules: [Rule] = []
        var findings: [String] = []
        for grant in grants ?? [] {
            switch grant.subject {
            case .user(let name):
                switch Self.answer(directory.userID, "user", name, grant.role) {
                case .success(let id): rules.append(Rule(role: grant.role, subject: .user(id)))
                case .failure(let finding): findings.append(finding.text)
                }
            case .group(let name):
                switch Self.answer(directory.groupID, "group", name, grant.role) {
                case .success(let id): rules.append(Rule(role: grant.role, subject: .group(id)))
                case .failure(let finding): findings.append(finding.text)
                }
            case .certificate(let parts):
                for part in parts
                where !CertificateSubject.names.contains(where: { known in
                    known.name == part.name
                }) {
                    findings.append(
                        "admin.roles.\(grant.role.rawValue): no certificate is looked at for "
                            + "\(part.name), so nobody has the role by it")
                }
                rules.append(Rule(role: grant.role, subject: .certificate(parts)))
            }
        }
        self.rules = rules
        self.findings = findings
        ownUserID = directory.ownUserID
        socketRole = grants == nil ? .read : nil
    }

    /// The highest role of whoever asks; nil for none.
    func role(of principal: Principal) -> AccessRole? {
        switch principal {
        case .process(let peer, let groups):
            if peer.userID == 0 || peer.userID == ownUserID { return .admin }
            let granted = rules.filter { rule in
                switch rule.subject {
                case .user(let id): id == peer.userID
                case .group(let id): id == peer.groupID || groups.contains(id)
                case .certificate: false
                }
            }
            return granted.map(\.role).max() ?? socketRole
        case .token(let token, _):
            return token.role
        case .certificate(let subject, _):
            let granted = rules.filter { rule in
                if case .certificate(let parts) = rule.subject { subject.has(parts) } else { false }
            }
            return granted.map(\.role).max()
        case .stranger, .unknown:
            return nil
        }
    }

    /// Why a line grants nothing.
    private struct Finding: Error {
        var text: String
    }

    private static func answer(
        _ ask: (String) throws -> UInt32?, _ kind: String, _ name: String, _ role: AccessRole
    ) -> Result<UInt32, Finding> {
        let field = "admin.roles.\(role.rawValue)"
        do {
            if let id = try ask(name) { return .success(id) }
            return .failure(
                Finding(
                    text: "\(field): this system knows no \(kind) named \(name), so nobody has the "
                        + "role by it; create the \(kind) and restart the master"))
        } catch {
            return .failure(
                Finding(
                    text:
                        "\(field): the \(kind) \(name) could not be looked up (\(error)), so nobody "
                        + "has the role by it; restart the master once that is mended"))
        }
    }
}
