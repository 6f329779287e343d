import JSON
import Model
import Testing
import Wire

@Suite struct ControlPacketTests {
    @Test func aPacketSurvivesTheWire() throws {
        let packet = ControlPacket(kind: 2, generation: 1 << 40, payload: Array("{}".utf8))
        #expect(try ControlPacket.decode(packet.encoded()) == packet)
    }

    @Test(arguments: 0..<ControlPacket.headerBytes)
    func aTruncatedHeaderIsRefused(_ count: Int) {
        let bytes = Array(
            ControlPacket(kind: 1, generation: 1, payload: []).encoded().prefix(count))
        #expect(throws: WireError.truncated(count)) { try ControlPacket.decode(bytes) }
    }

    @Test func anOversizedPacketIsRefused() {
        let bytes = [UInt8](repeating: 0, count: ControlPacket.bytesMax + 1)
        #expect(throws: WireError.oversized(bytes.count)) { try ControlPacket.decode(bytes) }
    }

    @Test func anotherMagicOrVersionIsRefused() {
        var bytes = ControlPacket(kind: 1, generation: 1, payload: []).encoded()
        bytes[4] = 99
        #expect(throws: WireError.protocolVersion(99)) { try ControlPacket.decode(bytes) }
        bytes[0] = 0
        #expect(throws: WireError.notOurs) { try ControlPacket.decode(bytes) }
    }

    /// Every single-byte change of a valid packet is read as something or refused: never a trap.
    @Test func everyMutationHasAVerdict() throws {
        let order = MasterMessage.Prepare(
            generation: 7, revision: 3, workerIndex: 0, workerCount: 1, threads: 2,
            sharedStateSlot: 1, configurationBytes: 100, accessLog: true)
        let bytes = try MasterMessage.prepare(order).packet(generation: 7).encoded()
        for index in bytes.indices {
            for value in stride(from: UInt8(0), through: 255, by: 5) {
                var mutated = bytes
                mutated[index] = value
                _ = try? MasterMessage(ControlPacket.decode(mutated))
                _ = try? WorkerMessage(ControlPacket.decode(mutated))
            }
        }
    }
}

@Suite struct MessageTests {
    static let address = SocketAddress(host: .ipv4(0x7F00_0001), port: 8080)
    static let toWorker: [MasterMessage] = [
        .prepare(
            .init(
                generation: 1, revision: 1, workerIndex: 0, workerCount: 2, threads: 4,
                sharedStateSlot: 9, configurationBytes: 512, accessLog: false)),
        .handoff(
            ListenerHandoff(
                entries: [
                    .init(
                        listener: 1, frontend: "web", bind: 2, address: .internet(address),
                        inode: .max >> 1)
                ], isLast: true)),
        .release(
            .init(
                drainAcceptQueueOf: [1, 2], idleAfterMilliseconds: 10, idleSpreadMilliseconds: 20)),
        .attend, .reopenLog,
    ]
    static let toMaster: [WorkerMessage] = [
        .hello(.init(version: ApusVersion.current, pid: 4711)), .ready,
        .refused(.init(code: "configuration-unreadable", detail: "…", pointer: "/frontends/web")),
        .accepting(listenerCount: 3), .released(listenerCount: 3), .drained,
    ]

    @Test(arguments: toWorker) func masterMessagesSurvive(_ message: MasterMessage) throws {
        let bytes = try message.packet(generation: 5).encoded()
        #expect(try MasterMessage(ControlPacket.decode(bytes)) == message)
    }

    @Test(arguments: toMaster) func workerMessagesSurvive(_ message: WorkerMessage) throws {
        let bytes = try message.packet(generation: 5).encoded()
        #expect(try WorkerMessage(ControlPacket.decode(bytes)) == message)
    }

    @Test func anUnknownKindIsRefused() {
        let packet = ControlPacket(kind: 77, generation: 1, payload: Array("{}".utf8))
        #expect(throws: WireError.unknownKind(77)) { try MasterMessage(packet) }
        #expect(throws: WireError.unknownKind(77)) { try WorkerMessage(packet) }
    }

    @Test(arguments: ["", "[]", "{\"listeners\":-1e400}", "{\"listeners\":\"3\"}", "{"])
    func aPayloadOfAnotherShapeIsRefused(_ text: String) {
        let packet = ControlPacket(kind: 4, generation: 1, payload: Array(text.utf8))
        #expect(throws: WireError.self) { try WorkerMessage(packet) }
    }
}
