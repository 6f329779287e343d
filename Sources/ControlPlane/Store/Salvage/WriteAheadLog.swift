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
    /// on. A header that is older than a frame is wrong, too: with it, the frame is out of reach.
    var isDamaged: Bool {
        guard bytes.count > Self.headerCount else { return false }
        guard pageSize >= 512, bytes.number(at: 0, count: 4) | 1 == 0x377F_0683 else { return true }
        var sum = Checksum(isBigEndian: isBigEndian)
        sum.add(bytes[0..<24])
        guard sum.isStored(in: bytes, at: 24) else { return true }
        var isBroken = false
        for place in stride(
            from: Self.headerCount, through: bytes.count - frameCount, by: frameCount)
        {
            if Self.logsBetween(bytes[16..<24], and: bytes[place + 8..<place + 16]) > 0 {
                return true
            }
            var previous = sum
            if isBroken {
                previous = checksum(of: place - frameCount)
            } else {
                sum.add(frame: place, pageSize, of: bytes)
                if hasSalt(place), sum.isStored(in: bytes, at: place + 16) { continue }
                isBroken = true
                // The checksum alone may be what is wrong.
                if bytes.number(at: place + 4, count: 4) != 0, goesOn(place, from: sum) {
                    return true
                }
            }
            if goesOn(place, from: checksum(of: place)), isEnd(place, after: previous) {
                return true
            }
        }
        return false
    }

    /// How many times the log was begun anew from one salt to the other: the first half of it grows
    /// by one each time (section 4.3). 0 for the same, an older, and any other one.
    static func logsBetween(_ old: ArraySlice<UInt8>, and new: ArraySlice<UInt8>) -> Int {
        let (old, new) = (Array(old).number(at: 0, count: 4), Array(new).number(at: 0, count: 4))
        let count = Int(UInt32(truncatingIfNeeded: new) &- UInt32(truncatingIfNeeded: old))
        return count <= 1000 ? count : 0
    }

    // MARK: Frames

    private var pageSize: Int { bytes.number(at: 8, count: 4) }
    private var frameCount: Int { Self.frameHeaderCount + pageSize }
    private var isBigEndian: Bool { bytes[3] & 1 == 1 }

    /// Whether it is of this log: what has another salt is left over from before that was begun anew.
    private func hasSalt(_ place: Int) -> Bool { bytes[place + 8..<place + 16] == bytes[16..<24] }

    /// As it stands in the frame's header.
    private func checksum(of place: Int) -> Checksum {
        Checksum(isBigEndian: isBigEndian, storedIn: bytes, at: place + 16)
    }

    /// Whether the frame behind this one was made after one with that checksum.
    private func goesOn(_ place: Int, from checksum: Checksum) -> Bool {
        let next = place + frameCount
        guard next + frameCount <= bytes.count, hasSalt(next) else { return false }
        var successor = checksum
        successor.add(frame: next, pageSize, of: bytes)
        return successor.isStored(in: bytes, at: next + 16)
    }

    /// Whether the frame is the last one of its transaction. A flipped bit can take that from it, and a
    /// torn one can have the beginning of the frame that was there before: so the checksum is asked
    /// what it was made of, and the frame itself only where that gives no sense, since the page or the
    /// checksum is what is wrong.
    private func isEnd(_ place: Int, after previous: Checksum) -> Bool {
        let page = place + Self.frameHeaderCount
        var sum = checksum(of: place)
        sum.takeBack(bytes[page..<page + pageSize])
        let (number, count) = sum.words(after: previous)
        if (1...Self.pageCountMax).contains(number), (0...Self.pageCountMax).contains(count) {
            return count != 0
        }
        return bytes.number(at: place + 4, count: 4) != 0
    }

    /// 4 GiB in pages of the usual size.
    private static let pageCountMax = 1 << 20
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

        /// As it was before `add` of the same bytes.
        mutating func takeBack(_ bytes: ArraySlice<UInt8>) {
            var place = bytes.endIndex
            while place - 8 >= bytes.startIndex {
                place -= 8
                second = second &- word(bytes, place + 4) &- first
                first = first &- word(bytes, place) &- second
            }
        }

        /// The two numbers that make this one of `previous`.
        func words(after previous: Checksum) -> (Int, Int) {
            let number = first &- previous.first &- previous.second
            let count = second &- previous.second &- first
            return isBigEndian
                ? (Int(number), Int(count)) : (Int(number.byteSwapped), Int(count.byteSwapped))
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
