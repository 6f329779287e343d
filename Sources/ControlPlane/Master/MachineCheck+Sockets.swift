// Whether the sockets that a configuration asks for were passed to this master, and can be what it wants
// of them.

internal import ConfigurationLanguage
internal import Model

extension Configuration {
    /// Whether it binds what was open before us.
    var takesPassedSockets: Bool {
        frontends.contains { frontend in
            frontend.bind.contains { if case .passed = $0.address { true } else { false } }
        }
    }
}

extension SocketActivation.Received {
    /// A socket that a configuration takes, and who takes it.
    private struct Taken {
        var socket: InheritedSocket
        var by: String
    }

    /// In the order of the configuration.
    func faults(in configuration: Configuration) -> [MachineFault] {
        guard configuration.takesPassedSockets else { return [] }
        var faults: [MachineFault] = []
        var taken: [Taken] = []
        for frontend in configuration.frontends {
            for (index, bind) in frontend.bind.enumerated() {
                guard case .passed(let wanted) = bind.address else { continue }
                let pointer = "/frontends/\(frontend.name)/bind/\(index)"
                do throws(Refusal) {
                    let socket = try socket(wanted)
                    try check(socket, bind, of: frontend)
                    try checkIsFree(socket, in: configuration, taken)
                    taken.append(Taken(socket: socket, by: "\(wanted) of \(pointer)"))
                } catch {
                    faults.append(
                        MachineFault(
                            pointer: pointer, address: bind.address, code: error.code,
                            what: error.what))
                }
            }
        }
        return faults
    }

    private struct Refusal: Error {
        var code = ConfigurationProblem.Code.invalidValue
        var what: String
    }

    private func socket(_ wanted: PassedSocket) throws(Refusal) -> InheritedSocket {
        let found = sockets.filter { $0.isCalled(wanted) }
        if found.count == 1 { return found[0] }
        switch wanted {
        case .number(let number):
            if let other = sockets.first(where: { $0.name == "\(number)" }) {
                throw Refusal(
                    what: "is no listening socket, but systemd calls one so: take "
                        + "fd:\(other.number)")
            }
            throw Refusal(
                what: others[number]
                    ?? "is no descriptor that was open when this master began: whoever starts it "
                    + "is to pass it, without close-on-exec")
        case .name where found.isEmpty:
            let names = Set(sockets.compactMap(\.name)).sorted().map { "fd:\($0)" }
            throw Refusal(
                what: "is no listening socket that was passed to this master; "
                    + (names.isEmpty
                        ? "none was passed by name" : "there is \(names.joined(separator: ", "))"))
        case .name:
            let numbers = found.map { "fd:\($0.number) (\($0.address))" }
            throw Refusal(
                what: "is the name of \(found.count) sockets, choose one by its number: "
                    + numbers.joined(separator: ", "))
        }
    }

    /// Options that the reader could not judge without the socket.
    private func check(
        _ socket: InheritedSocket, _ bind: Bind, of frontend: Frontend
    ) throws(Refusal) {
        guard case .unix(let address) = socket.address else { return }
        let options = [
            bind.deferAccept.map { _ in "defer_accept" },
            bind.userTimeout.map { _ in "user_timeout" },
            bind.isTransparent ? "transparent" : nil,
        ].compactMap(\.self)
        if let option = options.first {
            throw Refusal(
                code: .conflictingFields,
                what: "is \(address), and \"\(option)\" means nothing to a unix socket")
        }
        if address.isAbstract, frontend.proxyProtocol != nil {
            throw Refusal(
                code: .conflictingFields,
                what: "is \(address), where anybody on this machine may connect and, with "
                    + "\"proxy_protocol\", would be believed")
        }
    }

    private func checkIsFree(
        _ socket: InheritedSocket, in configuration: Configuration, _ taken: [Taken]
    ) throws(Refusal) {
        if let other = taken.first(where: { $0.socket.inode == socket.inode }) {
            throw Refusal(
                code: .duplicateAddress, what: "is the same socket as \(other.by)")
        }
        for frontend in configuration.frontends {
            for (index, bind) in frontend.bind.enumerated() {
                guard let place = bind.places.first(where: socket.overlaps) else {
                    continue
                }
                throw Refusal(
                    code: .duplicateAddress,
                    what: "is bound to \(socket.address), and so is \(place) of "
                        + "/frontends/\(frontend.name)/bind/\(index)")
            }
        }
    }
}
