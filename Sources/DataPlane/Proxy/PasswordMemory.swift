// Passwords that were found right: each is checked the slow way once, and then compared. One for
// each loop, as long as the worker. Only right ones are kept, so that no flood of wrong ones makes
// anybody be checked again. Hot where a route asks for a password.

struct PasswordMemory: ~Copyable {
    private static var slotCount: Int { 256 }
    /// Longer ones are taken for wrong.
    static var passwordBytesMax: Int { 128 }

    private struct Slot {
        /// -1: the slot is free.
        var list = -1
        var user = -1
        var password: [UInt8] = []
    }
    /// Empty until the first one is remembered.
    private var slots: [Slot] = []

    init() {}

    /// Whether that is the user's password, as far as is known. Takes as long wherever they differ.
    func knows(_ list: Int, _ user: Int, _ password: Bytes) -> Bool {
        guard !slots.isEmpty else { return false }
        let place = Self.slot(list, user)
        guard slots[place].list == list, slots[place].user == user,
            slots[place].password.count == password.count
        else { return false }
        var difference: UInt8 = 0
        var index = 0
        while index < password.count {
            difference |= slots[place].password[index] ^ password[index]
            index &+= 1
        }
        return difference == 0
    }

    mutating func remember(_ list: Int, _ user: Int, _ password: Bytes) {
        if slots.isEmpty { slots = Array(repeating: Slot(), count: Self.slotCount) }
        slots[Self.slot(list, user)] = Slot(
            list: list, user: user, password: (0..<password.count).map { password[$0] })
    }

    private static func slot(_ list: Int, _ user: Int) -> Int {
        (list &* 31 &+ user) & (slotCount &- 1)
    }
}
