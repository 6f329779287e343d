/// Steele, Lea, Flood: "Fast splittable pseudorandom number generators" (2014). The same numbers
/// for the same seed, on every machine and with every version of Swift.
struct SplitMix64 {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// Uniform enough for ranges far smaller than 2⁶⁴.
    mutating func number(in range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(next() % UInt64(range.count))
    }

    mutating func happens(_ perMille: Int) -> Bool { number(in: 0...999) < perMille }

    mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[number(in: 0...elements.count - 1)]
    }

    mutating func microseconds(in range: ClosedRange<Int>) -> UInt64 {
        UInt64(number(in: range)) * 1000
    }

    mutating func milliseconds(in range: ClosedRange<Int>) -> UInt64 {
        UInt64(number(in: range)) * 1_000_000
    }
}
