// Whom workers are to run as, from what the configuration says and who the master is.

import ConfigurationLanguage
import Glibc
import Model
import Syscalls
import Testing
import Wire

@testable import Master

@Suite struct WorkerAccountTests {
    private static let everything = UInt64.max

    private func account(
        _ user: String?, _ group: String? = nil, master: (user: UInt32, group: UInt32) = (0, 0),
        groups: [UInt32] = [], capabilities: UInt64? = everything,
        _ change: (inout AccountDirectory) -> Void = { _ in }
    ) throws(MachineFault) -> WorkerAccount? {
        var settings = ProcessSettings()
        settings.user = user
        settings.group = group
        var directory = AccountDirectory.system
        (directory.ownUser, directory.ownGroup) = master
        directory.ownGroups = groups
        directory.capabilities = capabilities
        change(&directory)
        return try WorkerAccount.resolved(settings, by: directory)
    }

    @Test func aMasterThatIsRootStartsAnybody() throws {
        let nobody = try #require(try Accounts.user(named: "nobody"))
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
        #expect(try account("4000000", "5", master: (4_000_000, 5), groups: [5]) == nil)
        // Without a group the master's are kept, whatever they are.
        #expect(try account("root", groups: [0, 4]) == nil)
        #expect(try account("4000000", master: (4_000_000, 5), groups: [4, 5]) == nil)
    }

    @Test func aGroupIsTheOnlyOne() throws {
        let only = WorkerAccount(user: 0, group: 0, groups: [])
        #expect(try account("root", "root", groups: [0]) == nil)
        #expect(try account("root", "root", groups: [0, 4]) == only)
        #expect(try account("root", "root", groups: [4]) == only)
        let fault = #expect(throws: MachineFault.self) {
            try account("4000000", "5", master: (4_000_000, 5), groups: [4, 5, 6])
        }
        #expect(fault?.pointer == "/process/group")
        #expect(fault?.what.contains("(it has 4, 6 as well)") == true)
    }

    @Test(
        arguments: [
            ("nobody", 0b0000_0000, "no SETUID, SETGID, KILL"),
            ("nobody", 0b1100_0000, "no KILL"),
            ("nobody", 0b0010_0000, "no SETUID, SETGID"),
            ("root", 0b1010_0000, "no SETGID"),
            ("nobody", 0b1110_0000, nil),
            ("root", 0b0100_0000, nil),
            ("nobody", nil, nil),
        ] as [(String, UInt64?, String?)])
    func whatTheMasterMayNotDoIsNamed(_ user: String, _ set: UInt64?, _ words: String?) throws {
        do throws(MachineFault) {
            let account = try account(user, "4000001", capabilities: set)
            #expect(account != nil && words == nil)
        } catch {
            #expect(error.pointer == "/process/user")
            #expect(words.map(error.what.contains) == true, "\(error)")
        }
    }

    @Test(
        arguments: [
            ("nobody", nil, "/process/user"), ("65534", nil, "/process/user"),
            ("65534", "nogroup", "/process/group"),
        ] as [(String, String?, String)])
    func aLookupThatFailsIsNoMissingAccount(_ user: String, _ group: String?, _ pointer: String) {
        let fault = #expect(throws: MachineFault.self) {
            try account(user, group) { $0.goAway() }
        }
        #expect(fault?.pointer == pointer && fault?.code == .lookupFailed)
        #expect(fault?.what.hasPrefix("could not be looked up (getpwnam_r") == true)
    }

    @Test func numbersAreNotLookedUp() throws {
        let account = try account("65534", "65533") { $0.goAway() }
        #expect(account == WorkerAccount(user: 65_534, group: 65_533, groups: []))
        #expect(try self.account("4000000", master: (4_000_000, 5)) { $0.goAway() } == nil)
    }

    @Test func whomWorkersRunAsHasNoRole() {
        var configuration = Configuration()
        var directory = AccountDirectory.system
        directory.ownUser = 0
        directory.capabilities = nil
        configuration.process.user = "65534"
        configuration.process.group = "4000001"
        configuration.admin.roles = [
            RoleGrant(role: .read, subject: .user("4000001")),
            RoleGrant(role: .operate, subject: .user("65534")),
            RoleGrant(role: .admin, subject: .group("4000001")),
            RoleGrant(role: .admin, subject: .group("65534")),
        ]
        let machine = MachineCheck(passed: SocketActivation.Received(), directory: directory)
        #expect(machine.warnings(of: configuration, file: "f").isEmpty)
        let warnings = machine.roleWarnings(of: configuration, file: "f")
        #expect(warnings.map(\.pointer) == ["/admin/roles/operate", "/admin/roles/admin"])
        #expect(warnings.allSatisfy { $0.code == .roleOfWorkers && $0.severity == .warning })
        configuration.process = ProcessSettings()
        #expect(
            machine.warnings(of: configuration, file: "f").map(\.code) == [.workersAsRoot])
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

extension AccountDirectory {
    /// As if the machine's name services did not answer.
    mutating func goAway() {
        let failure = SystemError(call: "getpwnam_r", errno: ECONNREFUSED)
        userNamed = { _ throws(SystemError) in throw failure }
        userNumbered = { _ throws(SystemError) in throw failure }
        groupNamed = { _ throws(SystemError) in throw failure }
        groups = { _, _ in nil }
    }
}
