// The files of unix sockets that we have bound: who may connect, and that none is left behind.
// Confined to the loop, but for names of accounts, which are looked up off it.

internal import Model
internal import Supervisor
internal import Syscalls

/// The numbers of the accounts of `SocketFileAccess`; nil: as it is.
struct SocketOwner: Sendable, Equatable {
    var user: UInt32?
    var group: UInt32?

    /// Of everything that a configuration binds. Asks the system's name services, which may take
    /// their time.
    static func all(
        in configuration: Configuration, by directory: AccountDirectory
    ) throws(ReloadFailure) -> [SocketFileAccess: SocketOwner] {
        var owners: [SocketFileAccess: SocketOwner] = [:]
        for frontend in configuration.frontends {
            for (place, bind) in frontend.bind.enumerated() where owners[bind.access] == nil {
                func failure(_ what: String) -> ReloadFailure {
                    ReloadFailure(
                        code: "listener-bind-failed",
                        detail: "\(bind.address): \(what)",
                        pointer: "/frontends/\(frontend.name)/bind/\(place)")
                }
                var owner = SocketOwner()
                func number(
                    _ kind: String, _ name: String?,
                    _ ask: (String) throws(SystemError) -> UInt32?
                ) throws(ReloadFailure) -> UInt32? {
                    guard let name else { return nil }
                    do throws(SystemError) {
                        if let number = try ask(name) { return number }
                    } catch {
                        throw failure("the \(kind) \(name) could not be looked up: \(error)")
                    }
                    throw failure("this machine knows no \(kind) \(name)")
                }
                owner.user = try number("user", bind.access.user, directory.userID)
                owner.group = try number("group", bind.access.group, directory.groupID)
                owners[bind.access] = owner
            }
        }
        return owners
    }
}

/// One such file. What somebody else has put in its place is not touched.
struct SocketFile {
    let path: String
    private let identity: Files.Identity

    /// Of a socket that was bound just now.
    init(path: String) throws(SystemError) {
        self.path = path
        identity = try Files.identity(ofSocket: path)
    }

    var isThere: Bool { (try? Files.identity(ofSocket: path)) == identity }

    func setMode(_ mode: UInt32) throws(SystemError) {
        try Files.setModeOfSocket(path, mode)
    }

    func setOwner(_ owner: SocketOwner) throws(SystemError) {
        if owner == SocketOwner() { return }
        try Files.setOwner(path, user: owner.user, group: owner.group)
    }

    func remove() {
        if isThere { try? Files.remove(path) }
    }
}
