// The pages of a database file that SQLite refuses, and of the log beside it, read as they lie on
// the disk (sqlite.org/fileformat2.html). Nothing in them is believed: a number that leads nowhere
// is the end of what it belongs to. Reads only; one thread.

internal import Foundation

struct DatabasePages {
    /// In bytes: a power of two, 512…65536.
    let size: Int
    /// How many page numbers there can be.
    private(set) var count: Int
    private let file: FileHandle?
    private let log: FileHandle?
    private struct Copy {
        /// Where it begins in the log.
        var place: UInt64
        /// How many times the log had been begun anew since its header was written: 0 as a rule.
        var age: Int
    }
    /// The newest copy of a page in the log, by page number.
    private var logged: [Int: Copy] = [:]

    /// - Parameter withLog: whether a page that is in the log is taken from there, as SQLite does.
    init(path: String, withLog: Bool) {
        file = FileHandle(forReadingAtPath: path)
        log = withLog ? FileHandle(forReadingAtPath: path + "-wal") : nil
        let header = Self.read(file, at: 0, count: 100) ?? []
        let logHeader = Self.read(log, at: 0, count: Self.logHeaderCount) ?? []
        let said = header.count == 100 ? header.number(at: 16, count: 2) : 0
        size =
            Self.sizes.first { $0 == (said == 1 ? 65536 : said) }
            ?? Self.sizes.first { $0 == logHeader.number(at: 8, count: 4) } ?? 4096
        let byteCount = (try? file?.seekToEnd()) ?? 0
        count = Int(clamping: byteCount) / size
        indexLog(logHeader)
    }

    /// Nil if it is not there whole.
    func page(_ number: Int) -> [UInt8]? {
        guard number >= 1, number <= count else { return nil }
        if let copy = logged[number] { return Self.read(log, at: copy.place, count: size) }
        return Self.read(file, at: UInt64(number - 1) * UInt64(size), count: size)
    }

    // MARK: The log

    private static let sizes = [512, 1024, 2048, 4096, 8192, 16384, 32768, 65536]
    private static let logHeaderCount = 32
    private static let frameHeaderCount = 24

    /// Frames of an earlier life of the log have another salt; those of a later one are newer than all
    /// others, wherever they stand. Their checksums are not looked at: who uses a row must know it by
    /// its own.
    private mutating func indexLog(_ header: [UInt8]) {
        guard header.count == Self.logHeaderCount, header.number(at: 8, count: 4) == size else {
            return
        }
        var place = UInt64(Self.logHeaderCount)
        while let frame = Self.read(log, at: place, count: Self.frameHeaderCount) {
            let number = frame.number(at: 0, count: 4)
            // A page far behind all others is a flipped bit.
            let age = WriteAheadLog.logsBetween(header[16..<24], and: frame[8..<16])
            if age > 0 || frame[8..<16] == header[16..<24],
                (1...Self.countMax).contains(number), age >= logged[number]?.age ?? 0
            {
                logged[number] = Copy(
                    place: place + UInt64(Self.frameHeaderCount), age: age)
                count = max(count, number)
            }
            place += UInt64(Self.frameHeaderCount + size)
        }
    }

    /// 4 GiB in pages of the usual size.
    private static let countMax = 1 << 20

    private static func read(_ file: FileHandle?, at place: UInt64, count: Int) -> [UInt8]? {
        guard let file, (try? file.seek(toOffset: place)) != nil,
            let data = try? file.read(upToCount: count), data.count == count
        else { return nil }
        return Array(data)
    }
}

extension [UInt8] {
    /// The big-endian number of `count` bytes, at most 7; 0 where the bytes are not all there.
    func number(at place: Int, count byteCount: Int) -> Int {
        guard place >= 0, byteCount <= 7, place <= count - byteCount else { return 0 }
        return self[place..<place + byteCount].reduce(0) { $0 << 8 | Int($1) }
    }
}
