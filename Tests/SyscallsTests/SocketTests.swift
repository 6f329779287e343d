import Glibc
import Syscalls
import Testing

private func listen() throws -> FileDescriptor {
    let listener = try TCPSocket.bind(.loopback(port: 0))
    try TCPSocket.listen(listener.rawValue, backlog: 128)
    return listener
}

private func connect(to listener: Int32) throws -> FileDescriptor {
    var start = TCPSocket.ConnectStart.inProgress
    return try TCPSocket.connect(to: TCPSocket.localAddress(listener), start: &start)
}

/// What becomes of a connection attempt within a time: nil if nothing does.
private func outcome(of connection: Int32, withinMilliseconds timeout: Int32) throws -> Int32? {
    let epoll = try Epoll()
    let events = EventBuffer(capacity: 1)
    try epoll.add(fd: connection, events: EpollEvents.output, token: 0)
    guard try epoll.wait(into: events, timeoutMilliseconds: timeout) == 1 else { return nil }
    return try TCPSocket.pendingError(connection)
}

private func awaitInput(_ fd: Int32) throws {
    let epoll = try Epoll()
    let events = EventBuffer(capacity: 1)
    try epoll.add(fd: fd, events: EpollEvents.input, token: 0)
    #expect(try epoll.wait(into: events, timeoutMilliseconds: 5000) == 1)
}

@Suite struct TCPSocketTests {
    /// An IPv6 socket that takes IPv4 says so of its clients.
    @Test func anIPv4ClientIsOne() throws {
        var binding = TCPSocket.Binding()
        binding.takesIPv4 = true
        let every = RawSocketAddress(host: .ipv6(high: 0, low: 0), port: 0)
        let listener = try TCPSocket.bind(every, binding)
        try TCPSocket.listen(listener.rawValue, backlog: 8)
        let port = try TCPSocket.localAddress(listener.rawValue).port
        for host in [RawSocketAddress.Host.ipv4(0x7F00_0001), .ipv6(high: 0, low: 1)] {
            var start = TCPSocket.ConnectStart.inProgress
            let address = RawSocketAddress(host: host, port: port)
            let client = try TCPSocket.connect(to: address, start: &start)
            #expect(try outcome(of: client.rawValue, withinMilliseconds: 5000) == 0)
            var peer = RawSocketAddress.loopback(port: 0)
            let result = TCPSocket.acceptRaw(listener.rawValue, peer: &peer)
            #expect(!result.isError)
            FileDescriptor(owning: Int32(result.value)).close()
            #expect(peer.host == host)
        }
        #expect(throws: SystemError.self, "IPv4 has the port, too") {
            _ = try TCPSocket.bind(RawSocketAddress(host: .ipv4(0), port: port))
        }
    }

    @Test func aSocketIsOfOneInterface() throws {
        var binding = TCPSocket.Binding()
        binding.interface = "lo"
        let socket = try TCPSocket.bind(.loopback(port: 0), binding)
        let index = try #require(NetworkInterface.index(named: "lo"))
        #expect(try NetworkInterface.index(of: socket.rawValue) == index)
        let other = try listen()
        #expect(try NetworkInterface.index(of: other.rawValue) == nil)
        #expect(NetworkInterface.index(named: "none0") == nil)
        binding.interface = "none0"
        let error = #expect(throws: SystemError.self) {
            _ = try TCPSocket.bind(.loopback(port: 0), binding)
        }
        #expect(error?.errno == ENODEV)
    }

    @Test func aConnectionIsMadeAndSpokenOver() throws {
        let listener = try listen()
        let client = try connect(to: listener.rawValue)
        #expect(try outcome(of: client.rawValue, withinMilliseconds: 5000) == 0)
        #expect(try ListenerSocket.acceptQueueLength(listener.rawValue) == 1)

        var peer = RawSocketAddress.loopback(port: 0)
        let result = TCPSocket.acceptRaw(listener.rawValue, peer: &peer)
        #expect(!result.isError)
        let server = FileDescriptor(owning: Int32(result.value))
        #expect(isCloseOnExec(server.rawValue))
        #expect(try peer == TCPSocket.localAddress(client.rawValue))
        #expect(try peer == TCPSocket.peerAddress(server.rawValue))
        #expect(TCPSocket.acceptRaw(listener.rawValue, peer: &peer).wouldBlock)
        try TCPSocket.setNoDelay(client.rawValue)
        try TCPSocket.setQuickAcknowledge(client.rawValue, true)

        #expect(SocketIO.peek(server.rawValue).wouldBlock)
        let head: [UInt8] = [1, 2]
        let body: [UInt8] = [3]
        let sent = SocketIO.send(client.rawValue, head.span, then: body.span)
        #expect(sent.value == 3)
        try awaitInput(server.rawValue)
        #expect(SocketIO.peek(server.rawValue).value == 1)
        var room = [UInt8](repeating: 0, count: 8)
        var span = room.mutableSpan
        let received = SocketIO.receive(server.rawValue, into: &span)
        #expect(received.value == 3)
        #expect(room == [1, 2, 3, 0, 0, 0, 0, 0])

        try TCPSocket.shutdown(client.rawValue, .writing)
        try awaitInput(server.rawValue)
        #expect(SocketIO.peek(server.rawValue).isEnd)
        try TCPSocket.resetOnClose(server.rawValue)
        server.close()
        try awaitInput(client.rawValue)
        #expect(SocketIO.peek(client.rawValue).errno == ECONNRESET)
        #expect(SocketIO.send(client.rawValue, head.span).errno == EPIPE)
    }

    @Test func aPortInUseIsAnError() throws {
        let listener = try listen()
        let address = try TCPSocket.localAddress(listener.rawValue)
        #expect(throws: SystemError(call: "bind \(address)", errno: EADDRINUSE)) {
            let second = try TCPSocket.bind(address)
            try TCPSocket.listen(second.rawValue, backlog: 1)
        }
    }

    @Test func bothFamiliesShareAPort() throws {
        let six = try TCPSocket.bind(RawSocketAddress(host: .ipv6(high: 0, low: 0), port: 0))
        let address = try TCPSocket.localAddress(six.rawValue)
        #expect(address.host == .ipv6(high: 0, low: 0) && address.port != 0)
        let four = try TCPSocket.bind(RawSocketAddress(host: .ipv4(0), port: address.port))
        #expect(try ListenerSocket.isListening(four.rawValue) == false)
        try TCPSocket.listen(four.rawValue, backlog: 1)
        #expect(try ListenerSocket.isListening(four.rawValue))
    }

    @Test func addressesReadLikeAddresses() {
        #expect(RawSocketAddress.loopback(port: 80).description == "127.0.0.1:80")
        let six = RawSocketAddress(host: .ipv6(high: 0x2001_0DB8 << 32, low: 1), port: 443)
        #expect(six.description == "[2001:db8:0:0:0:0:0:1]:443")
    }

    @Test func aSocketIsRecognisedThroughEveryDescriptor() throws {
        let listener = try listen()
        let copy = try listener.duplicate()
        let other = try listen()
        let identity = try ListenerSocket.identity(listener.rawValue)
        #expect(try ListenerSocket.identity(copy.rawValue) == identity)
        #expect(try ListenerSocket.identity(other.rawValue) != identity)
        #expect(
            try ListenerSocket.inode(copy.rawValue) == ListenerSocket.inode(listener.rawValue))
    }
}

