// One worker as a process: its pidfd, its control channel, its standard error. Owns the
// descriptors; refuses to wait for the worker in any call. Confined to the loop. The counterpart
// in the worker: module DataPlane, folder Worker.

internal import Clock
internal import Glibc
internal import Supervisor
internal import Syscalls
internal import Wire

final class WorkerProcess {
    /// Read at one wake-up, at most: the rest comes at the next, after others had their turn.
    static let packetsPerWake = 16
    static let outputBytesPerWake = 16_384
    /// How long a worker may live without its channel: an exit closes it a moment before the
    /// kernel reports the end.
    static let closedChannelGrace: Duration = .milliseconds(200)

    let id: WorkerID
    let serial: UInt32
    let startedAt: Instant
    let sharedStateSlot: Int
    var conversation: WorkerConversation
    private(set) var tail = OutputTail()
    /// Set when the worker has closed its end.
    private(set) var channelClosedAt: Instant?
    /// Its living on without a channel was told.
    var isMuteReported = false
    private let process: ProcessDescriptor
    private var channel: FileDescriptor?
    private var output: FileDescriptor?

    /// Starts the program. It gets: 0 nothing, 1 and 2 a pipe of ours, 3 the control channel.
    init(
        id: WorkerID, serial: UInt32, program: String, version: String, account: WorkerAccount?,
        sharedStateSlot: Int, at now: Instant
    ) throws(SystemError) {
        let pair = try PacketSocket.makePair()
        let pipe = try BytePipe()
        process = try ChildProcess.spawn(
            ChildProcess.Request(
                path: program, arguments: ["apus-worker"] + (account.map { [$0.argument] } ?? []),
                environment: ["SWIFT_BACKTRACE=enable=no"],
                descriptors: [
                    ChildProcess.Mapping(pipe.writer.rawValue, as: 1),
                    ChildProcess.Mapping(pipe.writer.rawValue, as: 2),
                    ChildProcess.Mapping(pair.second.rawValue, as: 3),
                ], newProcessGroup: true))
        self.id = id
        self.serial = serial
        self.sharedStateSlot = sharedStateSlot
        startedAt = now
        conversation = WorkerConversation(worker: id, pid: process.pid, version: version)
        channel = pair.takeFirst()
        output = pipe.takeReader()
    }

    /// It lives on without a channel: the master can tell it nothing any more.
    func isMute(at now: Instant) -> Bool {
        guard let channelClosedAt, !conversation.mayCloseChannel else { return false }
        return now - channelClosedAt >= Self.closedChannelGrace
    }

    var pid: Int32 { process.pid }
    var processRawValue: Int32 { process.rawValue }
    /// Nil once the worker has closed it, or `closeChannel`.
    var channelRawValue: Int32? { channel?.rawValue }
    var outputRawValue: Int32? { output?.rawValue }

    /// Sends one message, whole or not at all. EAGAIN: the worker does not read, also when it was
    /// given time for it.
    func send(
        _ message: MasterMessage, descriptors: [Int32] = [], before deadline: Instant? = nil
    ) throws(WorkerSendError) {
        guard let channelRawValue else {
            throw .system(SystemError(call: "sendmsg", errno: EPIPE))
        }
        let packet: ControlPacket
        do { packet = try message.packet(generation: id.generation) } catch {
            throw .message("\(error)")
        }
        let bytes = packet.encoded()
        guard bytes.count <= ControlPacket.bytesMax else {
            throw .message("a packet of \(bytes.count) bytes")
        }
        while true {
            do throws(SystemError) {
                return try PacketSocket.send(channelRawValue, bytes, descriptors: descriptors)
            } catch {
                let rest = deadline.map { ($0 - .now()).timeoutMilliseconds } ?? 0
                guard error.errno == EAGAIN, rest > 0,
                    (try? PacketSocket.waitForRoom(channelRawValue, milliseconds: rest)) != nil
                else { throw .system(error) }
            }
        }
    }

    /// A worker that is gone is signalled in vain, which is as good.
    func send(signal: Int32) throws(SystemError) {
        do throws(SystemError) {
            try process.send(signal: signal)
        } catch  where error.errno == ESRCH {}
    }

    func reap() -> ExitStatus? {
        // An error of waitid(2) on a child's own pidfd cannot be, but must not hang the loop.
        do { return try process.reap() } catch { return .code(255) }
    }

    /// Takes what the worker has said, a bounded part of it.
    func receive(at now: Instant) -> [WorkerConversation.Outcome] {
        var outcomes: [WorkerConversation.Outcome] = []
        for _ in 0..<Self.packetsPerWake {
            guard let channelRawValue else { break }
            do throws(SystemError) {
                guard
                    let packet = try PacketSocket.receive(
                        channelRawValue, maxBytes: ControlPacket.bytesMax,
                        maxDescriptors: PacketSocket.descriptorCountMax)
                else { break }
                if packet.isEnd {
                    channelClosedAt = now
                    break
                }
                let arrival = WorkerConversation.Arrival(
                    bytes: packet.bytes,
                    descriptorCount: packet.descriptorsTruncated
                        ? max(1, packet.descriptors.count) : packet.descriptors.count,
                    isTruncated: packet.bytesTruncated)
                outcomes.append(conversation.didReceive(arrival, at: now))
            } catch {
                // ECONNRESET: the other end is closed, with something of ours unread in it.
                channelClosedAt = now
                break
            }
        }
        return outcomes
    }

    func closeChannel() { channel = nil }

    /// Takes what the worker has printed, a bounded part of it; nil once the pipe has ended.
    func readOutput(at now: Instant) -> OutputTail.Output? {
        guard let outputRawValue else { return nil }
        do {
            guard
                let bytes = try BytePipe.read(
                    outputRawValue, maxBytes: Self.outputBytesPerWake)
            else { return OutputTail.Output() }
            return bytes.isEmpty ? nil : tail.append(bytes, at: now)
        } catch {
            return nil
        }
    }

    func closeOutput(at now: Instant) -> OutputTail.Output {
        output = nil
        return tail.finish(at: now)
    }
}

/// Why a message did not reach a worker.
enum WorkerSendError: Error, CustomStringConvertible {
    case system(SystemError)
    /// It cannot be put into a packet: our fault.
    case message(String)

    var description: String {
        switch self {
        case .system(let error): "\(error)"
        case .message(let text): text
        }
    }
}
