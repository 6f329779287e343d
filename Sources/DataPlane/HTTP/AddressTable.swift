// Blocks of addresses with a number each, compiled: disjoint ranges in order, found by halving, so
// ten thousand blocks cost some fourteen comparisons. Hot; read-only.

import Model

/// A client's address as one number.
struct ClientAddress: BitwiseCopyable {
    var isIPv6 = false
    /// An IPv4 address in its lower 32 bits.
    var value: UInt128 = 0

    init() {}

    init(_ host: SocketAddress.Host) {
        switch host {
        case .ipv4(let word): self.init(ipv4: word)
        case .ipv6(let high, let low): self.init(high: high, low: low)
        }
    }

    @inline(__always)
    init(ipv4 word: UInt32) {
        value = UInt128(word)
    }

    /// An IPv4 address inside an IPv6 one (RFC 4291 §2.5.5.2) is that IPv4 address.
    @inline(__always)
    init(high: UInt64, low: UInt64) {
        if high == 0, low >> 32 == 0xFFFF {
            value = UInt128(low & 0xFFFF_FFFF)
        } else {
            isIPv6 = true
            value = UInt128(high) << 64 | UInt128(low)
        }
    }
}

struct AddressTable: BitwiseCopyable {
    private struct Range: BitwiseCopyable {
        var first: UInt128
        var last: UInt128
        var number: Int
    }

    private let ipv4: Run<Range>
    private let ipv6: Run<Range>

    /// Where blocks lie in each other, the smallest decides.
    init(_ blocks: [(block: AddressRange, number: Int)], arena: ConfigurationArena) {
        var ranges: (ipv4: [Range], ipv6: [Range]) = ([], [])
        for (block, number) in blocks {
            let address = ClientAddress(block.first)
            let width = UInt128(address.isIPv6 ? 128 : 32)
            let free = width - UInt128(block.prefixLength)
            let rest: UInt128 = free == 128 ? .max : 1 << free - 1
            let range = Range(
                first: address.value, last: address.value | rest, number: number)
            if address.isIPv6 { ranges.ipv6.append(range) } else { ranges.ipv4.append(range) }
        }
        ipv4 = arena.run(Self.disjoint(ranges.ipv4))
        ipv6 = arena.run(Self.disjoint(ranges.ipv6))
    }

    /// Blocks of which only the whole matters.
    init(_ blocks: [AddressRange], arena: ConfigurationArena) {
        self.init(blocks.map { ($0, 0) }, arena: arena)
    }

    func contains(_ address: ClientAddress) -> Bool { number(of: address) != nil }

    var isEmpty: Bool { ipv4.isEmpty && ipv6.isEmpty }

    /// The number of the smallest block that has the address.
    func number(of address: ClientAddress) -> Int? {
        let ranges = address.isIPv6 ? ipv6 : ipv4
        var low = 0
        var high = ranges.count
        while low < high {
            let middle = (low &+ high) / 2
            if ranges[middle].last < address.value { low = middle &+ 1 } else { high = middle }
        }
        guard low < ranges.count, ranges[low].first <= address.value else { return nil }
        return ranges[low].number
    }

    /// Blocks lie within each other or apart, never across: an open one is suspended while a
    /// smaller one lasts.
    private static func disjoint(_ blocks: [Range]) -> [Range] {
        let sorted = blocks.sorted {
            $0.first == $1.first ? $0.last > $1.last : $0.first < $1.first
        }
        var result: [Range] = []
        var open: [Range] = []
        /// The first address of nobody yet; nil behind the last of all.
        var next: UInt128? = 0
        func close(through last: UInt128, _ number: Int) {
            guard let first = next, first <= last else { return }
            if let end = result.last, end.number == number, end.last &+ 1 == first {
                result[result.count - 1].last = last
            } else {
                result.append(Range(first: first, last: last, number: number))
            }
            next = last == .max ? nil : last + 1
        }
        for block in sorted {
            while let top = open.last, top.last < block.first {
                close(through: top.last, top.number)
                open.removeLast()
            }
            if let top = open.last, block.first > 0 {
                close(through: block.first - 1, top.number)
            }
            next = next.map { max($0, block.first) }
            open.append(block)
        }
        while let top = open.popLast() { close(through: top.last, top.number) }
        return result
    }
}
