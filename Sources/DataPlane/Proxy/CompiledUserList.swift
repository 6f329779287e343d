// A list of users, compiled: sorted, found by halving. Read-only, shared by all loops of a worker.

import Model
internal import Passwords

/// Good for as long as the arena it was compiled into.
struct CompiledUserList: BitwiseCopyable {
    private struct User: BitwiseCopyable {
        let name: Bytes
        /// As crypt(5) writes it.
        let hash: Bytes
    }
    private let users: Run<User>
    private let firstAccount: Int

    /// - Parameter firstAccount: the number of the first user among those of all lists.
    init(_ list: UserList, firstAccount: Int, arena: ConfigurationArena) {
        self.firstAccount = firstAccount
        let sorted = list.users.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        users = arena.run(
            sorted.map { User(name: arena.bytes($0.name), hash: arena.bytes($0.hash)) })
    }

    /// Behind those of the configuration one of nobody.
    static func all(_ lists: [UserList], arena: ConfigurationArena) -> [CompiledUserList] {
        var firstAccount = 0
        return (lists + [UserList(name: "", users: [])]).map { list in
            defer { firstAccount += list.users.count }
            return CompiledUserList(list, firstAccount: firstAccount, arena: arena)
        }
    }

    var count: Int { users.count }

    /// A user's number among those of all lists.
    func account(_ place: Int) -> Int { firstAccount &+ place }

    /// By place.
    func name(_ place: Int) -> Bytes { users[place].name }

    /// A copy.
    func hash(_ place: Int) -> PasswordHash {
        let hash = users[place].hash
        return PasswordHash(String(decoding: (0..<hash.count).map { hash[$0] }, as: UTF8.self))
    }

    /// Names are compared byte for byte.
    func place(of name: Bytes) -> Int? {
        var low = 0
        var high = users.count
        while low < high {
            let middle = (low &+ high) / 2
            let found = users[middle].name
            if found.equals(name) { return middle }
            if found.precedes(name) { low = middle &+ 1 } else { high = middle }
        }
        return nil
    }
}

extension Bytes {
    /// In the order of their bytes.
    fileprivate func precedes(_ other: Bytes) -> Bool {
        var index = 0
        while index < count, index < other.count {
            if self[index] != other[index] { return self[index] < other[index] }
            index &+= 1
        }
        return count < other.count
    }
}
