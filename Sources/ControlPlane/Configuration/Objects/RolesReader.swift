// `admin.roles`: lists of who has which role.

import Model

extension ValueReader {
    /// `{operate: [group:apus-ops, user:deploy], admin: ["cert:CN=root,O=Example"]}`.
    func roleGrants() -> [RoleGrant]? {
        object { fields in
            var grants: [RoleGrant] = []
            for role in AccessRole.allCases {
                guard let list = fields.take(role.rawValue)?.list() else { continue }
                grants += list.compactMap { item in
                    item.grantSubject().map { RoleGrant(role: role, subject: $0) }
                }
            }
            return grants
        }
    }

    private func grantSubject() -> RoleGrant.Subject? {
        guard !refusesReference(as: "who has a role"), let text = line(limit: 1_024) else {
            return nil
        }
        let pieces = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let kind = String(pieces[0])
        let name = pieces.count == 2 ? String(pieces[1]) : ""
        switch kind {
        case "user" where !name.isEmpty: return .user(name)
        case "group" where !name.isEmpty: return .group(name)
        case "cert" where !name.isEmpty: return certificateSubject(name)
        default:
            report(
                .invalidValue,
                "\(quoted(text)) is nobody, must be user:NAME, group:NAME or cert:CN=NAME",
                suggestion: Suggestion.nearest(to: kind, in: ["user", "group", "cert"])
                    .map { "\($0):\(name)" })
            return nil
        }
    }

    /// `CN=deploy,O=Example`; all parts must be in the certificate's subject.
    private func certificateSubject(_ text: String) -> RoleGrant.Subject? {
        var parts: [RoleGrant.CertificatePart] = []
        for piece in text.split(separator: ",", omittingEmptySubsequences: false) {
            let pair = piece.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(pair[0].drop { $0 == " " })
            guard pair.count == 2, !pair[1].isEmpty, !name.isEmpty,
                name.allSatisfy({ $0.isASCII && $0.isLetter })
            else {
                report(
                    .invalidValue,
                    "\(quoted(text)) is no subject, must be parts such as CN=deploy,O=Example")
                return nil
            }
            parts.append(.init(name: name.uppercased(), value: String(pair[1])))
        }
        return .certificate(parts)
    }
}
