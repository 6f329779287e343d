import Clock
import Glibc
import Syscalls
import Testing

// Tests that look at which numbers are open run in a process of their own (`processExitsWith`):
// other tests open and close descriptors at the same time.

/// Whether a number is an open descriptor.
func isOpen(_ fd: Int32) -> Bool { fcntl(fd, F_GETFD) >= 0 }

func isCloseOnExec(_ fd: Int32) -> Bool { fcntl(fd, F_GETFD) & FD_CLOEXEC != 0 }

/// Whether there is no value, of a type that `==` cannot be used with.
func isNone<T: ~Copyable>(_ value: borrowing T?) -> Bool {
    switch value {
    case .none: true
    case .some: false
    }
}

/// A name in the directory for temporary files that nobody else uses.
func temporaryPath(_ name: String) -> String {
    let directory = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/var/tmp"
    return "\(directory)/apus-test-\(getpid())-\(name)"
}

@Suite struct SystemErrorTests {
    @Test func itSaysWhatFailed() {
        let error = SystemError(call: "bind", errno: EADDRINUSE)
        #expect(error.description == "bind: Address already in use (EADDRINUSE)")
        #expect(SystemError(call: "x", errno: 9999).description == "x: Unknown error (unknown)")
    }
}

@Suite struct FileDescriptorTests {
    @Test func theOwnerCloses() async {
        await #expect(processExitsWith: .success) {
            let event = try EventDescriptor()
            let original = try FileDescriptor.duplicate(event.rawValue)
            let number = original.rawValue
            let copy = try original.duplicate()
            #expect(isOpen(number) && isCloseOnExec(copy.rawValue))
            original.close()
            #expect(isOpen(copy.rawValue))
            let raw = copy.take()
            #expect(isOpen(raw))
            FileDescriptor(owning: raw).close()
            #expect(!isOpen(raw))
        }
    }

    @Test func aBadNumberIsAnError() {
        #expect(throws: SystemError(call: "dup", errno: EBADF)) {
            _ = try FileDescriptor.duplicate(-1)
        }
    }
}

@Suite struct EpollTests {
    @Test func eventsCarryTheirToken() throws {
        let epoll = try Epoll()
        let events = EventBuffer(capacity: 4)
        let first = try EventDescriptor()
        let second = try EventDescriptor()
        try epoll.add(fd: first.rawValue, events: EpollEvents.input, token: .max)
        try epoll.add(fd: second.rawValue, events: EpollEvents.input, token: 2)
        #expect(try epoll.wait(into: events, timeoutMilliseconds: 0) == 0)

        try first.signal()
        try first.signal()
        #expect(try epoll.wait(into: events, timeoutMilliseconds: 1000) == 1)
        #expect(events.token(0) == .max && events.bits(0) == EpollEvents.input)
        #expect(try first.clear() == 2)
        #expect(try epoll.wait(into: events, timeoutMilliseconds: 0) == 0)

        try epoll.modify(fd: second.rawValue, events: EpollEvents.output, token: 3)
        #expect(try epoll.wait(into: events, timeoutMilliseconds: 0) == 1)
        #expect(events.token(0) == 3 && events.bits(0) == EpollEvents.output)
        try epoll.remove(fd: second.rawValue)
        #expect(throws: SystemError(call: "epoll_ctl delete", errno: ENOENT)) {
            try epoll.remove(fd: second.rawValue)
        }
    }

    @Test func aRegistrationGivesItsDescriptorBack() throws {
        let epoll = try Epoll()
        let events = EventBuffer(capacity: 1)
        let event = try EventDescriptor()
        let shared = try FileDescriptor.duplicate(event.rawValue)
        let registration = try epoll.register(shared, events: EpollEvents.input, token: 1)
        try event.signal()
        #expect(try epoll.wait(into: events, timeoutMilliseconds: 0) == 1)

        let back = try registration.unregister(from: epoll)
        #expect(isOpen(back.rawValue))
        // The other descriptor of the same file is still open and readable: no entry is left.
        back.close()
        #expect(try epoll.wait(into: events, timeoutMilliseconds: 0) == 0)
    }

    @Test func aTimerFiresOnceItsTimeHasCome() throws {
        let epoll = try Epoll()
        let events = EventBuffer(capacity: 1)
        let timer = try TimerDescriptor()
        try epoll.add(fd: timer.rawValue, events: EpollEvents.input, token: 1)
        let deadline = Instant.now() + .milliseconds(20)
        try timer.arm(atNanoseconds: deadline.nanoseconds)
        #expect(try timer.clear() == false)
        #expect(try epoll.wait(into: events, timeoutMilliseconds: 5000) == 1)
        #expect(Instant.now() >= deadline)
        #expect(try timer.clear())
        try timer.arm(atNanoseconds: 0)
        #expect(try epoll.wait(into: events, timeoutMilliseconds: 5000) == 1)
        try timer.disarm()
        #expect(try epoll.wait(into: events, timeoutMilliseconds: 0) == 0)
    }
}

