// Whom a process is, in processes of their own: there is no way back.

import Glibc
import Testing

@testable import Syscalls

@Suite struct ProcessIdentityTests {
    private static let isRoot: Bool = geteuid() == 0

    @Test(.enabled(if: isRoot, "needs root")) func rootBecomesAnotherForGood() async {
        await #expect(processExitsWith: .success) {
            try ProcessIdentity.become(user: 65_534, group: 65_533, groups: [4, 7])
            try ProcessIdentity.refuseNewPrivileges()
            var groups = [gid_t](repeating: 0, count: 4)
            #expect(unsafe getgroups(4, &groups) == 2 && groups.prefix(2) == [4, 7])
            #expect(getuid() == 65_534 && geteuid() == 65_534 && getgid() == 65_533)
            // The test is not on the main thread, which libdispatch has ended by then.
            let path = "/proc/thread-self/status"
            let status = try String(
                decoding: Files.read(path, maxBytes: 65_536), as: UTF8.self)
            let sets = status.split(separator: "\n").filter { line in
                ["CapInh:", "CapPrm:", "CapEff:", "CapAmb:"].contains { line.hasPrefix($0) }
            }
            #expect(sets.count == 4)
            #expect(sets.allSatisfy { $0.hasSuffix(String(repeating: "0", count: 16)) })
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
        let root = try #require(try Accounts.user(named: "root"))
        #expect(try root == Accounts.user(numbered: 0))
        #expect(root.userID == 0 && root.groupID == 0 && root.name == "root")
        #expect(Accounts.groups(of: root, most: 1_024)?.contains(0) == true)
        #expect(try Accounts.user(named: "no such user") == nil)
        #expect(try Accounts.user(numbered: .max - 7) == nil)
        #expect(try Accounts.groupID(named: "root") == 0)
        #expect(try Accounts.groupID(named: "no such group") == nil)
    }

    /// What a name service may answer, one call after the other.
    @Test(
        arguments: [
            ([0], 7, 0), ([EINTR, EINTR, EINTR, 0], 7, 0), ([ERANGE, EINTR, ERANGE, 0], 7, 0),
            ([ENOENT], nil, 0), ([ESRCH], nil, 0),
            ([EIO], nil, EIO), ([ERANGE, EMFILE], nil, EMFILE), ([ECONNREFUSED], nil, ECONNREFUSED),
            (Array(repeating: ERANGE, count: 20), nil, ERANGE),
            (Array(repeating: EINTR, count: 200), nil, EINTR),
        ] as [([Int32], Int?, Int32)])
    func noAnswerIsNotNobody(_ codes: [Int32], _ found: Int?, _ errno: Int32) {
        var left = codes
        var sizes: [Int] = []
        do throws(SystemError) {
            let answer = try unsafe Accounts.lookUp("call") {
                _, size -> (code: Int32, entry: Int?) in
                sizes.append(size)
                let code = left.removeFirst()
                return (code, code == 0 ? 7 : nil)
            }
            #expect(answer == found && errno == 0)
        } catch {
            #expect(error == SystemError(call: "call", errno: errno))
        }
        #expect(sizes.allSatisfy { $0 <= Accounts.entryBytesMax })
        #expect(sizes.count <= 4 || !codes.contains(ERANGE))
    }
}
