// What a worker says, packet by packet, held against what it may say at all: framing, its number,
// its pid, its counts, and how much of it. The order of messages is the supervisor's to judge. The
// worker faces the network, so it is treated as taken over. Pure value; the loop's.

internal import Clock
internal import Supervisor
internal import Wire

struct WorkerConversation {
    /// An honest worker sends five packets in its life.
    static let packetsPerSecond = 64
    /// More than a process can have descriptors.
    private static let sessionCountMax = 1 << 30

    /// A packet as it came from the socket.
    struct Arrival {
        var bytes: [UInt8]
        var descriptorCount = 0
        var isTruncated = false
    }
    enum Outcome: Equatable {
        case event(SupervisorEvent)
        case sessionsEnded(SessionOutcome)
        /// In order, and nothing to tell.
        case nothing
        /// Tell once; everything later is `nothing`.
        case violation(String)
    }

    private let worker: WorkerID
    private let pid: Int32
    private let version: String
    private var saidHello = false
    private var isBroken = false
    private var handedCount: Int?
    private var didRelease = false
    private var didDrain = false
    private var isTerminated = false
    /// Orders to end sessions that it has not answered, with how many it may end.
    private var orders: [UInt64: Int] = [:]
    private var allowance = Allowance(perSecond: packetsPerSecond)

    init(worker: WorkerID, pid: Int32, version: String) {
        self.worker = worker
        self.pid = pid
        self.version = version
    }

    /// The master has handed it so many listeners, in all packets of the handoff.
    mutating func didHandOff(listenerCount: Int) {
        handedCount = listenerCount
    }

    /// It was sent SIGTERM: from now on it may skip what lies before its end.
    mutating func didTerminate() {
        isTerminated = true
    }

    /// It was given such an order.
    mutating func didAsk(_ order: SessionOrder) {
        orders[order.id] = order.max
    }

    /// Nothing more is expected of it than its exit.
    var mayCloseChannel: Bool { didDrain || isTerminated }

    mutating func didReceive(_ arrival: Arrival, at now: Instant) -> Outcome {
        if isBroken { return .nothing }
        let outcome = judge(arrival, at: now)
        if case .violation = outcome { isBroken = true }
        return outcome
    }

    private mutating func judge(_ arrival: Arrival, at now: Instant) -> Outcome {
        guard allowance.take(at: now) else {
            return .violation("more than \(Self.packetsPerSecond) packets in a second")
        }
        guard arrival.descriptorCount == 0 else {
            return .violation("sent \(arrival.descriptorCount) descriptors")
        }
        guard !arrival.isTruncated else {
            return .violation("sent a packet of more than \(ControlPacket.bytesMax) bytes")
        }
        do throws(WireError) {
            let packet = try ControlPacket.decode(arrival.bytes)
            // A hello may be sent before `prepare` told the generation.
            let own = UInt64(clamping: worker.generation)
            guard packet.generation == own || (!saidHello && packet.generation == 0) else {
                return .violation("spoke for generation \(packet.generation)")
            }
            return judge(try WorkerMessage(packet))
        } catch {
            return .violation("sent a packet that cannot be read: \(error)")
        }
    }

    private mutating func judge(_ message: WorkerMessage) -> Outcome {
        if case .hello(let hello) = message {
            if saidHello { return .violation("said hello twice") }
            guard hello.pid == pid else { return .violation("said hello as pid \(hello.pid)") }
            guard hello.version == version else {
                return .violation("is of version \(hello.version), the master of \(version)")
            }
            saidHello = true
            return .nothing
        }
        guard saidHello else { return .violation("spoke before it said hello") }
        switch message {
        case .hello: return .nothing
        case .ready: return .event(.workerReady(worker))
        case .refused(let refusal):
            return .event(
                .workerRefused(
                    worker,
                    ReloadFailure(
                        code: "worker-refused", detail: "\(refusal.code): \(refusal.detail)",
                        pointer: refusal.pointer)))
        case .accepting(let count):
            guard count == handedCount else {
                return .violation("accepts from \(count) listeners, was handed \(handed)")
            }
            return .event(.workerAccepting(worker))
        case .released(let count):
            guard count == handedCount ?? 0 else {
                return .violation("released \(count) listeners, was handed \(handed)")
            }
            didRelease = true
            return .event(.workerReleased(worker))
        case .sessionsEnded(let outcome): return judge(outcome)
        case .drained:
            didDrain = true
            if isTerminated && !didRelease { return .nothing }
            return .event(.workerDrained(worker))
        }
    }

    private mutating func judge(_ outcome: SessionOutcome) -> Outcome {
        guard let most = orders.removeValue(forKey: outcome.id) else {
            return .violation("answered an order that it was not given")
        }
        guard outcome.matched >= outcome.ended, (0...most).contains(outcome.ended),
            outcome.matched <= Self.sessionCountMax
        else {
            return .violation("ended \(outcome.ended) of \(outcome.matched) sessions")
        }
        // As many answers as the master wants.
        allowance.giveBack()
        return .sessionsEnded(outcome)
    }

    private var handed: String { handedCount.map { "\($0)" } ?? "none" }
}