@Suite struct PacketSocketTests {
    @Test func bytesAndDescriptorsArriveTogether() async {
        await #expect(processExitsWith: .success) {
            let pair = try PacketSocket.makePair()
            let event = try EventDescriptor()
            try PacketSocket.send(
                pair.first.rawValue, [1, 2, 3], descriptors: [event.rawValue, event.rawValue])
            try PacketSocket.send(pair.first.rawValue, [4])

            let received = try PacketSocket.receive(
                pair.second.rawValue, maxBytes: 16, maxDescriptors: 2)
            guard let packet = consume received else {
                Issue.record("nothing came")
                return
            }
            #expect(packet.bytes == [1, 2, 3])
            #expect(!packet.bytesTruncated && !packet.descriptorsTruncated && !packet.isEnd)
            var descriptors = packet.takeDescriptors()
            #expect(descriptors.count == 2)
            let kept = descriptors.peek(at: 1) ?? -1
            #expect(isOpen(kept) && isCloseOnExec(kept))
            if let taken = descriptors.take(at: 0) {
                try event.signal()
                #expect(
                    try Files.identity(of: taken.rawValue) == Files.identity(of: event.rawValue))
            } else {
                Issue.record("no descriptor at 0")
            }
            let isGone = isNone(descriptors.take(at: 0)) && isNone(descriptors.take(at: 2))
            #expect(isGone)
            _ = consume descriptors
            #expect(!isOpen(kept))
        }
    }

    @Test func whatDoesNotFitIsClosedAndTold() async {
        await #expect(processExitsWith: .success) {
            let pair = try PacketSocket.makePair()
            let event = try EventDescriptor()
            let before = try Files.openDescriptors().count
            let many = [Int32](repeating: event.rawValue, count: PacketSocket.descriptorCountMax)
            try PacketSocket.send(
                pair.first.rawValue, Array(repeating: 7, count: 100), descriptors: many)
            do {
                let received = try PacketSocket.receive(
                    pair.second.rawValue, maxBytes: 10, maxDescriptors: 3)
                guard let packet = consume received else {
                    Issue.record("nothing came")
                    return
                }
                #expect(packet.bytes.count == 10 && packet.bytesTruncated)
                #expect(packet.descriptors.count == 3 && packet.descriptorsTruncated)
            }
            #expect(try Files.openDescriptors().count < before + 50)
        }
    }

    @Test func tooManyAreNotSent() throws {
        let pair = try PacketSocket.makePair()
        let many = [Int32](repeating: 0, count: PacketSocket.descriptorCountMax + 1)
        #expect(throws: SystemError(call: "sendmsg", errno: EINVAL)) {
            try PacketSocket.send(pair.first.rawValue, [1], descriptors: many)
        }
        #expect(throws: SystemError(call: "sendmsg", errno: EBADF)) {
            try PacketSocket.send(pair.first.rawValue, [1], descriptors: [9999])
        }
    }

    @Test func silenceFullnessAndTheEnd() async {
        await #expect(processExitsWith: .success) {
            let pair = try PacketSocket.makePair()
            let isSilent = isNone(
                try PacketSocket.receive(pair.second.rawValue, maxBytes: 1, maxDescriptors: 0))
            #expect(isSilent)
            #expect(throws: SystemError(call: "sendmsg", errno: EAGAIN)) {
                while true { try PacketSocket.send(pair.first.rawValue, [0]) }
            }
            let second = pair.second.rawValue
            pair.take { first, second in
                first.close()
                var last = -1
                while let packet = try? PacketSocket.receive(
                    second.rawValue, maxBytes: 1, maxDescriptors: 0)
                {
                    last = packet.bytes.count
                    if packet.isEnd { break }
                }
                #expect(last == 0)
                #expect(throws: SystemError(call: "sendmsg", errno: EPIPE)) {
                    try PacketSocket.send(second.rawValue, [0])
                }
            }
            #expect(!isOpen(second))
        }
    }
}
