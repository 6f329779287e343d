// Where a server is to be reached from now on: what the master has found for its name, or what an
// operator said. Written by the master only, read by all workers, at any moment: there are two places,
// and a count says which of them is the newer one. A master that dies while it writes leaves the
// older one whole, and nobody waits for it.

internal import CLinux
public import Syscalls

/// An address and what it was found for.
public struct PublishedAddress: Sendable, Equatable {
    public var address: RawSocketAddress
    /// `NamedAddress.tag`; 0: an operator's word, which goes before every configuration's.
    public var tag: UInt64

    public init(_ address: RawSocketAddress, tag: UInt64) {
        self.address = address
        self.tag = tag
    }

    /// Of three words that somebody wrote; nil: there is none.
    fileprivate init?(_ first: UInt64, _ high: UInt64, _ low: UInt64) {
        let port = UInt16(truncatingIfNeeded: first)
        guard port > 0 else { return nil }
        tag = first >> 24
        switch first >> 16 & 0xFF {
        case 4: address = RawSocketAddress(host: .ipv4(UInt32(truncatingIfNeeded: low)), port: port)
        case 6: address = RawSocketAddress(host: .ipv6(high: high, low: low), port: port)
        default: return nil
        }
    }

    fileprivate var words: (UInt64, UInt64, UInt64) {
        let first = tag << 24 | UInt64(address.port)
        switch address.host {
        case .ipv4(let word): return (first | 4 << 16, 0, UInt64(word))
        case .ipv6(let high, let low): return (first | 6 << 16, high, low)
        }
    }
}

extension ServerRecord {
    /// Nil: what the worker was started with. Whatever somebody wrote there.
    public var address: PublishedAddress? {
        var count = load(RegionLayout.addressCountWord)
        // The master publishes so seldom that a second look is enough; a count that never stands still
        // is nobody's who means well.
        for _ in 0..<8 {
            let place = RegionLayout.addressWord + Int(count & 1) * 3
            let (first, high, low) = (load(place), load(place + 1), load(place + 2))
            let after = load(RegionLayout.addressCountWord)
            if after == count { return PublishedAddress(first, high, low) }
            count = after
        }
        return nil
    }

    /// The master's, which does one at a time. All loops look at their servers again.
    public func publish(_ address: PublishedAddress?) {
        let count = load(RegionLayout.addressCountWord) &+ 1
        let place = RegionLayout.addressWord + Int(count & 1) * 3
        let words = address?.words ?? (0, 0, 0)
        store(place, words.0)
        store(place + 1, words.1)
        store(place + 2, words.2)
        store(RegionLayout.addressCountWord, count)
        announce()
    }

    private func load(_ place: Int) -> UInt64 {
        // SAFETY: the words of addresses are within the record (`RegionLayout`).
        unsafe clinux_load_acquire(words + place)
    }

    private func store(_ place: Int, _ value: UInt64) {
        // SAFETY: as in `load`.
        unsafe clinux_store_release(words + place, value)
    }
}
