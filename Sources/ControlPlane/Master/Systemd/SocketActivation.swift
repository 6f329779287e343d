// Listening sockets that were opened before us and passed to us, by systemd (sd_listen_fds(3)), which
// keeps them bound while the service restarts, or by whoever else started us. Taken once at the
// start, before anything of ours listens. Refuses what is not a listening TCP or unix stream socket.

internal import CSystemd
internal import Glibc
internal import Model
internal import Syscalls

/// One such socket. Owns the descriptor for the master's whole life, so that a reload may give the
/// address up and a later one take it again.
final class InheritedSocket: Sendable {
    /// FileDescriptorName= of the socket unit; nil: it was just there, and who wants it asks for it by
    /// its number.
    let name: String?
    /// Of its descriptor.
    let number: Int32
    let address: ListenAddress
    let inode: UInt64
    private let socket: FileDescriptor

    init(name: String?, socket: consuming FileDescriptor) throws(SystemError) {
        self.name = name
        number = socket.rawValue
        address = try ListenAddress(boundTo: socket.rawValue)
        inode = try ListenerSocket.inode(socket.rawValue)
        self.socket = socket
    }

    /// For people: `"http"`, `descriptor 5`.
    var label: String { name.map { "\"\($0)\"" } ?? "descriptor \(number)" }

    /// Whether the place is at this address, or asks for this socket. By its address it is found only
    /// if somebody has passed it by name: any other may be here by accident.
    func has(_ place: ListenPlace) -> Bool {
        switch place.address {
        case .passed(let socket): isCalled(socket)
        case .internet, .unix: name != nil && place.address == address
        }
    }

    func isCalled(_ socket: PassedSocket) -> Bool {
        switch socket {
        case .number(let number): self.number == number
        case .name(let name): self.name == name
        }
    }

    /// Whether not both can be bound.
    func overlaps(_ other: ListenPlace) -> Bool {
        // Those of two interfaces are never in each other's way (ip(7), SO_BINDTODEVICE).
        if let own = try? NetworkInterface.index(of: socket.rawValue), let name = other.interface,
            NetworkInterface.index(named: name) != own
        {
            return false
        }
        var place = ListenPlace(address)
        if case .internet(let address) = address, case .ipv6 = address.host {
            place.takesIPv4 = (try? option(IPPROTO_IPV6, IPV6_V6ONLY)) == 0
        }
        return place.overlaps(other)
    }

    /// A descriptor for a listener; the socket has what one of our own has, or is refused with
    /// the setting of the socket unit that is to be changed. One that was asked for itself is as it is.
    func adopt(for place: ListenPlace) throws(SystemError) -> FileDescriptor {
        if case .passed = place.address { return try duplicate() }
        if case .internet(let address) = address, case .ipv6 = address.host {
            let takesIPv4 = try option(IPPROTO_IPV6, IPV6_V6ONLY) == 0
            if takesIPv4, !place.takesIPv4 {
                throw refusal("takes IPv4 too, set BindIPv6Only=ipv6-only")
            }
            if !takesIPv4, place.takesIPv4 {
                throw refusal("takes no IPv4, set BindIPv6Only=both")
            }
        }
        if case .unix = address { return try duplicate() }
        let interface = try NetworkInterface.index(of: socket.rawValue)
        let wanted = place.interface.flatMap(NetworkInterface.index(named:))
        if let name = place.interface, wanted == nil {
            // One that is bound to none is open to all.
            throw SystemError(call: "bind \(place), interface \(name)", errno: ENODEV)
        }
        if interface != wanted {
            throw refusal("is of another interface, set BindToDevice=\(place.interface ?? "")")
        }
        // Whoever may bind the port with that option gets a part of the connections.
        if try option(SOL_SOCKET, SO_REUSEPORT) != 0 {
            throw refusal("shares its port, set ReusePort=no")
        }
        return try duplicate()
    }

    private func duplicate() throws(SystemError) -> FileDescriptor {
        let flags = fcntl(socket.rawValue, F_GETFL)
        guard flags >= 0, fcntl(socket.rawValue, F_SETFL, flags | O_NONBLOCK) >= 0 else {
            throw SystemError(call: "fcntl", errno: errno)
        }
        return try socket.duplicate()
    }

