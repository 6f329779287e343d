// What /proc tells of processes (proc(5)): when one began, what program it is, who has a port.
// Reads files of the kernel, some of them many; not for the loop where it looks at all processes.

internal import Foundation
internal import Model
internal import Syscalls

enum ProcessFacts {
    /// In clock ticks since boot; with the pid it names a process for good. Nil: no such process.
    static func startTicks(pid: Int32) -> Int64? {
        guard let bytes = try? Files.read("/proc/\(pid)/stat", maxBytes: 4096) else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        // The second field, the program's name in parentheses, may contain anything.
        guard let end = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ")
        return fields.count > 19 ? Int64(fields[19]) : nil
    }

    static func bootID() -> String {
        let bytes = try? Files.read("/proc/sys/kernel/random/boot_id", maxBytes: 256)
        return String(decoding: bytes ?? [], as: UTF8.self).filter { !$0.isWhitespace }
    }

    /// The effective capabilities of this process, a bit each; nil: not to be seen.
    static func ownCapabilities() -> UInt64? {
        guard let bytes = try? Files.read("/proc/self/status", maxBytes: 65_536) else { return nil }
        let prefix = "CapEff:"
        let line = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
            .first { $0.hasPrefix(prefix) }
        return line.flatMap {
            UInt64($0.dropFirst(prefix.count).trimmingCharacters(in: .whitespaces), radix: 16)
        }
    }

    /// Whether a process runs the program of that name. Where that is not for us to see (a worker of
    /// another user, to a root without CAP_SYS_PTRACE), what it calls itself decides.
    static func isProgram(_ name: String, pid: Int32) -> Bool {
        guard let path = link("/proc/\(pid)/exe") else {
            return command(pid: pid).map { isCommand($0, of: name) } ?? false
        }
        return self.name(ofProgram: path) == name
    }

    /// The kernel keeps 15 bytes of a program's name (TASK_COMM_LEN, proc(5)).
    static func isCommand(_ command: String, of program: String) -> Bool {
        command == String(decoding: program.utf8.prefix(15), as: UTF8.self)
    }

    /// The last part of the program's path, or what the process calls itself.
    private static func programName(pid: Int32) -> String? {
        link("/proc/\(pid)/exe").flatMap(name(ofProgram:)) ?? command(pid: pid)
    }

    /// Without the mark of a file that was replaced.
    private static func name(ofProgram path: String) -> String? {
        let name = path.split(separator: "/").last.map(String.init)
        return name?.replacing(" (deleted)", with: "")
    }

    /// What the process calls itself, at most 15 bytes.
    private static func command(pid: Int32) -> String? {
        guard let bytes = try? Files.read("/proc/\(pid)/comm", maxBytes: 256) else { return nil }
        return String(decoding: bytes, as: UTF8.self).filter { !$0.isNewline }
    }

    /// Who listens on the port of an address, or at a unix socket's, as far as this user may know:
    /// `nginx (pid 812)`.
    static func holder(of address: ListenAddress) -> String? {
        let inodes: Set<String> =
            switch address {
            case .internet(let address): listeningInodes(port: address.port)
            case .unix(let address): listeningInodes(name: address.name)
            case .passed: []
            }
        if inodes.isEmpty { return nil }
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        for pid in entries.compactMap({ Int32($0) }) where holds(pid: pid, inodes) {
            return "\(programName(pid: pid) ?? "a process") (pid \(pid))"
        }
        return nil
    }

    /// Inodes of sockets in state LISTEN on the port. The kernel writes those first, before what
    /// may be a hundred thousand connections (tcp_seq_start), so the rest is not looked at.
    private static func listeningInodes(port: UInt16) -> Set<String> {
        var inodes: Set<String> = []
        for path in ["/proc/net/tcp", "/proc/net/tcp6"] {
            guard let table = FileHandle(forReadingAtPath: path),
                let bytes = try? table.read(upToCount: 1 << 18)
            else { continue }
            for line in bytes.split(separator: UInt8(ascii: "\n")).dropFirst() {
                let fields = String(decoding: line, as: UTF8.self).split(separator: " ")
                guard fields.count > 9, fields[3] == "0A" else { break }
                let digits = fields[1].split(separator: ":").last
                if let digits, UInt16(digits, radix: 16) == port {
                    inodes.insert("socket:[\(fields[9])]")
                }
            }
        }
        return inodes
    }

    /// The sixth word is the state, the seventh the inode, and the name the rest (proc(5)).
    private static func listeningInodes(name: String) -> Set<String> {
        let isListening = "00010000"
        guard let bytes = try? Files.read("/proc/net/unix", maxBytes: 1 << 22) else { return [] }
        var inodes: Set<String> = []
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            let words = String(decoding: line, as: UTF8.self)
                .split(separator: " ", maxSplits: 7, omittingEmptySubsequences: true)
            guard words.count == 8, words[3] == isListening, words[7] == name else { continue }
            inodes.insert("socket:[\(words[6])]")
        }
        return inodes
    }

    private static func holds(pid: Int32, _ inodes: Set<String>) -> Bool {
        let folder = "/proc/\(pid)/fd"
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return entries.contains { entry in
            link("\(folder)/\(entry)").map(inodes.contains) ?? false
        }
    }

    private static func link(_ path: String) -> String? {
        try? FileManager.default.destinationOfSymbolicLink(atPath: path)
    }
}
