// What a configuration asks of this machine and only it can judge, looked at before anything is started.
// May ask the system's name services, which take their time: never on the loop.

internal import ConfigurationLanguage
internal import Model
internal import Supervisor
internal import Wire

struct MachineCheck: Sendable {
    /// What was open when the master began.
    let passed: SocketActivation.Received
    var directory = AccountDirectory.system

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
            _ = try WorkerAccount.resolved(configuration.process, by: directory)
        } catch {
            faults.append(error)
        }
        return faults + passed.faults(in: configuration)
    }

    /// Whom it names, for a start from it.
    func accounts(of configuration: Configuration) throws(ReloadFailure) -> NamedAccounts {
        let worker: WorkerAccount?
        do throws(MachineFault) {
            worker = try WorkerAccount.resolved(configuration.process, by: directory)
        } catch {
            throw ReloadFailure(error)
        }
        return NamedAccounts(
            worker: worker, socketOwners: try SocketOwner.all(in: configuration, by: directory))
    }

    /// What is lawful and odd in a configuration of that file. Asks nobody.
    func warnings(of configuration: Configuration, file: String) -> [ConfigurationProblem] {
        guard directory.ownUser == 0, configuration.process.user == nil else { return [] }
        return [
            warning(
                .workersAsRoot, "/process", file,
                "workers run as root; name another user for them in process.user, or say root "
                    + "there where it must be so")
        ]
    }

    /// The same, for those who have the time to look every role's account up.
    func roleWarnings(
        of configuration: Configuration, file: String
    ) -> [ConfigurationProblem] {
        let roles = configuration.admin.roles ?? []
        guard !roles.isEmpty,
            let worker = try? WorkerAccount.resolved(configuration.process, by: directory)
        else { return [] }
        return roles.filter { isGranted($0.subject, to: worker) }.map { grant in
            warning(
                .roleOfWorkers, "/admin/roles/\(grant.role.rawValue)", file,
                "\"\(grant.subject.words)\" is whom workers run as: who takes one over has the "
                    + "role, so give workers a user and a group without any")
        }
    }

    private func warning(
        _ code: ConfigurationProblem.Code, _ pointer: String, _ file: String, _ message: String
    ) -> ConfigurationProblem {
        ConfigurationProblem(
            code: code, severity: .warning, file: file, position: nil, pointer: pointer,
            message: message)
    }

    private func isGranted(_ subject: RoleGrant.Subject, to worker: WorkerAccount) -> Bool {
        switch subject {
        case .user(let name):
            return (try? directory.userID(name)) == worker.user
        case .group(let name):
            guard let group = try? directory.groupID(name) else { return false }
            return group == worker.group || worker.groups.contains(group)
        case .certificate:
            return false
        }
    }
}

extension RoleGrant.Subject {
    /// As it is written.
    fileprivate var words: String {
        switch self {
        case .user(let name): "user:\(name)"
        case .group(let name): "group:\(name)"
        case .certificate: "cert:"
        }
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
            code: fault.code == .lookupFailed ? "reload-failed" : "config-invalid",
            detail: "\(subject) \(fault.what)", pointer: fault.pointer)
    }
}
