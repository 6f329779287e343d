import Clock
import Supervisor
import Testing
import Wire

@testable import Master

@Suite struct WorkerConversationTests {
    static let worker = WorkerID(generation: 7, index: 1)
    static let now = Instant(nanoseconds: 10_000_000_000)

    @Test func anHonestLife() throws {
        var conversation = Self.begun
        #expect(try say(.ready, to: &conversation) == .event(.workerReady(Self.worker)))
        conversation.didHandOff(listenerCount: 3)
        #expect(
            try say(.accepting(listenerCount: 3), to: &conversation)
                == .event(.workerAccepting(Self.worker)))
        #expect(
            try say(.released(listenerCount: 3), to: &conversation)
                == .event(.workerReleased(Self.worker)))
        #expect(try say(.drained, to: &conversation) == .event(.workerDrained(Self.worker)))
        #expect(conversation.mayCloseChannel)
    }

    @Test(arguments: [
        WorkerMessage.accepting(listenerCount: 0), .released(listenerCount: 1),
        .hello(.init(version: "1", pid: 42)),
    ]) func untrueAfterHello(_ message: WorkerMessage) throws {
        var conversation = Self.begun
        #expect(isViolation(try say(message, to: &conversation)))
    }

    @Test(arguments: [WorkerMessage.accepting(listenerCount: 2), .released(listenerCount: 4)])
    func miscountedAfterHandoff(_ message: WorkerMessage) throws {
        var conversation = Self.begun
        conversation.didHandOff(listenerCount: 3)
        #expect(isViolation(try say(message, to: &conversation)))
    }

    @Test(arguments: [
        WorkerMessage.ready, .hello(.init(version: "2", pid: 42)),
        .hello(.init(version: "1", pid: 43)),
    ]) func untrueAsFirst(_ message: WorkerMessage) throws {
        var conversation = WorkerConversation(worker: Self.worker, pid: 42, version: "1")
        #expect(isViolation(try say(message, to: &conversation)))
    }

    @Test(arguments: [0, 6, 8, Int.max]) func generationIsItsOwn(_ generation: Int) throws {
        var conversation = Self.begun
        #expect(isViolation(try say(.ready, to: &conversation, generation: generation)))
    }

    @Test(arguments: [
        WorkerConversation.Arrival(bytes: []),
        .init(bytes: Array("GET / HTTP/1.1\r\n\r\n".utf8)),
        .init(bytes: [UInt8](repeating: 0, count: 16)),
        .init(bytes: [0x41, 0x50, 0x55, 0x53, 1, 0, 99, 0, 7, 0, 0, 0, 0, 0, 0, 0]),
        .init(bytes: [0x41, 0x50, 0x55, 0x53, 2, 0, 2, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0x7B, 0x7D]),
        .init(bytes: [0x41, 0x50, 0x55, 0x53, 1, 0, 4, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0x5B]),
        .init(bytes: [1], isTruncated: true),
        .init(bytes: [1], descriptorCount: 1),
    ]) func noPacketOfOurs(_ arrival: WorkerConversation.Arrival) {
        var conversation = Self.begun
        #expect(isViolation(conversation.didReceive(arrival, at: Self.now)))
        #expect(conversation.didReceive(arrival, at: Self.now) == .nothing, "told once")
    }

    /// Every byte of an honest packet, changed: never a trap, and never another worker's event.
    @Test func everyByteChanged() throws {
        let honest = try WorkerMessage.accepting(listenerCount: 3).packet(generation: 7).encoded()
        for index in honest.indices {
            for value in [UInt8(0), 0x22, 0x7F, 0xFF] where honest[index] != value {
                var bytes = honest
                bytes[index] = value
                var conversation = Self.begun
                conversation.didHandOff(listenerCount: 3)
                switch conversation.didReceive(.init(bytes: bytes), at: Self.now) {
                case .event(let event):
                    // A kind is a byte away from another, which the supervisor judges.
                    #expect(index == 6 || event == .workerAccepting(Self.worker))
                case .violation, .nothing, .sessionsEnded: break
                }
            }
        }
    }

    @Test func floodIsAViolation() throws {
        var conversation = Self.begun
        var outcomes: [WorkerConversation.Outcome] = []
        for _ in 0..<WorkerConversation.packetsPerSecond {
            outcomes.append(try say(.ready, to: &conversation))
        }
        #expect(outcomes.contains(where: isViolation))
        var slow = Self.begun
        for second in 0..<200 {
            let now = Self.now + .seconds(second)
            #expect(!isViolation(try say(.ready, to: &slow, at: now)))
        }
    }

    /// As many answers as there are orders, each within what was ordered; none without.
    @Test func ordersAreAnswered() throws {
        func outcome(_ id: UInt64, _ matched: Int, _ ended: Int) -> WorkerMessage {
            .sessionsEnded(SessionOutcome(id: id, matched: matched, ended: ended))
        }
        var conversation = Self.begun
        for id in 1...UInt64(WorkerConversation.packetsPerSecond * 3) {
            conversation.didAsk(SessionOrder(id: id, max: 2))
            let answer = try say(outcome(id, 5, 2), to: &conversation)
            #expect(answer == .sessionsEnded(SessionOutcome(id: id, matched: 5, ended: 2)))
        }
        for (id, matched, ended) in [(1, 0, 0), (2, 5, 3), (2, 1, 2), (2, -1, -1), (2, 1 << 40, 0)]
        {
            var other = Self.begun
            other.didAsk(SessionOrder(id: 2, max: 2))
            #expect(isViolation(try say(outcome(UInt64(id), matched, ended), to: &other)))
        }
        var twice = Self.begun
        twice.didAsk(SessionOrder(id: 2, max: 2))
        _ = try say(outcome(2, 1, 1), to: &twice)
        #expect(isViolation(try say(outcome(2, 1, 1), to: &twice)))
    }

    @Test func afterSigtermItMaySkipTheRelease() throws {
        var conversation = Self.begun
        conversation.didTerminate()
        #expect(try say(.drained, to: &conversation) == .nothing)
    }

    private static var begun: WorkerConversation {
        var conversation = WorkerConversation(worker: worker, pid: 42, version: "1")
        let hello = WorkerMessage.hello(.init(version: "1", pid: 42))
        if let packet = try? hello.packet(generation: 0) {
            _ = conversation.didReceive(.init(bytes: packet.encoded()), at: now)
        }
        return conversation
    }

    private func say(
        _ message: WorkerMessage, to conversation: inout WorkerConversation, generation: Int = 7,
        at now: Instant = now
    ) throws -> WorkerConversation.Outcome {
        let packet = try message.packet(generation: generation)
        return conversation.didReceive(.init(bytes: packet.encoded()), at: now)
    }

    private func isViolation(_ outcome: WorkerConversation.Outcome) -> Bool {
        if case .violation = outcome { true } else { false }
    }
}
