// Passwords that were found right: each is compared with its hash once, and then byte by byte. One
// for each loop, filled from what all loops know (`PasswordDesk`); as long as the worker. Only right
// ones are kept, so no flood of wrong ones makes anybody be looked at again. Hot where a route asks
// for a password.

struct PasswordMemory: ~Copyable {
    /// Longer ones are taken for wrong.
    static var passwordBytesMax: Int { 128 }

    /// By account; empty until the first one is remembered.
    private var passwords: [[UInt8]] = []
    private let accountCount: Int

    init(accountCount: Int) {
        self.accountCount = accountCount
    }

    /// Whether that is the account's password, as far as is known here.
    func knows(_ account: Int, _ password: Bytes) -> Bool {
        guard account < passwords.count, !passwords[account].isEmpty else { return false }
        return password.areSecretly(passwords[account])
    }

    mutating func remember(_ account: Int, _ password: Bytes) {
        guard account < accountCount else { return }
        if passwords.isEmpty { passwords = Array(repeating: [], count: accountCount) }
        passwords[account] = password.copied
    }
}

extension Bytes {
    /// A copy, for whoever outlives the event.
    var copied: [UInt8] { (0..<count).map { self[$0] } }

    /// Whether they are those bytes; takes as long wherever they differ.
    func areSecretly(_ other: [UInt8]) -> Bool {
        guard other.count == count else { return false }
        var difference: UInt8 = 0
        var index = 0
        while index < count {
            difference |= other[index] ^ self[index]
            index &+= 1
        }
        return difference == 0
    }
}
