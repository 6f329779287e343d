// Unix packets with descriptors: the transport of the master–worker control channel.
// One packet is one message. No call waits but the one that says so; whoever polls the socket calls
// again.

internal import CLinux
internal import Glibc

/// Descriptors that came with a packet. What is not taken is closed with the list.
public struct DescriptorList: ~Copyable, Sendable {
    private var waiting: [Int32]

    /// Takes over descriptors that nobody else will close.
    public init(owning rawValues: [Int32] = []) {
        waiting = rawValues
    }

    deinit {
        for fd in waiting where fd >= 0 { _ = clinux_close(fd) }
    }

    /// How many came.
    public var count: Int { waiting.count }

    /// The number at `index`, still owned by the list; nil if there is none or it was taken.
    public func peek(at index: Int) -> Int32? {
        guard waiting.indices.contains(index), waiting[index] >= 0 else { return nil }
        return waiting[index]
    }

    /// Gives the descriptor at `index` away; nil if there is none or it was taken before.
    public mutating func take(at index: Int) -> FileDescriptor? {
        guard let fd = peek(at: index) else { return nil }
        waiting[index] = -1
        return FileDescriptor(owning: fd)
    }
}

/// One message, as it arrived.
public struct Packet: ~Copyable, Sendable {
    /// The bytes that fitted. Empty with no descriptor: the other end is closed.
    public let bytes: [UInt8]
    /// The descriptors that fitted, close-on-exec, in the order in which they were sent.
    public var descriptors: DescriptorList
    /// The message was longer than the room for it; the rest is lost.
    public let bytesTruncated: Bool
    /// There were more descriptors than room for them, or than this process may open; the rest
    /// is closed.
    public let descriptorsTruncated: Bool

    /// Nothing came: an orderly end of the other side (recvmsg(2) returned 0).
    public var isEnd: Bool { bytes.isEmpty && descriptors.count == 0 && !descriptorsTruncated }

    /// Gives the descriptors away.
    public consuming func takeDescriptors() -> DescriptorList { descriptors }
}

/// A connected pair of SOCK_SEQPACKET sockets (unix(7)), and its messages.
public enum PacketSocket {
    /// What the kernel passes with one packet at most (SCM_MAX_FD).
    public static let descriptorCountMax = 253

    /// Both ends, non-blocking and close-on-exec.
    public struct Pair: ~Copyable, Sendable {
        public var first: FileDescriptor
        public var second: FileDescriptor

        /// Gives both ends away, in this order.
        public consuming func take(
            _ body: (consuming FileDescriptor, consuming FileDescriptor) -> Void
        ) {
            body(first, second)
        }

        /// Gives the first end away and closes the second, once another process has it.
        public consuming func takeFirst() -> FileDescriptor { first }
    }

    /// socketpair(2).
    public static func makePair() throws(SystemError) -> Pair {
        var first: Int32 = -1
        var second: Int32 = -1
        // SAFETY: the callee writes both words during the call only.
        try check(unsafe clinux_packet_pair(&first, &second), "socketpair")
        return Pair(
            first: FileDescriptor(owning: first), second: FileDescriptor(owning: second))
    }

    /// Sends one message whole or not at all. The descriptors are copied to the receiver; the
    /// sender keeps its own. EAGAIN: no room now. EMSGSIZE: larger than the socket's buffer.
    /// EPIPE, ECONNRESET: the other end is closed. EINVAL: more than `descriptorCountMax`.
    public static func send(
        _ fd: Int32, _ bytes: [UInt8], descriptors: [Int32] = []
    ) throws(SystemError) {
        // SAFETY: both arrays are valid for the closures' time; the callee keeps no pointer.
        let sent = unsafe bytes.withUnsafeBytes { piece in
            unsafe descriptors.withUnsafeBufferPointer { numbers in
                unsafe clinux_send_packet(
                    fd, piece.baseAddress, piece.count, numbers.baseAddress, numbers.count)
            }
        }
        try check(sent, "sendmsg")
    }

    /// Waits until there is room for a message, at most so long.
    public static func waitForRoom(_ fd: Int32, milliseconds: Int32) throws(SystemError) {
        try check(clinux_wait_for_room(fd, milliseconds), "poll")
    }

    /// The next message, or nil if none is there.
    ///
    /// - Parameters:
    ///   - maxBytes: room for bytes, 1 or more; what is longer arrives truncated.
    ///   - maxDescriptors: 0…253; what is more is closed.
    public static func receive(
        _ fd: Int32, maxBytes: Int, maxDescriptors: Int
    ) throws(SystemError) -> Packet? {
        precondition(maxBytes > 0 && (0...descriptorCountMax).contains(maxDescriptors))
        var packet = clinux_packet()
        var numbers = [Int32](repeating: -1, count: maxDescriptors)
        var result: Int32 = 0
        // SAFETY: the callee writes within the given capacities and keeps no pointer.
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: maxBytes) { room, count in
            result = unsafe numbers.withUnsafeMutableBufferPointer { places in
                unsafe clinux_receive_packet(
                    fd, room.baseAddress, maxBytes, places.baseAddress, places.count, &packet)
            }
            count = result < 0 ? 0 : min(packet.byte_count, maxBytes)
        }
        if result == -EAGAIN { return nil }
        try check(result, "recvmsg")
        return Packet(
            bytes: bytes,
            descriptors: DescriptorList(owning: Array(numbers.prefix(packet.descriptor_count))),
            bytesTruncated: packet.bytes_truncated != 0,
            descriptorsTruncated: packet.control_truncated != 0)
    }
}
