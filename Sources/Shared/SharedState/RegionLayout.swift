// Where everything is in the memory that master and workers share. Both sides are compiled from
// this one file; `version` changes whenever an offset does. Every word is a UInt64.

/// Byte offsets and counts of the shared memory.
///
///     header page        magic, layout version, size, slot count
///     slot 0 … 255       slot header (256 bytes), then 64 loop records of 256 bytes
///     traffic 0 … 16383  traffic records of 256 bytes
///     servers 0 … 16383  server records of 512 bytes, by the number of the server's traffic record
///     permits 0 … 1M-1   one word each, given out in runs (`ServerPermits`)
///     queues             for each slot 16384 words: how many wait in the slot's worker, by number
///     limits             2^19 buckets of 64 bytes, given out in runs (`RateLimitTable`)
///     connections        for each slot 16384 words, by the number of the frontend's or server's
///                        traffic record; the first one is of all clients of the slot's worker
///     sticky tables      2^20 buckets of 64 bytes, given out in runs (`StickyTable`)
///
/// A loop record is written by its loop only and starts on its own cache lines. A traffic record
/// belongs to a name, not to a worker: whoever carries traffic for it adds to it. So does a server
/// record. Pages that nobody touches cost nothing.
@usableFromInline
enum RegionLayout {
    static let magic: UInt64 = 0x4150_5553_5348_4D31  // "APUSSHM1"
    static let version: UInt64 = 5

    static let headerBytes = 4096
    static let slotCount = 256
    static let loopCountMax = 64
    static let loopRecordBytes = 256
    static let slotHeaderBytes = 256
    static let slotBytes = slotHeaderBytes + loopCountMax * loopRecordBytes
    static let trafficStart = headerBytes + slotCount * slotBytes
    static let trafficCount = 16_384
    static let trafficRecordBytes = 256
    static let serverStart = trafficStart + trafficCount * trafficRecordBytes
    static let serverRecordBytes = 512
    static let permitStart = serverStart + trafficCount * serverRecordBytes
    static let permitCount = 1 << 20
    static let queueStart = permitStart + permitCount * wordBytes
    static let queueBytes = trafficCount * wordBytes
    static let limitStart = queueStart + slotCount * queueBytes
    static let limitBucketCount = 1 << 19
    static let limitBucketBytes = 64
    static let connectionsStart = limitStart + limitBucketCount * limitBucketBytes
    static let connectionsSlotBytes = trafficCount * wordBytes
    static let stickyStart = connectionsStart + slotCount * connectionsSlotBytes
    static let stickyBucketCount = 1 << 20
    static let stickyBucketBytes = 64
    static let byteCount = stickyStart + stickyBucketCount * stickyBucketBytes

    /// Words of the header page.
    enum HeaderWord: Int {
        case magic, version, byteCount, slotCount
        /// Of hashes of what clients send, so that nobody can choose who shares a cell.
        case hashSeed
        /// Grows whenever something about a server changed (`ServerChanges`); alone on its line.
        case serverChanges = 64
        /// The first of four words with a bit for each slot in use. The master's.
        case slotsInUse = 128
    }

    /// Words of a slot's header. `loopCount` is 0 in a free slot, and is set last.
    enum SlotWord: Int {
        case loopCount, generation, workerIndex, pid
        /// Another number for each worker that had the slot; 0: nobody has it. `WorkerBell`.
        case incarnation
        /// Moves when the worker is to look at what it was given; alone on its line.
        case bell = 8
        /// Eight words, a bit for each number modulo 512: where to look.
        case rung = 16
    }

    /// Words of a server record that `ServerWord` does not name: two places for an address of three
    /// words, and which of them is the newer (`PublishedAddress`); four words of bits, one for each
    /// slot whose worker waits for a permit; and where its permits are, a run in each word.
    static let addressWord = 26
    static let addressCountWord = 36
    static let waitingWord = 32
    static let waitingWordCount = 4
    static let runWord = 40
    static let runCountMax = 24

    /// Words of a loop record: progress, four gauges, the oldest session's start; from the ninth
    /// word on the counters. Inlinable for the writer's hot path.
    @inlinable static var progressWord: Int { 0 }
    @inlinable static var firstGaugeWord: Int { 1 }
    @inlinable static var oldestSessionWord: Int { 5 }
    @inlinable static var firstCounterWord: Int { 8 }
    static let wordBytes = 8

    /// Nil for a slot that there cannot be.
    static func slotOffset(_ slot: Int) -> Int? {
        (0..<slotCount).contains(slot) ? headerBytes + slot * slotBytes : nil
    }

    /// Nil for a slot or a loop that there cannot be.
    static func loopOffset(slot: Int, loop: Int) -> Int? {
        guard let start = slotOffset(slot), (0..<loopCountMax).contains(loop) else { return nil }
        return start + slotHeaderBytes + loop * loopRecordBytes
    }

    /// Nil for a record that there cannot be.
    static func trafficOffset(_ number: Int) -> Int? {
        (0..<trafficCount).contains(number) ? trafficStart + number * trafficRecordBytes : nil
    }

    /// Nil for a slot or a number that there cannot be.
    static func queueOffset(slot: Int, number: Int) -> Int? {
        guard (0..<slotCount).contains(slot), (1..<trafficCount).contains(number) else {
            return nil
        }
        return queueStart + slot * queueBytes + number * wordBytes
    }

    /// Nil for a slot or a number that there cannot be.
    static func connectionsOffset(slot: Int, number: Int) -> Int? {
        guard (0..<slotCount).contains(slot), (0..<trafficCount).contains(number) else {
            return nil
        }
        return connectionsStart + slot * connectionsSlotBytes + number * wordBytes
    }

    /// Nil for a record that there cannot be, and for number 0, which belongs to no one server.
    static func serverOffset(_ number: Int) -> Int? {
        (1..<trafficCount).contains(number) ? serverStart + number * serverRecordBytes : nil
    }
}
