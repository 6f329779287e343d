// Who may do what on the unix socket.

import JSON
import Model
import Supervisor
import TestKit
import Testing

@testable import AdminAPI

struct AccessPolicyTests {
    private static let directory = AccessPolicy.Directory(
        userID: { ["deploy": 1001, "root": 0][$0] ?? UInt32($0) },
        groupID: { ["ops": 2001, "apus": 2002][$0] ?? UInt32($0) }, ownUserID: 900)

    private static func policy(_ grants: [RoleGrant]?) -> AccessPolicy {
        AccessPolicy(grants, directory: directory)
    }

    private static func process(
        _ user: UInt32, _ group: UInt32 = 50_000, _ groups: [UInt32] = []
    ) -> Principal {
        .process(
            PeerCredentials(processID: 1, userID: user, groupID: group), groups: groups)
    }

    @Test func withoutRolesEverybodyWhoMayConnectMayRead() {
        let policy = Self.policy(nil)
        #expect(policy.role(of: Self.process(1234)) == .read)
        #expect(policy.role(of: Self.process(0)) == .admin)
        #expect(policy.role(of: Self.process(900)) == .admin)
        #expect(policy.role(of: .unknown) == nil)
    }

    @Test func withRolesOnlyThoseWhoAreNamedMayAnything() {
        let policy = Self.policy([])
        #expect(policy.role(of: Self.process(1234)) == nil)
        #expect(policy.role(of: Self.process(0)) == .admin)
        #expect(policy.role(of: Self.process(900)) == .admin)
    }

    @Test func theHighestRoleCounts() {
        let policy = Self.policy([
            RoleGrant(role: .read, subject: .group("apus")),
            RoleGrant(role: .operate, subject: .group("ops")),
            RoleGrant(role: .admin, subject: .user("deploy")),
            RoleGrant(role: .operate, subject: .user("77")),
        ])
        #expect(policy.role(of: Self.process(5, 2002)) == .read)
        #expect(policy.role(of: Self.process(5, 1, [9, 2002, 3000])) == .read)
        #expect(policy.role(of: Self.process(5, 2002, [2001])) == .operate)
        #expect(policy.role(of: Self.process(1001, 2002)) == .admin)
        #expect(policy.role(of: Self.process(77)) == .operate)
        #expect(policy.role(of: Self.process(5)) == nil)
        // A user's number is no group's.
        #expect(policy.role(of: Self.process(2001)) == nil)
        #expect(policy.role(of: Self.process(5, 1001)) == nil)
    }

    @Test func whatTheSystemDoesNotKnowGrantsNothingAndIsTold() {
        let policy = Self.policy([
            RoleGrant(role: .admin, subject: .group("nobody-knows")),
            RoleGrant(role: .operate, subject: .user("nobody-knows")),
        ])
        #expect(policy.findings.count == 2)
        #expect(policy.findings.allSatisfy { $0.contains("nobody-knows") })
        #expect(policy.role(of: Self.process(UInt32.max)) == nil)
    }

    @Test func roleOrder() {
        #expect(AccessRole.read < .operate)
        #expect(AccessRole.operate < .admin)
        #expect(AccessRole.allCases == AccessRole.allCases.sorted())
    }

    @Test func theSystemKnowsRoot() throws {
        #expect(try AccessPolicy.Directory.system.userID("root") == 0)
        #expect(try AccessPolicy.Directory.system.groupID("root") == 0)
        #expect(try AccessPolicy.Directory.system.userID("4711") == 4711)
        #expect(try AccessPolicy.Directory.system.userID("no-such-user") == nil)
    }

    @Test func whoCannotBeLookedUpHasNoRoleAndThatIsTold() {
        struct Away: Error {}
        let policy = AccessPolicy(
            [RoleGrant(role: .admin, subject: .user("deploy"))],
            directory: AccessPolicy.Directory(
                userID: { _ in throw Away() }, groupID: { _ in nil }, ownUserID: 900))
        #expect(policy.role(of: Self.process(1001)) == nil)
        #expect(policy.findings.count == 1)
        #expect(policy.findings[0].contains("the user deploy could not be looked up (Away()"))
    }

    /// A worker of another account that has just ended is nobody all the same.
    @Test(
        arguments: [
            (0, 33, 4_711, true), (0, 0, 4_711, true), (900, 900, 4_711, true),
            (900, 33, 4_711, false), (0, 33, 0, false),
        ] as [(UInt32, UInt32, Int32, Bool)])
    func whoIsGoneMayHaveBeenAWorker(_ master: UInt32, _ user: UInt32, _ pid: Int32, _ may: Bool) {
        let peer = PeerCredentials(processID: pid, userID: user, groupID: user)
        #expect(peer.mayHaveBeenWorker(master: master) == may)
    }
}

