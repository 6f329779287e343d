// The worker's end of the control channel: packets in, packets out, never a wait. Main thread of
// the worker. The master may be gone; then nothing is sent any more and nobody minds.

internal import JSON
internal import Syscalls
internal import Wire

struct ControlChannel: ~Copyable {
    /// Where the master put it (its spawn map).
    static let descriptorNumber: Int32 = 3

    private let descriptor: FileDescriptor
    /// 0 until `prepare` said it.
    var generation = 0
    private(set) var isOpen = true

    init(owning rawValue: Int32) {
        descriptor = FileDescriptor(owning: rawValue)
    }

    var rawValue: Int32 { descriptor.rawValue }

    enum Received: ~Copyable {
        case message(MasterMessage, DescriptorList)
        case nothing
        /// The master is gone.
        case end
    }

    /// The next packet. Throws for one that is not the protocol's.
    mutating func receive() throws(WireError) -> Received {
        let packet: Packet?
        do throws(SystemError) {
            packet = try PacketSocket.receive(
                rawValue, maxBytes: ControlPacket.bytesMax,
                maxDescriptors: ControlPacket.descriptorCountMax)
        } catch {
            isOpen = false
            return .end
        }
        guard let packet else { return .nothing }
        if packet.isEnd {
            isOpen = false
            return .end
        }
        guard !packet.bytesTruncated, !packet.descriptorsTruncated else {
            throw .oversized(packet.bytes.count)
        }
        let control = try ControlPacket.decode(packet.bytes)
        let message = try MasterMessage(control)
        return .message(message, packet.takeDescriptors())
    }

    /// Sends, or drops where the master is gone or does not read: it has its own deadlines.
    mutating func send(_ message: WorkerMessage) {
        guard isOpen else { return }
        do throws(JSONError) {
            let packet = try message.packet(generation: generation)
            _ = try? PacketSocket.send(rawValue, packet.encoded())
        } catch {
            preconditionFailure("a worker message always encodes: \(error)")
        }
    }
}
