// Whom a process is, in processes of their own: there is no way back.

import Glibc
import Syscalls
import Testing

@Suite struct ProcessIdentityTests {
    private static let isRoot: Bool = geteuid() == 0

    @Test(.enabled(if: isRoot, "needs root")) func rootBecomesAnotherForGood() async {
        await #expect(processExitsWith: .success) {
            try ProcessIdentity.become(user: 65_534, group: 65_533, groups: [4, 7])
            try ProcessIdentity.refuseNewPrivileges()
            var groups = [gid_t](repeating: 0, count: 4)
            #expect(unsafe getgroups(4, &groups) == 2 && groups.prefix(2) == [4, 7])
            #expect(getuid() == 65_534 && geteuid() == 65_534 && getgid() == 65_533)
            #expect(seteuid(0) == -1 && setuid(0) == -1 && setegid(0) == -1)
            #expect(throws: SystemError(call: "setgroups", errno: EPERM)) {
                try ProcessIdentity.become(user: 65_534, group: 65_533, groups: [])
            }
        }
    }

    @Test(arguments: [(UInt32.max, UInt32(1)), (1, .max)])
    func whatStandsForNoneIsRefused(_ user: UInt32, _ group: UInt32) {
        #expect(throws: SystemError(call: "setresuid", errno: EINVAL)) {
            try ProcessIdentity.become(user: user, group: group, groups: [])
        }
    }

    @Test func accountsAreFoundByNameAndNumber() throws {
        let root = try #require(Accounts.user(named: "root"))
        #expect(root == Accounts.user(numbered: 0))
        #expect(root.userID == 0 && root.groupID == 0 && root.name == "root")
        #expect(Accounts.groups(of: root, most: 1_024)?.contains(0) == true)
        #expect(Accounts.user(named: "no such user") == nil)
        #expect(Accounts.user(numbered: .max - 7) == nil)
    }
}
