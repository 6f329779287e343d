// Whether a log has lost something in its middle. SQLite reads a log up to the first frame whose
// checksum is wrong and takes that for the end, which is right after a crash and silent about
// damage (sqlite.org/fileformat2.html, section 4). Reads only.

internal import Foundation

struct WriteAheadLog {
    private let bytes: [UInt8]

    /// One that cannot be read is empty.
    init(path: String) {
        bytes = FileManager.default.contents(atPath: path).map(Array.init) ?? []
    }

    /// Whether a transaction that was finished is out of reach: after a frame that is wrong there is
    /// the end of a transaction, and it is not the last frame. That one may have been torn when the
    /// machine went down, before anybody was told that it was durable.
    var isDamaged: Bool {
        guard bytes.count > Self.headerCount else { return false }
        let pageSize = bytes.number(at: 8, count: 4)
        let isBig = bytes[3] & 1 == 1
        guard pageSize >= 512, bytes.number(at: 0, count: 4) | 1 == 0x377F_0683 else { return true }
        var sum = Checksum(isBigEndian: isBig)
        sum.add(bytes[0..<24])
        guard sum.isStored(in: bytes, at: 24) else { return true }
        let salt = bytes[16..<24]
        let frameCount = Self.frameHeaderCount + pageSize
        var isBroken = false
        var hasLostEnd = false
        for place in stride(
            from: Self.headerCount, through: bytes.count - frameCount, by: frameCount)
        {
            guard bytes[place + 8..<place + 16] == salt else {
                // Left over from before the log was begun anew; or a broken frame, then more follow.
                isBroken = true
                continue
            }
            if hasLostEnd { return true }
            if !isBroken {
                sum.add(bytes[place..<place + 8])
                sum.add(bytes[place + Self.frameHeaderCount..<place + frameCount])
                isBroken = !sum.isStored(in: bytes, at: place + 16)
            }
            if isBroken, bytes.number(at: place + 4, count: 4) != 0 { hasLostEnd = true }
        }
        return false
    }

    private static let headerCount = 32
    private static let frameHeaderCount = 24

    /// Over all bytes so far.
    private struct Checksum {
        let isBigEndian: Bool
        private var first: UInt32 = 0
        private var second: UInt32 = 0

        init(isBigEndian: Bool) {
            self.isBigEndian = isBigEndian
        }

        /// A multiple of eight bytes.
        mutating func add(_ bytes: ArraySlice<UInt8>) {
            var place = bytes.startIndex
            while place + 8 <= bytes.endIndex {
                first = first &+ word(bytes, place) &+ second
                second = second &+ word(bytes, place + 4) &+ first
                place += 8
            }
        }

        func isStored(in bytes: [UInt8], at place: Int) -> Bool {
            Int(first) == bytes.number(at: place, count: 4)
                && Int(second) == bytes.number(at: place + 4, count: 4)
        }

        private func word(_ bytes: ArraySlice<UInt8>, _ place: Int) -> UInt32 {
            let word =
                UInt32(bytes[place]) << 24 | UInt32(bytes[place + 1]) << 16
                | UInt32(bytes[place + 2]) << 8 | UInt32(bytes[place + 3])
            return isBigEndian ? word : word.byteSwapped
        }
    }
}
