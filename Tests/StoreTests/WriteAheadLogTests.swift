// Which logs are damaged, of real ones: what a kill, a power cut, a full disk and a log that was begun
// anew leave behind is not; what takes a finished transaction out of reach is.

import Foundation
import TestKit
import Testing

@testable import Store

/// Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014.
private struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

struct WriteAheadLogTests {
    private let directory: TemporaryDirectory
    /// Of a store that was used for one life, and of the same in the next one, which began it anew.
    private let first: [UInt8]
    private let second: [UInt8]

    init() throws {
        directory = try TemporaryDirectory()
        let folder = directory.path("used")
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: false)
        let store = try Store.open(directory: folder)
        // Transactions of one frame and of some.
        for number in 1...4 {
            try store.reserveGenerations(through: number)
            _ = try StoredState.add(Self.text(lines: 500 + number), to: store)
        }
        first = try Self.log(in: folder)
        let killed = directory.path("killed")
        try FileManager.default.copyItem(atPath: folder, toPath: killed)
        let again = try Store.open(directory: killed)
        try again.reserveGenerations(through: 10)
        _ = try StoredState.add(Self.text(lines: 1000), to: again)
        second = try Self.log(in: killed)
        try FileManager.default.copyItem(atPath: killed, toPath: directory.path("mixed"))
        try again.close()
        try store.close()
        try #require(frames(of: first).filter(\.isEnd).count > 8)
        try #require(frames(of: second).contains { $0.isOlder })
        try #require(frames(of: second).filter { !$0.isOlder && $0.isEnd }.count >= 2)
    }

    /// Some pages long.
    private static func text(lines: Int) -> String {
        (0..<lines).map { "# line \($0)\n" }.joined()
    }

    private static func log(in folder: String) throws -> [UInt8] {
        try Array(Data(contentsOf: URL(fileURLWithPath: folder + "/state.db-wal")))
    }

    private struct Frame {
        var place: Int
        /// The last one of its transaction.
        var isEnd: Bool
        /// Left over.
        var isOlder: Bool
    }

    private static let frameCount = 24 + 4096

    private func frames(of log: [UInt8]) -> [Frame] {
        stride(from: 32, through: log.count - Self.frameCount, by: Self.frameCount).map { place in
            Frame(
                place: place, isEnd: log.number(at: place + 4, count: 4) != 0,
                isOlder: log[place + 8..<place + 16] != log[16..<24])
        }
    }

    /// Of the transactions that are in reach; each but the last one was durable when the next began.
    private func ends(of log: [UInt8]) -> [Frame] {
        frames(of: log).filter { $0.isEnd && !$0.isOlder }
    }

    private func isDamaged(_ log: [UInt8]) throws -> Bool {
        let path = directory.path("log-\(UUID().uuidString)")
        try Data(log).write(to: URL(fileURLWithPath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        return WriteAheadLog(path: path).isDamaged
    }

    // MARK: Whole ones

    @Test func whatSQLiteWroteIsWhole() throws {
        #expect(try !isDamaged(first) && !isDamaged(second))
    }

    /// kill -9: what was written of a frame is its beginning, and the rest is what was there before.
    @Test func aKillAtAnyByteIsNoDamage() throws {
        var places = Array(stride(from: 0, to: second.count, by: 4093))
        for frame in frames(of: second) { places += [4, 24].map { frame.place + $0 } }
        for place in places {
            let whole = Array(second[..<place])
            #expect(try !isDamaged(whole), "ends at \(place)")
            // The header of a log is durable before its first frame is begun.
            guard place >= 32 else { continue }
            let over = whole + first[min(place, first.count)...]
            #expect(try !isDamaged(over), "over an older one at \(place)")
        }
    }

    /// A power cut in the last transaction: any of its sectors are there, the others as before.
    @Test(arguments: 0..<40) func aTornLastTransactionIsNoDamage(seed: Int) throws {
        var random = SplitMix64(state: UInt64(seed))
        let ends = ends(of: second)
        let begin = ends[ends.count - 2].place + Self.frameCount
        let end = ends[ends.count - 1].place + Self.frameCount
        try #require(end - begin > 3 * Self.frameCount)
        var torn = second
        let size = [512, 4096][seed % 2]
        for sector in begin / size...(end - 1) / size
        where Int.random(in: 0..<4, using: &random) == 0 {
            for place in max(begin, sector * size)..<min(end, (sector + 1) * size) {
                torn[place] = place < first.count ? first[place] : 0
            }
        }
        #expect(try !isDamaged(torn))
    }

    /// Of the last transaction, a frame has the beginning of one that was the end of an older one.
    @Test(arguments: [8, 16]) func aTornHeaderThatSaysEndIsNoDamage(count: Int) throws {
        let ends = ends(of: second)
        let place = ends[ends.count - 2].place + Self.frameCount
        try #require(place < ends[ends.count - 1].place)
        let old = try #require(frames(of: first).first { $0.isEnd }).place
        var torn = second
        torn.replaceSubrange(place..<place + count, with: first[old..<old + count])
        #expect(try !isDamaged(torn))
    }

    // MARK: Damaged ones

    /// Every frame of a transaction on which another one goes on, wherever in it.
    @Test(arguments: [0, 7, 9, 13, 17, 22, 24, 4119])
    func aFlippedBitBeforeTheLastTransaction(offset: Int) throws {
        for log in [first, second] {
            let ends = ends(of: log)
            for frame in frames(of: log) where frame.place <= ends[ends.count - 2].place {
                var damaged = log
                damaged[frame.place + offset] ^= 0x10
                #expect(try isDamaged(damaged), "frame at \(frame.place)")
            }
        }
    }

    /// Without it, the frame says that its transaction goes on.
    @Test func anEndThatIsTaken() throws {
        for frame in ends(of: first).dropLast() {
            var damaged = first
            for place in frame.place + 4..<frame.place + 8 { damaged[place] = 0 }
            #expect(try isDamaged(damaged), "frame at \(frame.place)")
        }
    }

    @Test func aFlippedBitOfTheHeader() throws {
        for place in 0..<32 {
            var damaged = second
            damaged[place] ^= 0x04
            #expect(try isDamaged(damaged), "byte \(place)")
        }
    }

    /// As a copy can have it that is made while the log is begun anew, or a disk that lost a write.
    @Test func aHeaderOfTheLogBefore() throws {
        let mixed = first[..<32] + second[32...]
        #expect(try isDamaged(Array(mixed)))
        let begun = first[..<(32 + Self.frameCount)] + second[(32 + Self.frameCount)...]
        #expect(try isDamaged(Array(begun)))
        // Salvage finds the newer frames all the same.
        let damaged = directory.path("mixed")
        try Data(mixed).write(to: URL(fileURLWithPath: damaged + "/state.db-wal"))
        let store = try Store.open(directory: damaged)
        #expect(store.findings.count == 1)
        #expect(try store.revisions().map(\.number) == [5, 4, 3, 2, 1])
        #expect(try store.lastGeneration() == 10)
        try store.close()
    }
}
