// The worker itself: one thread, one poll set, no proxying. A connection is answered with the
// generation's number and closed.

import Clock
import Glibc
import SharedState
import Syscalls
import Wire

final class HostileWorker {
    private static let channel: Int32 = 3
    private let mode: Mode
    private let epoll: Epoll
    /// 0 in a probe.
    private var generation = 0
    private var isPrepared = false
    private var loops: [LoopRecord] = []
    private var listeners: [(id: Int, socket: Int32)] = []
    private var isReleased = false
    private var servingSince: Instant?

    init(_ mode: Mode) {
        self.mode = mode
        do {
            epoll = try Epoll()
            try epoll.add(fd: Self.channel, events: EpollEvents.input, token: 0)
        } catch {
            exit(9)
        }
    }

    func run() -> Never {
        hello()
        let events = EventBuffer(capacity: 16)
        while true {
            let count = (try? epoll.wait(into: events, timeoutMilliseconds: 50)) ?? 0
            for index in 0..<count {
                let token = events.token(index)
                if token == 0 { readChannel() } else { accept(Int32(truncatingIfNeeded: token)) }
            }
            for loop in loops { loop.tick() }
            misbehaveLater()
        }
    }

    // MARK: What it says

    private func hello() {
        let version = mode == .wrongVersion ? "9.9.9" : ApusVersion.current
        // The real one does not wait: its hello carries the generation 0.
        waitForPrepare()
        switch mode {
        case .garbage:
            try? PacketSocket.send(Self.channel, Array("GET / HTTP/1.1\r\n\r\n".utf8))
        case .oversize:
            try? PacketSocket.send(Self.channel, [UInt8](repeating: 7, count: 100_000))
        case .sendDescriptors:
            let copies = (0..<250).compactMap { _ in try? FileDescriptor.duplicate(1).take() }
            send(.hello(.init(version: version, pid: getpid())), descriptors: copies)
        default:
            send(.hello(.init(version: version, pid: getpid())))
        }
        switch mode {
        case .exitInInit:
            print(to: 2, "the certificate \u{1b}[31mcannot be read\nand so we leave")
            exit(7)
        case .crash: raise(SIGSEGV)
        case .hang: raise(SIGSTOP)
        case .refuse:
            send(.refused(.init(code: "no-such-thing", detail: "not today", pointer: "/log")))
            exit(1)
        case .lie: send(.accepting(listenerCount: 1))
        case .slowReady: usleep(400_000)
        case .loud: for line in 0..<100_000 { print(to: 2, "line \(line)") }
        case .flood: while true { send(.ready) }
        case .halfCloseInInit:
            close(Self.channel)
            while true { sleep(1) }
        default: break
        }
        send(.ready)
    }

    private func send(_ message: WorkerMessage, descriptors: [Int32] = []) {
        let spokenFor = mode == .wrongGeneration ? generation + 1 : generation
        guard let packet = try? message.packet(generation: spokenFor) else { exit(9) }
        try? PacketSocket.send(Self.channel, packet.encoded(), descriptors: descriptors)
    }

    private func print(to fd: Int32, _ line: String) {
        try? Files.writeAll(fd, Array("\(line)\n".utf8))
    }

    // MARK: What it hears

    private func waitForPrepare() {
        while !isPrepared {
            readChannel()
            usleep(200)
        }
    }

    private func readChannel() {
        do {
            while let packet = try PacketSocket.receive(
                Self.channel, maxBytes: ControlPacket.bytesMax, maxDescriptors: 64)
            {
                if packet.isEnd { return didLoseMaster() }
                let message = try MasterMessage(ControlPacket.decode(packet.bytes))
                handle(message, packet.takeDescriptors())
            }
        } catch {
            exit(8)
        }
    }

    /// As the real one: it serves on.
    private func didLoseMaster() {
        if servingSince == nil { exit(0) }
        try? epoll.remove(fd: Self.channel)
        signal(SIGUSR1) { _ in exit(0) }
    }

    private func handle(_ message: MasterMessage, _ descriptors: consuming DescriptorList) {
        switch message {
        case .prepare(let order):
            generation = order.generation
            isPrepared = true
            guard let state = descriptors.take(at: 1),
                let region = try? SharedRegion(fd: state.rawValue)
            else { exit(9) }
            loops = (0..<order.threads).compactMap {
                LoopRecord(region, slot: order.sharedStateSlot, loop: $0)
            }
        case .handoff(let manifest):
            for (index, entry) in manifest.entries.enumerated() {
                guard let socket = descriptors.take(at: index)?.take() else { exit(9) }
                listeners.append((entry.listener, socket))
                try? epoll.add(
                    fd: socket, events: EpollEvents.input, token: UInt64(socket))
            }
            if manifest.isLast {
                servingSince = .now()
                send(.accepting(listenerCount: listeners.count + (mode == .miscount ? 1 : 0)))
            }
        case .release(let order): release(order)
        case .attend, .endSessions, .reopenLog: break
        }
    }

    private func release(_ order: MasterMessage.Release) {
        if mode == .neverRelease { return }
        for listener in listeners {
            try? epoll.remove(fd: listener.socket)
            if order.drainAcceptQueueOf.contains(listener.id) { accept(listener.socket) }
            close(listener.socket)
        }
        send(.released(listenerCount: listeners.count))
        listeners = []
        isReleased = true
        if mode == .linger { return }
        send(.drained)
        exit(0)
    }

    private func accept(_ listener: Int32) {
        while let accepted = try? TCPSocket.accept(listener) {
            loops.first?.add(.connectionsAccepted)
            let connection = accepted.takeConnection()
            try? Files.writeAll(connection.rawValue, Array("\(generation)\n".utf8))
        }
    }

    private func misbehaveLater() {
        guard let servingSince, Instant.now() - servingSince > .milliseconds(300) else { return }
        switch mode {
        case .hangServing: raise(SIGSTOP)
        case .halfClose: close(Self.channel)
        default: break
        }
    }
}
