// Listening sockets that were opened before us and passed to us (sd_listen_fds(3)): systemd keeps
// them bound while the service restarts. Taken once at the start, before any other thread runs;
// then confined to the loop. Refuses what is not a listening TCP or unix stream socket.

internal import CSystemd
internal import Glibc
internal import Model
internal import Syscalls

/// One such socket. Owns the descriptor for the master's whole life, so that a reload may give the
/// address up and a later one take it again.
final class InheritedSocket {
    /// FileDescriptorName= of the socket unit.
    let name: String
    let address: ListenAddress
    let inode: UInt64
    private let socket: FileDescriptor

    init(name: String, socket: consuming FileDescriptor) throws(SystemError) {
        self.name = name
        address = try ListenAddress(boundTo: socket.rawValue)
        inode = try ListenerSocket.inode(socket.rawValue)
        self.socket = socket
    }

    /// Whether the place is at this address.
    func has(_ place: ListenPlace) -> Bool { place.address == address }

    /// As far as it is known here: by any interface.
    var place: ListenPlace { ListenPlace(address) }

    /// A descriptor for a listener; the socket has what one of our own has, or is refused with
    /// the setting of the socket unit that is to be changed.
    func adopt(for place: ListenPlace) throws(SystemError) -> FileDescriptor {
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
        SystemError(call: "adopt socket \"\(name)\" of systemd, which \(why)", errno: EINVAL)
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
    }

    /// Takes what LISTEN_FDS, LISTEN_FDNAMES and LISTEN_PID say; nothing if they are for another
    /// process. All become close-on-exec. To be called once.
    static func receive() -> Received {
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
            return
        }
        sockets.append(socket)
    }
}
