// A list of address ranges, compiled: whether a client is one of them. Hot; read-only, shared by
// all loops of a worker.

internal import Model
internal import Syscalls

/// Good for as long as the arena it was compiled into.
struct AddressRanges: BitwiseCopyable, @unchecked Sendable {
    // SAFETY: Sendable, because the arena's memory is never written once it is filled.
    private struct Entry: BitwiseCopyable {
        var high: UInt64
        var low: UInt64
        var maskHigh: UInt64
        var maskLow: UInt64
    }
    private let entries: Run<Entry>

    init(_ ranges: [AddressRange], arena: ConfigurationArena) {
        entries = arena.run(
            ranges.map { range in
                let (first, mask) = range.words
                return Entry(
                    high: first.high, low: first.low, maskHigh: mask.high, maskLow: mask.low)
            })
    }

    var isEmpty: Bool { entries.isEmpty }

    /// An IPv4-mapped address is its IPv4 address.
    func contains(_ host: RawSocketAddress.Host) -> Bool {
        let (high, low) = host.words
        var index = 0
        while index < entries.count {
            let entry = entries[index]
            if high & entry.maskHigh == entry.high, low & entry.maskLow == entry.low { return true }
            index &+= 1
        }
        return false
    }
}
