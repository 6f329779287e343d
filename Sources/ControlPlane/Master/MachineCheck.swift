// What a configuration asks of this machine and only it can judge, looked at before anything is started.
// May ask the system's name services, which take their time: never on the loop.

internal import ConfigurationLanguage
internal import Model
internal import Supervisor
internal import Syscalls
internal import Wire

struct MachineCheck: Sendable {
    /// What was open when the master began.
    let passed: SocketActivation.Received

    /// What is wrong with a configuration that was read, with its place; empty if it may be run here.
    func problems(in report: ConfigurationReport) -> [ConfigurationProblem] {
        guard let configuration = report.configuration else { return [] }
        return faults(in: configuration).compactMap { fault in
            report.machineFields.first { field in
                fault.address.map { $0 == field.address } ?? (field.pointer == fault.pointer)
            }?.problem(fault.code, fault.what)
        }
    }

    /// The same of one whose text is not at hand; the account first, then what is bound, in order.
    func faults(in configuration: Configuration) -> [MachineFault] {
        var faults: [MachineFault] = []
        do throws(MachineFault) {
            _ = try WorkerAccount.resolved(configuration.process)
        } catch {
            faults.append(error)
        }
        return faults + passed.faults(in: configuration)
    }

    /// What is lawful and odd.
    func warnings(of configuration: Configuration) -> [String] {
        guard Accounts.ownUserID == 0, configuration.process.user == nil else { return [] }
        return [
            "workers run as root; name another user for them in process.user, or say root there "
                + "where it must be so"
        ]
    }
}

/// Something that this machine cannot do.
struct MachineFault: Error, Equatable {
    /// Of the field that asks for it.
    var pointer: String
    /// Of an entry of `bind`.
    var address: ListenAddress?
    var code = ConfigurationProblem.Code.invalidValue
    /// Goes behind the value.
    var what: String
}

extension ReloadFailure {
    /// Of a start from a revision whose text was checked before: the machine has changed.
    init(_ fault: MachineFault) {
        let subject = fault.address.map { "\($0)" } ?? fault.pointer
        self.init(
            code: "config-invalid", detail: "\(subject) \(fault.what)", pointer: fault.pointer)
    }
}

extension WorkerAccount {
    /// Whom workers run as; nil: as the master. Asks the system's name services.
    static func resolved(
        _ settings: ProcessSettings, ownUser: UInt32 = Accounts.ownUserID,
        ownGroup: UInt32 = Accounts.ownGroupID
    ) throws(MachineFault) -> WorkerAccount? {
        guard let name = settings.user else { return nil }
        let number = UInt32(name)
        let user = number.map(Accounts.user(numbered:)) ?? Accounts.user(named: name)
        guard let userID = number ?? user?.userID else {
            throw MachineFault(
                pointer: userPointer,
                what:
                    "is no user that this machine knows: name one of \"getent passwd\", or a number"
            )
        }
        let group = try groupNumber(settings.group)
        if userID == ownUser, group == nil || group == ownGroup { return nil }
        guard ownUser == 0 else {
            throw MachineFault(
                pointer: userID == ownUser ? groupPointer : userPointer,
                what:
                    "is not whom the master runs as (user \(ownUser), group \(ownGroup)), and only "
                    + "a master that is root can start workers as somebody else: leave it out, or "
                    + "start the master as root")
        }
        if let group { return WorkerAccount(user: userID, group: group, groups: []) }
        guard let user else {
            throw MachineFault(
                pointer: userPointer,
                what: "is no user's number on this machine, so say which \"group\" it is to have")
        }
        guard let groups = Accounts.groups(of: user, most: groupCountMax) else {
            throw MachineFault(
                pointer: userPointer,
                what: "is in more than \(groupCountMax) groups: say which \"group\" it is to have")
        }
        return WorkerAccount(user: userID, group: user.groupID, groups: groups)
    }

    private static var userPointer: String { "/process/user" }
    private static var groupPointer: String { "/process/group" }

    private static func groupNumber(_ name: String?) throws(MachineFault) -> UInt32? {
        guard let name else { return nil }
        guard let number = UInt32(name) ?? Accounts.groupID(named: name) else {
            throw MachineFault(
                pointer: groupPointer,
                what:
                    "is no group that this machine knows: name one of \"getent group\", or a number"
            )
        }
        return number
    }
}
