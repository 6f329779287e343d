// Pipes between two sockets (splice(2)): bytes of a bulk transfer go through them without being
// copied to and from our memory. The pipes of one loop are kept for reuse; a bounded number exists,
// and who gets none copies through a buffer. Hot, one thread.

internal import Syscalls

/// Both ends of one pipe, and what is in it.
struct Pipe: ~Copyable, SlabEntry {
    fileprivate(set) var reader: Int32 = -1
    fileprivate(set) var writer: Int32 = -1
    /// Bytes that were moved in and not out.
    fileprivate(set) var count = 0

    init() {}

    deinit {
        if reader >= 0 { FileDescriptor(owning: reader).close() }
        if writer >= 0 { FileDescriptor(owning: writer).close() }
    }
}

/// The pipes of a loop.
struct PipePool: ~Copyable {
    /// Two descriptors each. Transfers beyond that many copy.
    private static var usedMax: Int { 128 }
    private static var keptMax: Int { 32 }

    private var pipes = Slab<Pipe>()
    private var kept: [Ref<Pipe>] = []

    init() {
        kept.reserveCapacity(Self.keptMax)
    }

    /// An empty pipe; nil: there are enough in use, or the system has no descriptor left.
    mutating func take() -> Ref<Pipe>? {
        if let pipe = kept.popLast() { return pipe }
        guard pipes.count < Self.usedMax else { return nil }
        do throws(SystemError) {
            let made = try BytePipe()
            let pipe = pipes.take()
            let ends = made.takeEnds()
            pipe[].reader = ends.reader
            pipe[].writer = ends.writer
            return pipe
        } catch {
            return nil
        }
    }

    /// Takes a pipe back; one with bytes in it is of no use to anybody else.
    mutating func give(_ pipe: Ref<Pipe>) {
        if pipe[].count == 0, kept.count < Self.keptMax {
            kept.append(pipe)
        } else {
            pipes.recycle(pipe)
        }
    }
}

extension Ref where Entry == Pipe {
    /// From a socket, at most `limit` bytes.
    func fill(from transport: inout Transport, limit: Int) -> TransferResult {
        let result = transport.splice(into: self[].writer, limit: limit)
        if case .moved(let count) = result { self[].count &+= count }
        return result
    }

    /// To a socket, as much as it takes.
    func drain(to transport: inout Transport) -> TransferResult {
        let result = transport.splice(from: self[].reader, count: self[].count)
        if case .moved(let count) = result { self[].count &-= count }
        return result
    }
}
