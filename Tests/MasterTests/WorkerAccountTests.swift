// Whom workers are to run as, from what the configuration says and who the master is.

import Model
import Syscalls
import Testing
import Wire

@testable import Master

@Suite struct WorkerAccountTests {
    private func account(
        _ user: String?, _ group: String? = nil, master: (user: UInt32, group: UInt32) = (0, 0)
    ) throws(MachineFault) -> WorkerAccount? {
        var settings = ProcessSettings()
        settings.user = user
        settings.group = group
        return try WorkerAccount.resolved(
            settings, ownUser: master.user, ownGroup: master.group)
    }

    @Test func aMasterThatIsRootStartsAnybody() throws {
        let nobody = try #require(Accounts.user(named: "nobody"))
        let number = nobody.userID
        let groups = try #require(Accounts.groups(of: nobody, most: 1_024))
        let whole = WorkerAccount(user: number, group: nobody.groupID, groups: groups)
        #expect(try account("nobody") == whole)
        #expect(try account("\(number)") == whole)
        // Exactly the group that is given.
        #expect(try account("nobody", "root") == .init(user: number, group: 0, groups: []))
        #expect(
            try account("4000000", "4000001")
                == .init(user: 4_000_000, group: 4_000_001, groups: []))
        #expect(try account("root", "4000001") == .init(user: 0, group: 4_000_001, groups: []))
    }

    @Test func asTheMasterNothingChanges() throws {
        #expect(try account(nil) == nil)
        #expect(try account("root") == nil)
        #expect(try account("0", "0") == nil)
        #expect(try account("4000000", master: (4_000_000, 5)) == nil)
        #expect(try account("4000000", "5", master: (4_000_000, 5)) == nil)
    }

    @Test(
        arguments: [
            ("nosuchuser", nil, 0, "/process/user", "no user that this machine knows"),
            ("nobody", "nosuchgroup", 0, "/process/group", "no group that this machine knows"),
            ("4000000", nil, 0, "/process/user", "say which \"group\""),
            ("nobody", nil, 4_000_000, "/process/user", "only a master that is root"),
            ("root", nil, 4_000_000, "/process/user", "only a master that is root"),
            ("4000000", "6", 4_000_000, "/process/group", "only a master that is root"),
        ] as [(String, String?, UInt32, String, String)])
    func whatCannotBeIsRefused(
        _ user: String, _ group: String?, _ master: UInt32, _ pointer: String, _ words: String
    ) {
        let fault = #expect(throws: MachineFault.self) {
            try account(user, group, master: (master, master == 0 ? 0 : 5))
        }
        #expect(fault?.pointer == pointer)
        #expect(fault?.what.contains(words) == true)
    }
}
