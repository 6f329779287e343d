// The accounts that a configuration names, by number: whom workers run as, who owns unix sockets. Found
// when it is checked and kept with its revision, so that what restarts a worker asks no name service.

internal import ConfigurationLanguage
internal import Model
internal import Supervisor
internal import Syscalls
internal import Wire

struct NamedAccounts: Sendable {
    /// Whom workers run as; nil: as the master.
    var worker: WorkerAccount?
    /// Of the unix sockets that are bound.
    var socketOwners: [SocketFileAccess: SocketOwner]
}

extension WorkerAccount {
    /// Whom workers run as; nil: as the master. Asks the system's name services what is not said in
    /// numbers.
    static func resolved(
        _ settings: ProcessSettings, by directory: AccountDirectory
    ) throws(MachineFault) -> WorkerAccount? {
        guard let name = settings.user else { return nil }
        let number = UInt32(name)
        var user: Accounts.User?
        if number == nil {
            user = try answer(userPointer) { () throws(SystemError) in
                try directory.userNamed(name)
            }
        }
        guard let userID = number ?? user?.userID else {
            throw MachineFault(
                pointer: userPointer,
                what:
                    "is no user that this machine knows: name one of \"getent passwd\", or a number"
            )
        }
        let group = try groupNumber(settings.group, by: directory)
        if directory.isMaster(userID, group) { return nil }
        try directory.checkMayStart(userID, group)
        if let group { return WorkerAccount(user: userID, group: group, groups: []) }
        if user == nil {
            user = try answer(userPointer) { () throws(SystemError) in
                try directory.userNumbered(userID)
            }
        }
        guard let user else {
            throw MachineFault(
                pointer: userPointer,
                what: "is no user's number on this machine, so say which \"group\" it is to have")
        }
        guard let groups = directory.groups(user, groupCountMax) else {
            throw MachineFault(
                pointer: userPointer,
                what: "is in more than \(groupCountMax) groups: say which \"group\" it is to have")
        }
        return WorkerAccount(user: userID, group: user.groupID, groups: groups)
    }

    private static func groupNumber(
        _ name: String?, by directory: AccountDirectory
    ) throws(MachineFault) -> UInt32? {
        guard let name else { return nil }
        let number = try answer(groupPointer) { () throws(SystemError) in
            try directory.groupID(name)
        }
        guard let number else {
            throw MachineFault(
                pointer: groupPointer,
                what:
                    "is no group that this machine knows: name one of \"getent group\", or a number"
            )
        }
        return number
    }

    private static func answer<Answer>(
        _ pointer: String, _ ask: () throws(SystemError) -> Answer
    ) throws(MachineFault) -> Answer {
        do throws(SystemError) {
            return try ask()
        } catch {
            throw MachineFault(
                pointer: pointer, code: .lookupFailed,
                what: "could not be looked up (\(error)): whether there is such an account is not "
                    + "known, try again when the name services of this machine answer")
        }
    }
}

private let userPointer = "/process/user"
private let groupPointer = "/process/group"

extension AccountDirectory {
    /// Whether a worker is that user, and of that group only, if it is started as the master is.
    fileprivate func isMaster(_ user: UInt32, _ group: UInt32?) -> Bool {
        guard user == ownUser else { return false }
        guard let group else { return true }
        return group == ownGroup && ownGroups.allSatisfy { $0 == group }
    }

    /// Throws unless the master can start somebody else than itself.
    fileprivate func checkMayStart(
        _ user: UInt32, _ group: UInt32?
    ) throws(MachineFault) {
        guard ownUser == 0 else {
            if user == ownUser, group == ownGroup {
                let others = ownGroups.filter { $0 != group }.map(String.init)
                throw MachineFault(
                    pointer: groupPointer,
                    what:
                        "is not the master's only group (it has \(others.joined(separator: ", ")) "
                        + "as well), and only a master that is root can take groups from its "
                        + "workers: leave it out, or start the master without them")
            }
            throw MachineFault(
                pointer: user == ownUser ? groupPointer : userPointer,
                what:
                    "is not whom the master runs as (user \(ownUser), group \(ownGroup)), and only "
                    + "a master that is root can start workers as somebody else: leave it out, or "
                    + "start the master as root")
        }
        // Setting groups takes one; another user is out of reach without the others.
        let needed: [Capability] = user == ownUser ? [.setGID] : [.setUID, .setGID, .kill]
        let missing = needed.filter { !has($0) }.map(\.name)
        guard missing.isEmpty else {
            let names = needed.map(\.name).joined(separator: ", ")
            throw MachineFault(
                pointer: userPointer,
                what: "takes a master with the capabilities \(names), and this one has no "
                    + "\(missing.joined(separator: ", ")): give it those, or leave \"user\" out")
        }
    }
}
