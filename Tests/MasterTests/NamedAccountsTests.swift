// What a start is made from while the machine's name services are away.

import Model
import SharedState
import Store
import Supervisor
import Synchronization
import Syscalls
import TestKit
import Testing
import Wire

@testable import Master

@Suite struct NamedAccountsTests {
    /// A directory of one user, which can be away.
    private final class NameService: Sendable {
        let isAway = Atomic(false)
        let questionCount = Atomic(0)

        func ask<Answer>(_ answer: Answer?) throws(SystemError) -> Answer? {
            questionCount.add(1, ordering: .relaxed)
            if isAway.load(ordering: .relaxed) {
                throw SystemError(call: "getpwnam_r", errno: 111)
            }
            return answer
        }

        var directory: AccountDirectory {
            AccountDirectory(
                userNamed: { name throws(SystemError) in
                    try self.ask(
                        name == "web"
                            ? Accounts.User(name: name, userID: 4_001, groupID: 4_002) : nil)
                },
                userNumbered: { _ throws(SystemError) in try self.ask(nil) },
                groupNamed: { name throws(SystemError) in
                    try self.ask(name == "clients" ? 4_003 : nil)
                },
                groups: { user, _ in [user.groupID, 4_004] },
                ownUser: 0, ownGroup: 0, ownGroups: [], capabilities: nil)
        }
    }

    private let folder: TemporaryDirectory
    private let mailbox: Mailbox
    private let service = NameService()

    init() throws {
        folder = try TemporaryDirectory()
        mailbox = try Mailbox()
        try folder.write(
            "apus.yaml",
            """
            version: 1
            process: {user: web}
            log: {access: {to: "off"}}
            frontends:
              f:
                bind: {address: "unix:\(folder.path("web.sock"))", group: clients}
                routes: [{respond: {body: hello}}]
            """)
    }

    /// As a master has it at its start.
    private func life(_ store: Store) throws -> DiskWork {
        try DiskWork(
            store: store, reserved: 64, configurationPath: folder.path("apus.yaml"),
            mailbox: mailbox, traffic: TrafficTable(SharedRegion.create().region),
            machine: MachineCheck(
                passed: SocketActivation.Received(), directory: service.directory)
        ) { Issue.record("\($0)") }
    }

    private func answer() throws -> Mailbox.Message {
        var messages: [Mailbox.Message] = []
        try eventually("an answer") {
            messages += mailbox.take()
            return !messages.isEmpty
        }
        return try #require(messages.first)
    }

    private func validate(_ disk: DiskWork) throws -> Result<ValidRevision, ReloadFailure> {
        disk.validate(reload: "r", origin: nil)
        guard case .validated(_, let result, _) = try answer() else {
            throw SystemError(call: "another answer", errno: 0)
        }
        return result
    }

    private func start(
        _ disk: DiskWork, _ generation: Int, _ plan: GenerationPlan
    ) throws -> Result<GenerationMaterial, ReloadFailure> {
        disk.prepare(generation: generation, plan: plan)
        guard case .prepared(_, let result) = try answer() else {
            throw SystemError(call: "another answer", errno: 0)
        }
        return result
    }

    @Test func whatWasResolvedOnceIsStartedWithoutANameService() throws {
        let store = try Store.open(directory: folder.path)
        let disk = try life(store)
        let plan = try validate(disk).get().plan
        let asked = service.questionCount.load(ordering: .relaxed)
        #expect(asked > 0)
        service.isAway.store(true, ordering: .relaxed)
        for generation in 1...2 {
            let material = try start(disk, generation, plan).get()
            #expect(
                material.account
                    == WorkerAccount(user: 4_001, group: 4_002, groups: [4_002, 4_004]))
            #expect(material.socketOwners.values.map(\.group) == [4_003])
        }
        #expect(service.questionCount.load(ordering: .relaxed) == asked, "nobody was asked")

        // A reload asks, and leaves what is known of the revision that serves.
        guard case .failure(let refusal) = try validate(disk) else {
            Issue.record("a reload that cannot look an account up")
            return
        }
        #expect(refusal.problems.map(\.pointer) == ["/process/user"])
        #expect(refusal.problems.map(\.code) == ["lookup-failed"])
        #expect(try start(disk, 3, plan).get().account?.user == 4_001)
        disk.finish(lastGeneration: 3, atMost: .seconds(5))
    }

    @Test func aRevisionOfAnEarlierLifeIsLookedUpOnce() throws {
        let store = try Store.open(directory: folder.path)
        let plan = try validate(try life(store)).get().plan
        let disk = try life(store)
        service.isAway.store(true, ordering: .relaxed)
        guard case .failure(let failure) = try start(disk, 1, plan) else {
            Issue.record("a start as nobody knows whom")
            return
        }
        #expect(failure.code == "reload-failed" && failure.pointer == "/process/user")
        #expect(failure.detail.contains("could not be looked up (getpwnam_r"))
        service.isAway.store(false, ordering: .relaxed)
        #expect(try start(disk, 2, plan).get().account?.user == 4_001)
        service.isAway.store(true, ordering: .relaxed)
        #expect(try start(disk, 3, plan).get().account?.user == 4_001)
        disk.finish(lastGeneration: 3, atMost: .seconds(5))
    }

    @Test func anOwnerThatCannotBeLookedUpIsNotCalledUnknown() throws {
        try folder.write(
            "apus.yaml",
            """
            version: 1
            process: {user: "4001", group: "4002"}
            frontends:
              f:
                bind: {address: "unix:\(folder.path("web.sock"))", group: clients}
                routes: [{respond: {body: hello}}]
            """)
        let store = try Store.open(directory: folder.path)
        let disk = try life(store)
        service.isAway.store(true, ordering: .relaxed)
        guard case .failure(let failure) = try validate(disk) else {
            Issue.record("a socket of nobody knows whom")
            return
        }
        #expect(failure.code == "listener-bind-failed")
        #expect(failure.detail.contains("the group clients could not be looked up: getpwnam_r"))
        disk.finish(lastGeneration: 0, atMost: .seconds(5))
    }

    @Test(arguments: [
        ("apus-worker", "apus-worker", true), ("apus-worke", "apus-worker", false),
        ("apus-worker-of-", "apus-worker-of-mine", true),
        ("apus-worker-of-mine", "apus-worker-of-mine", false), ("", "apus-worker", false),
    ])
    func theKernelKeeps15BytesOfAName(_ command: String, _ program: String, _ isOne: Bool) {
        #expect(ProcessFacts.isCommand(command, of: program) == isOne)
    }

    @Test func whatAProcessMayDoIsRead() throws {
        let set = try #require(ProcessFacts.ownCapabilities())
        if Accounts.ownUserID != 0 { #expect(set == 0) }
        #expect(set >> 48 == 0)
    }
}
