import Glibc
import Syscalls
import Testing

private func shell(
    _ script: String, descriptors: [ChildProcess.Mapping] = [], environment: [String] = []
) throws(SystemError) -> ProcessDescriptor {
    try ChildProcess.spawn(
        .init(
            path: "/bin/sh", arguments: ["sh", "-c", script], environment: environment,
            descriptors: descriptors))
}

/// What a script writes to its standard output, to its end.
private func output(
    of script: String, extra: [ChildProcess.Mapping] = [], environment: [String] = []
) throws -> String {
    let file = try Files.openAppend(temporaryPath("output-\(UInt64.random(in: 0 ... .max))"))
    let path = "/proc/self/fd/\(file.rawValue)"
    let child = try shell(
        script, descriptors: extra + [.init(file.rawValue, as: 1)], environment: environment)
    #expect(try child.waitUntilEnd() == .code(0))
    let text = String(decoding: try Files.read(path, maxBytes: 65_536), as: UTF8.self)
    var name = [CChar](repeating: 0, count: 256)
    let length = unsafe readlink(path, &name, 255)
    if length > 0 {
        try Files.remove(String(decoding: name.prefix(length).map(UInt8.init), as: UTF8.self))
    }
    return text
}

@Suite struct ChildProcessTests {
    @Test func theChildHasExactlyItsDescriptors() throws {
        // Neither is close-on-exec, and neither is named in the map.
        let leaks = [dup(0), fcntl(0, F_DUPFD, 500)]
        defer { for leak in leaks { close(leak) } }
        let event = try EventDescriptor()
        let timer = try TimerDescriptor()
        let listing = try output(
            of: "exec ls -l /proc/self/fd",
            extra: [.init(event.rawValue, as: 4), .init(timer.rawValue, as: 700)])
        let numbers = listing.split(separator: "\n").dropFirst().compactMap { line in
            line.split(separator: " ").dropLast(2).last.flatMap { Int($0) }
        }
        // 3 is the directory that ls itself reads.
        #expect(numbers.sorted() == [0, 1, 2, 3, 4, 700])
        #expect(listing.contains("0 -> /dev/null"))
        #expect(listing.contains("2 -> /dev/null"))
        #expect(listing.contains("4 -> anon_inode:[eventfd]"))
        #expect(listing.contains("700 -> anon_inode:[timerfd]"))
    }

    @Test func sourcesAndTargetsMayCross() throws {
        let pair = try PacketSocket.makePair()
        let (first, second) = (pair.first.rawValue, pair.second.rawValue)
        let expected = try (ListenerSocket.inode(first), ListenerSocket.inode(second))
        let listing = try output(
            of: "readlink /proc/self/fd/\(first) /proc/self/fd/\(second)",
            extra: [.init(first, as: second), .init(second, as: first)])
        #expect(listing == "socket:[\(expected.1)]\nsocket:[\(expected.0)]\n")
    }

    @Test func theEnvironmentIsWhatWasGiven() throws {
        #expect(try output(of: "exec /usr/bin/env", environment: ["A=b c"]).contains("A=b c\n"))
        #expect(try !output(of: "exec /usr/bin/env").contains("HOME="))
    }

    @Test func aMissingProgramIsToldAtOnce() async {
        await #expect(processExitsWith: .success) {
            let before = try Files.openDescriptors().count
            for _ in 0..<100 {
                #expect(throws: SystemError(call: "execve /nowhere/worker", errno: ENOENT)) {
                    _ = try ChildProcess.spawn(.init(path: "/nowhere/worker", arguments: ["x"]))
                }
                #expect(throws: SystemError(call: "execve /etc/passwd", errno: EACCES)) {
                    _ = try ChildProcess.spawn(.init(path: "/etc/passwd", arguments: ["x"]))
                }
                #expect(throws: SystemError(call: "dup", errno: EBADF)) {
                    _ = try shell("exit 0", descriptors: [.init(9999, as: 3)])
                }
            }
            for bad in [[ChildProcess.Mapping(0, as: -1)], [.init(0, as: 3), .init(1, as: 3)]] {
                #expect(throws: SystemError(call: "spawn", errno: EINVAL)) {
                    _ = try shell("exit 0", descriptors: bad)
                }
            }
            // The test library itself opens a few.
            #expect(try Files.openDescriptors().count < before + 50)
            // No child is left over to be reaped.
            #expect(waitpid(-1, nil, WNOHANG) == -1)
        }
    }

    @Test func theLimitOfDescriptorsIsAnError() async {
        await #expect(processExitsWith: .success) {
            var limit = rlimit()
            #expect(unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
            var low = limit
            low.rlim_cur = 1
            #expect(unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &low) == 0)
            var failure: SystemError?
            do throws(SystemError) {
                _ = try shell("exit 0")
            } catch {
                failure = error
            }
            #expect(unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
            #expect(failure == SystemError(call: "clone", errno: EMFILE))
            #expect(waitpid(-1, nil, WNOHANG) == -1)
        }
    }

    @Test func endsAreReaped() throws {
        let leaver = try shell("exit 7")
        let epoll = try Epoll()
        let events = EventBuffer(capacity: 1)
        try epoll.add(fd: leaver.rawValue, events: EpollEvents.input, token: 0)
        #expect(try epoll.wait(into: events, timeoutMilliseconds: 5000) == 1)
        #expect(try leaver.reap() == .code(7))
        #expect(throws: SystemError(call: "waitid", errno: ECHILD)) { try leaver.reap() }

        let sleeper = try shell("exec sleep 60")
        #expect(try sleeper.reap() == nil)
        try sleeper.send(signal: SIGKILL)
        #expect(try sleeper.waitUntilEnd() == .signal(SIGKILL, coreDumped: false))
        #expect(throws: SystemError(call: "pidfd_send_signal", errno: ESRCH)) {
            try sleeper.send(signal: 0)
        }
    }

    @Test func theChildsSignalsAreAtTheirDefaults() async {
        await #expect(processExitsWith: .success) {
            try SignalDescriptor.ignore(SIGPIPE)
            let signals = try SignalDescriptor(blocking: [SIGUSR2])
            let status = try output(of: "exec cat /proc/self/status")
            let masks = ["SigBlk", "SigIgn", "SigCgt"].map { name in
                status.split(separator: "\n").first { $0.hasPrefix(name) }?
                    .split(separator: "\t").last.flatMap { UInt64($0, radix: 16) }
            }
            // Signals 32 and 33 are glibc's own, which it does not let anyone touch.
            let ownSignals: UInt64 = 0x1_8000_0000
            #expect(masks.map { $0.map { $0 & ~ownSignals } } == [0, 0, 0])

            #expect(try signals.next() == nil)
            #expect(pthread_kill(pthread_self(), SIGUSR2) == 0)
            #expect(try signals.next() == .init(signal: SIGUSR2, senderPID: getpid()))
        }
    }
}
