// Rate limits as filters of routes: who may go on, and when to come again. Hot: a hash and one word
// of shared memory.

internal import Clock
internal import Model
internal import SharedState
internal import Syscalls

/// A limit, compiled.
struct CompiledRateLimit: BitwiseCopyable {
    let key: CompiledRequestKey
    let table: RateLimitTable
    /// Microseconds from one request to the next.
    let interval: Int64
    let burst: Int64
    /// Of the hashes; secret, and the same in every worker.
    let seed: UInt64

    /// - Parameter placement: nil where the region has no room: then the worker counts alone.
    init(
        _ limit: RateLimit, firstBucket: Int, in region: SharedRegion, arena: ConfigurationArena
    ) {
        key = CompiledRequestKey(limit.key, arena: arena)
        let count = RateLimitTable.bucketCount(entries: limit.entries)
        table =
            RateLimitTable(
                region, TablePlacement(firstBucket: firstBucket, bucketCount: count))
            ?? RateLimitTable(unsharedBucketCount: count)
        interval = max(1, limit.rate.interval.wholeMicroseconds)
        burst = Int64(limit.burst)
        seed = region.hashSeed
    }
}

extension Engine {
    /// Whether a request may go on. A request without the key counts with all others that lack it:
    /// leaving a field out is no way around a limit.
    func ask(
        _ limit: CompiledRateLimit, _ client: Ref<ClientConnection>, _ facts: ExchangeFacts
    ) -> RateLimitVerdict {
        let hash =
            limit.key.isClientAddress
            ? KeyHash.mix(limit.seed ^ ClientAddress(client[].peer.host).site)
            : limit.key.hash(facts, seed: limit.seed) ?? KeyHash.mix(limit.seed)
        return limit.table.ask(
            key: hash, roundTime: nowNanoseconds / 1_000, interval: limit.interval,
            burst: limit.burst
        ) { Int64(clamping: Instant.now().nanoseconds) / 1_000 }
    }
}
