// Whom a client certificate names. Pure value, any thread.

import Model
import NIOSSL

struct CertificateSubject: Sendable, Equatable {
    /// From the root of the name to its leaf, as it stands in the certificate. What an attribute
    /// that is not known here says is left out: no rule can name it.
    let parts: [RoleGrant.CertificatePart]

    /// The names that `cert:` in `admin.roles` may use, in upper case.
    static let names: [(type: SSLCertificateNameType, name: String)] = [
        (.commonName, "CN"), (.organization, "O"), (.organizationalUnit, "OU"), (.country, "C"),
        (.state, "ST"), (.city, "L"), (.emailAddress, "EMAILADDRESS"), (.userId, "UID"),
    ]

    init(parts: [RoleGrant.CertificatePart]) {
        self.parts = parts
    }

    init(_ certificate: NIOSSLCertificate) {
        parts = certificate.subjectName.compactMap { part in
            Self.names.first { $0.type == part.type }.map {
                .init(name: $0.name, value: part.value)
            }
        }
    }

    func has(_ wanted: [RoleGrant.CertificatePart]) -> Bool {
        !wanted.isEmpty && wanted.allSatisfy(parts.contains)
    }

    /// The leaf first (RFC 4514 §2.1), with what would be read as something else escaped (§2.4).
    var text: String {
        let text = parts.reversed().map { part in
            let value = part.value.reduce(into: "") { value, character in
                if ",+\"\\<>;=".contains(character) { value.append("\\") }
                value.append(character)
            }
            return "\(part.name)=\(value)"
        }.joined(separator: ",")
        return RequestTrace.shown(text)
    }
}
