// What /proc says of a process: the outside view that no program under test can embellish.

internal import Foundation

/// A look at one process.
public struct ProcessInspection: Sendable {
    public let pid: Int

    public init(pid: Int) {
        self.pid = pid
    }

    /// Whether it is there and no zombie.
    public var isAlive: Bool {
        guard let state else { return false }
        return state != "Z" && state != "X"
    }

    /// `R`, `S`, `T`, `Z`, …; nil if there is no such process.
    public var state: String? { statFields.map { $0[0] } }

    /// Descriptor numbers and what they point to.
    public var descriptors: [Int: String] {
        let folder = "/proc/\(pid)/fd"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        var result: [Int: String] = [:]
        for name in names {
            guard let number = Int(name) else { continue }
            result[number] = try? FileManager.default.destinationOfSymbolicLink(
                atPath: "\(folder)/\(name)")
        }
        return result
    }

    /// Inodes of its sockets.
    public var socketInodes: Set<Int> { Set(descriptors.values.compactMap(Self.socketInode)) }

    /// Inodes of everything in its epoll sets (`tfd:` lines of fdinfo, proc(5)).
    public var polledInodes: Set<Int> {
        var inodes: Set<Int> = []
        for (number, target) in descriptors where target == "anon_inode:[eventpoll]" {
            for line in Self.text("/proc/\(pid)/fdinfo/\(number)").split(separator: "\n") {
                let words = line.split(separator: " ", omittingEmptySubsequences: true)
                let place = words.firstIndex { $0.hasPrefix("ino:") }
                guard line.hasPrefix("tfd:"), let place else { continue }
                let digits = words[place].dropFirst(4)
                if let inode = Int(digits.isEmpty ? words[place + 1] : digits, radix: 16) {
                    inodes.insert(inode)
                }
            }
        }
        return inodes
    }

    /// How much is in each of its epoll sets.
    public var polledCounts: [Int] {
        descriptors.filter { $0.value == "anon_inode:[eventpoll]" }.map { number, _ in
            Self.text("/proc/\(pid)/fdinfo/\(number)").split(separator: "\n")
                .count { $0.hasPrefix("tfd:") }
        }
    }

    /// The words of a line of /proc/PID/status, such as `Uid`; empty if there is none.
    public func statusWords(_ name: String) -> [String] {
        let line = Self.text("/proc/\(pid)/status").split(separator: "\n")
            .first { $0.hasPrefix("\(name):") }
        return line.map { line in
            line.dropFirst(name.count + 1).split { $0.isWhitespace }.map(String.init)
        } ?? []
    }

    /// Sum over its threads: how often it waited.
    public var voluntarySwitches: Int { sumOverThreads("voluntary_ctxt_switches:") }

    /// When it was started, in ticks since boot: tells a process from a later one of that pid.
    public var startTicks: Int? { statFields.flatMap { Int($0[19]) } }

    /// User and system time of the process, in clock ticks (10 ms).
    public var cpuTicks: Int {
        guard let fields = statFields else { return 0 }
        return (Int(fields[11]) ?? 0) + (Int(fields[12]) ?? 0)
    }

    /// Resident memory, in KiB.
    public var residentKiB: Int { Self.number("VmRSS:", in: "/proc/\(pid)/status") ?? 0 }

    /// Proportional share of memory, in KiB.
    public var proportionalKiB: Int { Self.number("Pss:", in: "/proc/\(pid)/smaps_rollup") ?? 0 }

    /// Processes whose parent it is, zombies too.
    public var children: [Int] {
        let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return all.compactMap { Int($0) }.filter {
            ProcessInspection(pid: $0).statFields.map { Int($0[1]) } == pid
        }.sorted()
    }

    public var zombies: [Int] { children.filter { ProcessInspection(pid: $0).state == "Z" } }

    /// Inodes of all TCP sockets that listen, with their port.
    public static func listeningSockets() -> [Int: Int] {
        var result: [Int: Int] = [:]
        // Twice: a line can be skipped while the table changes between two reads of the file.
        for file in ["/proc/net/tcp", "/proc/net/tcp6", "/proc/net/tcp"] {
            for words in listeningLines(file) {
                guard words.count > 9, let inode = Int(words[9]),
                    let port = Int(words[1].split(separator: ":").last ?? "", radix: 16)
                else { continue }
                result[inode] = port
            }
        }
        return result
    }

    /// The words of the first lines, those of sockets that listen: what follows may be long.
    private static func listeningLines(_ path: String) -> [[Substring]] {
        guard let file = FileHandle(forReadingAtPath: path) else { return [] }
        var listening: [[Substring]] = []
        var rest = ""
        while let piece = try? file.read(upToCount: 4096), !piece.isEmpty {
            var lines = (rest + String(decoding: piece, as: UTF8.self))
                .split(separator: "\n", omittingEmptySubsequences: false)
            // A piece may end within a line.
            rest = lines.popLast().map(String.init) ?? ""
            for line in lines {
                let words = line.split(separator: " ", omittingEmptySubsequences: true)
                if words.first == "sl" { continue }
                guard words.count > 3, words[3] == "0A" else { return listening }
                listening.append(words)
            }
        }
        return listening
    }

    /// The inode of the socket that listens on that port; nil if none does.
    public static func listeningInode(port: Int) -> Int? {
        listeningSockets().first { $0.value == port }?.key
    }

    private static func socketInode(_ target: String) -> Int? {
        guard target.hasPrefix("socket:[") else { return nil }
        return Int(target.dropFirst(8).dropLast())
    }

    /// Fields of /proc/PID/stat from the third, the state, on.
    private var statFields: [String]? {
        let text = Self.text("/proc/\(pid)/stat")
        guard let end = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ").map(String.init)
        return fields.count > 20 ? fields : nil
    }

    private func sumOverThreads(_ name: String) -> Int {
        let folder = "/proc/\(pid)/task"
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return threads.reduce(0) { $0 + (Self.number(name, in: "\(folder)/\($1)/status") ?? 0) }
    }

    private static func number(_ name: String, in file: String) -> Int? {
        for line in text(file).split(separator: "\n") where line.hasPrefix(name) {
            return Int(line.dropFirst(name.count).trimmed.prefix { $0.isNumber })
        }
        return nil
    }

    /// To its end: of a file of the kernel each read brings a page at most.
    static func text(_ path: String) -> String {
        var bytes = Data()
        if let file = FileHandle(forReadingAtPath: path) {
            while let piece = try? file.read(upToCount: 1 << 16), !piece.isEmpty {
                bytes += piece
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
