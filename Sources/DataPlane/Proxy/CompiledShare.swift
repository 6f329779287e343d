// A share of the requests, by chance: what the id of an exchange comes to. Looked at twice, it is the
// same; another match with the same share takes others. Hot; pure.

struct CompiledShare: BitwiseCopyable {
    private let percent: UInt64
    private let salt: UInt64

    /// - Parameter salt: another one for each match.
    init(percent: Int, salt: UInt64) {
        self.percent = UInt64(clamping: percent)
        self.salt = salt
    }

    func takes(_ id: RequestID) -> Bool {
        var random = SmallRandom(seed: id.low ^ salt &* 0xD6E8_FEB8_6659_FD93)
        return random.next().multipliedFullWidth(by: 100).high < percent
    }
}
