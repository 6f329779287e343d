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

    /// Whether a transaction that was finished is out of reach: behind a frame that is wrong stands
    /// the end of a transaction, and then a frame whose checksum goes on from there, so the next one
    /// was begun when that one was done. The last transaction may have been torn when the machine went
    /// down, before anybody was told that it was durable; and one that could not be made durable, on a
    /// full disk say, leaves its frames behind those that were written over it, on which nothing goes
    /// on.
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
        for place in stride(
            from: Self.headerCount, through: bytes.count - 2 * frameCount, by: frameCount)
        {
            let next = place + frameCount
            var isWhole = false
            if !isBroken {
                sum.add(frame: place, pageSize, of: bytes)
                isWhole =
                    bytes[place + 8..<place + 16] == salt && sum.isStored(in: bytes, at: place + 16)
            }
            // What has another salt is left over from before the log was begun anew.
            if !isWhole, bytes.number(at: place + 4, count: 4) != 0,
                bytes[next + 8..<next + 16] == salt
            {
                var successor = Checksum(isBigEndian: isBig, storedIn: bytes, at: place + 16)
                successor.add(frame: next, pageSize, of: bytes)
                if successor.isStored(in: bytes, at: next + 16) { return true }
                if !isBroken {
                    // The checksum alone may be what is wrong.
                    successor = sum
                    successor.add(frame: next, pageSize, of: bytes)
                    if successor.isStored(in: bytes, at: next + 16) { return true }
                }
            }
            if !isWhole { isBroken = true }
        }
        return false
    }

    private static let headerCount = 32
    fileprivate static let frameHeaderCount = 24

    /// Over all bytes so far.
    private struct Checksum {
        let isBigEndian: Bool
        private var first: UInt32 = 0
        private var second: UInt32 = 0

        init(isBigEndian: Bool) {
            self.isBigEndian = isBigEndian
        }

        /// As it stands in a frame's header.
        init(isBigEndian: Bool, storedIn bytes: [UInt8], at place: Int) {
            self.isBigEndian = isBigEndian
            first = UInt32(truncatingIfNeeded: bytes.number(at: place, count: 4))
            second = UInt32(truncatingIfNeeded: bytes.number(at: place + 4, count: 4))
        }

        /// What of a frame is summed: the page's number and the database's size, and the page.
        mutating func add(frame place: Int, _ pageSize: Int, of bytes: [UInt8]) {
            add(bytes[place..<place + 8])
            let page = place + WriteAheadLog.frameHeaderCount
            add(bytes[page..<page + pageSize])
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