/// Against a live socket, as other users: needs to be root, as the tests are run.
@Suite(.serialized) struct SocketAccessTests {
    private struct Caller: Sendable, CustomTestStringConvertible {
        var user: Int
        var group: Int
        var groups: [Int] = []

        var testDescription: String { "\(user):\(group) \(groups)" }
    }

    /// The answer to each request, as `{…}200`.
    private static func answers(
        _ admin: AdminInstance, _ caller: Caller, _ requests: [String]
    ) async throws -> [String] {
        let (directory, path) = (admin.directory, admin.socketPath)
        return try await AdminInstance.blocking {
            try requests.map { request in
                let pieces = request.split(separator: " ").map(String.init)
                let groups = caller.groups.map(String.init).joined(separator: ",")
                let supplementary = groups.isEmpty ? ["--clear-groups"] : ["--groups", groups]
                let process = try ChildProcess(
                    "/usr/bin/setpriv",
                    ["--reuid", "\(caller.user)", "--regid", "\(caller.group)"] + supplementary + [
                        "curl", "-s", "-w", "%{http_code}",
                        "--unix-socket", path, "-X", pieces[0], "-H",
                        "Content-Type: application/json", "http://localhost\(pieces[1])",
                    ],
                    name: "curl-\(UInt32.random(in: 0...UInt32.max))", directory: directory)
                _ = try process.waitForEnd()
                return process.output
            }
        }
    }

    private static func statuses(
        _ admin: AdminInstance, _ caller: Caller, _ requests: [String]
    ) async throws -> [Int] {
        try await answers(admin, caller, requests).map { Int($0.suffix(3)) ?? -1 }
    }

    private static let requests = [
        "GET /healthz", "GET /readyz", "GET /v1/status", "POST /v1/reloads",
        "POST /v1/generations/12/terminate", "DELETE /v1/reloads/rl_1", "GET /v1/nowhere",
    ]

    @Test func othersReadUnlessRolesSayMore() async throws {
        let admin = try await AdminInstance(mode: 0o666)
        let nobody = Caller(user: 65_534, group: 65_534)
        #expect(
            try await Self.statuses(admin, nobody, Self.requests)
                == [200, 200, 200, 403, 403, 403, 404])
        #expect(admin.master.triggers.isEmpty && admin.master.terminated.isEmpty)
        await admin.stop()
    }

    @Test func rolesComeFromUsersAndGroups() async throws {
        let admin = try await AdminInstance(
            mode: 0o666,
            roles: [
                RoleGrant(role: .read, subject: .group("42001")),
                RoleGrant(role: .operate, subject: .group("42002")),
                RoleGrant(role: .operate, subject: .user("42003")),
            ])
        let cases: [(Caller, [Int])] = [
            (Caller(user: 65_534, group: 65_534), [200, 200, 403, 403, 403, 403, 403]),
            (Caller(user: 65_534, group: 42_001), [200, 200, 200, 403, 403, 403, 404]),
            (
                Caller(user: 65_534, group: 65_534, groups: [4, 42_001]),
                [200, 200, 200, 403, 403, 403, 404]
            ),
            (
                Caller(user: 65_534, group: 65_534, groups: [0, 42_002, 50_000]),
                [200, 200, 200, 202, 202, 202, 404]
            ),
            (Caller(user: 42_003, group: 65_534), [200, 200, 200, 202, 202, 409, 404]),
        ]
        for (caller, expected) in cases {
            #expect(
                try await Self.statuses(admin, caller, Self.requests) == expected,
                "\(caller.testDescription)")
        }
        #expect(admin.master.triggers.map(\.principal) == ["uid:65534", "uid:42003"])
        await admin.stop()
    }

    @Test func aRefusalSaysWhatIsNeeded() async throws {
        let admin = try await AdminInstance(mode: 0o666, roles: [])
        let answer = try await Self.answers(
            admin, Caller(user: 65_534, group: 65_534), ["POST /v1/reloads"])
        let body = try JSONText.parse(Array(answer[0].utf8.dropLast(3)))
        #expect(body["code"]?.stringValue == "forbidden-role")
        #expect(body["needed_role"]?.stringValue == "operate")
        #expect(body["role"]?.isNull == true)
        await admin.stop()
    }
}