/// The drain of a listener that is removed: nobody who was let in is turned away.
@Suite struct ListenerDrainTests {
    @Test func queuedConnectionsSurviveAndNewOnesWait() throws {
        let listener = try listen()
        let queued = try connect(to: listener.rawValue)
        #expect(try outcome(of: queued.rawValue, withinMilliseconds: 5000) == 0)

        try ListenerSocket.stopAdvertising(listener.rawValue)
        let late = try connect(to: listener.rawValue)
        #expect(try outcome(of: late.rawValue, withinMilliseconds: 200) == nil)
        #expect(try ListenerSocket.acceptQueueLength(listener.rawValue) == 1)

        // The queued one can be accepted and spoken with, in both directions.
        let accepted = try TCPSocket.accept(listener.rawValue)
        guard let server = (consume accepted)?.takeConnection() else {
            Issue.record("the queued connection is gone")
            return
        }
        let bytes: [UInt8] = [1]
        #expect(SocketIO.send(queued.rawValue, bytes.span).value == 1)
        #expect(SocketIO.send(server.rawValue, bytes.span).value == 1)
        try awaitInput(server.rawValue)
        try awaitInput(queued.rawValue)
        #expect(SocketIO.peek(queued.rawValue).value == 1)
        let isEmpty = isNone(try TCPSocket.accept(listener.rawValue))
        #expect(isEmpty)

        // Its own repetition meets the closed port about a second after the first attempt.
        listener.close()
        #expect(try outcome(of: late.rawValue, withinMilliseconds: 5000) == ECONNREFUSED)
        #expect(SocketIO.peek(server.rawValue).value == 1)
    }

    @Test func advertisingCanBeResumed() throws {
        let listener = try listen()
        try ListenerSocket.stopAdvertising(listener.rawValue)
        let late = try connect(to: listener.rawValue)
        try ListenerSocket.resumeAdvertising(listener.rawValue)
        #expect(try outcome(of: late.rawValue, withinMilliseconds: 5000) == 0)
        #expect(throws: SystemError(call: "setsockopt SO_DETACH_FILTER", errno: ENOENT)) {
            try ListenerSocket.resumeAdvertising(listener.rawValue)
        }
    }
}
