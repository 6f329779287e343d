// `users.NAME`, and `auth:` of a route.

import Model
import Passwords

extension ValueReader {
    /// Name of a user to the hash of the password.
    func userList(_ name: String) -> UserList? {
        guard let fields = mapping() else { return nil }
        let entries = fields.all()
        if entries.isEmpty {
            report(.missingField, "a list has at least one user, such as alice: \"$6$…\"")
        }
        if entries.count > UserList.usersMax {
            report(
                .tooLarge,
                "\(entries.count) users, a list has at most \(UserList.usersMax)")
        }
        let users = entries.compactMap { entry -> UserList.User? in
            guard Self.isUserName(entry.key) else {
                entry.value.report(
                    .invalidValue,
                    "\(ConfigurationLanguage.quoted(entry.key)) names no user: 1 to "
                        + "\(UserList.userNameBytesMax) bytes without : and control characters",
                    at: entry.keyPosition)
                return nil
            }
            return entry.value.passwordHash().map { UserList.User(name: entry.key, hash: $0) }
        }
        return UserList(name: name, users: users)
    }

    private static func isUserName(_ name: String) -> Bool {
        (1...UserList.userNameBytesMax).contains(name.utf8.count)
            && !name.utf8.contains { $0 < 0x20 || $0 == 0x7F || $0 == UInt8(ascii: ":") }
    }

    /// Never repeats what was given: it may be a password.
    private func passwordHash() -> String? {
        guard let text = line(limit: 1_024) else { return nil }
        switch PasswordHash(text).fitness {
        case .good: break
        case .weak:
            report(
                .weakHash,
                "a hash of an old or cheap method is easily tried out: make another with "
                    + "\"openssl passwd -6\"", severity: .warning)
        case .unknown:
            report(
                .invalidValue,
                "must be the hash of a password as crypt(5) writes it, such as $6$…, and never the "
                    + "password: \"openssl passwd -6\" makes one")
            return nil
        }
        return kept(text)
    }

    func authentication() -> Authentication? {
        object { fields -> Authentication? in
            let users = fields.require("users", "the name of a list in users")?.userListName()
            let realm = fields.take("realm")?.realm()
            return users.map {
                Authentication(users: $0, realm: realm ?? Authentication.defaultRealm)
            }
        }?.flatMap { $0 }
    }

    private func userListName() -> String? {
        guard !refusesReference(as: "the name of a list of users"), let name = line() else {
            return nil
        }
        reading.document.userListReferences.append(.init(name: name, value: self))
        return name
    }

    /// Goes between quotes.
    private func realm() -> String? {
        guard let text = line(limit: 128) else { return nil }
        let isVisible = text.utf8.allSatisfy {
            (0x20...0x7E).contains($0) && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\")
        }
        guard isVisible else {
            report(
                .invalidValue,
                "\(quoted(text)) is no realm: visible ASCII without \" and \\ is allowed")
            return nil
        }
        return kept(text)
    }
}

extension ConfigurationReading {
    /// Every list that is named exists, and each is of use.
    func checkUserLists(_ lists: [MappingReader.Entry]) {
        checkNames(
            lists, document.userListReferences.map { ($0.name, $0.value) },
            unknown: { "no list of users is named \($0)" },
            unused: (.unusedUserList, { "no route asks for users \($0)" }))
    }
}