    private func refusal(_ why: String) -> SystemError {
        SystemError(call: "adopt socket \(label) of systemd, which \(why)", errno: EINVAL)
    }

    private func option(_ level: Int32, _ name: Int32) throws(SystemError) -> Int32 {
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        // SAFETY: the callee writes at most `length` bytes of the word, during the call only.
        guard unsafe getsockopt(socket.rawValue, level, name, &value, &length) == 0 else {
            throw SystemError(call: "getsockopt", errno: errno)
        }
        return value
    }

    private func option(_ level: Int, _ name: Int32) throws(SystemError) -> Int32 {
        try option(Int32(level), name)
    }
}

enum SocketActivation {
    struct Received {
        var sockets: [InheritedSocket] = []
        /// Descriptors that are none of ours, for the log; they are closed.
        var refused: [String] = []
        /// Why other descriptors that were open are no such sockets, by number.
        var others: [Int32: String] = [:]
    }

    /// Takes what LISTEN_FDS, LISTEN_FDNAMES and LISTEN_PID say; nothing if they are for another
    /// process. All become close-on-exec. To be called once, before anything of ours listens.
    ///
    /// - Parameter takesAll: takes every other listening socket of the process, too, which is then
    ///   nobody else's: it has just begun.
    static func receive(takesAll: Bool) -> Received {
        var names: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
        // SAFETY: the callee writes the vector, which we free below; the environment is not
        // changed by it (0) or by anybody else.
        let count = unsafe sd_listen_fds_with_names(0, &names)
        // SAFETY: the vector holds `count` strings, each allocated by malloc(3) like itself.
        defer { unsafe release(names, count: Int(count)) }
        var received = Received()
        for index in 0..<max(0, count) {
            // SAFETY: `index` is below the count of strings.
            let name = unsafe names?[Int(index)].map { unsafe String(cString: $0) } ?? "unknown"
            received.add(
                name: name, FileDescriptor(owning: SD_LISTEN_FDS_START + index))
        }
        if takesAll { received.addOthers() }
        return received
    }

    private static func release(
        _ names: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, count: Int
    ) {
        guard let names = unsafe names else { return }
        // SAFETY: see `receive`; nobody uses the strings any more.
        for index in 0..<max(0, count) { unsafe free(names[index]) }
        unsafe free(names)
    }
}

extension SocketActivation.Received {
    mutating func add(name: String, _ descriptor: consuming FileDescriptor) {
        let number = descriptor.rawValue
        guard sd_is_socket(number, AF_UNSPEC, Int32(SOCK_STREAM.rawValue), 1) > 0,
            let socket = try? InheritedSocket(name: name, socket: descriptor)
        else {
            refused.append("\(name) (descriptor \(number))")
            others[number] = "is no listening stream socket"
            return
        }
        sockets.append(socket)
    }

    /// What has no name. What is no listening socket is left alone.
    mutating func addOthers() {
        let known = Set(sockets.map(\.number)).union(others.keys)
        for number in (try? Files.openDescriptors()) ?? []
        where PassedSocket.numbers.contains(number) && !known.contains(number) {
            let stream = Int32(SOCK_STREAM.rawValue)
            if sd_is_socket(number, AF_UNSPEC, 0, -1) <= 0 {
                others[number] = "is no socket"
            } else if sd_is_socket(number, AF_UNSPEC, stream, -1) <= 0 {
                others[number] = "is no stream socket: UDP, perhaps"
            } else if sd_is_socket(number, AF_UNSPEC, stream, 1) <= 0 {
                others[number] = "is a socket that does not listen"
            } else if (try? ListenAddress(boundTo: number)) == nil {
                others[number] = "is a socket of another family than IPv4, IPv6 and unix"
            } else if fcntl(number, F_SETFD, FD_CLOEXEC) == 0,
                let socket = try? InheritedSocket(
                    name: nil, socket: FileDescriptor(owning: number))
            {
                sockets.append(socket)
            }
        }
    }
}
