// Runs of `StoreWriter` on copies of one directory, each with a fault at one system call.

import Foundation
import TestKit

@testable import Store
@testable import StoreWriter

struct CrashRun: CustomStringConvertible {
    enum Fault: CaseIterable {
        case killed, diskFull, diskError

        /// For strace(1), of the k-th call. A full disk stays full; an error may be the only one.
        func rule(_ point: Point) -> String {
            switch self {
            case .killed: "\(point.call):signal=SIGKILL:when=\(point.number)"
            case .diskFull: "\(point.call):error=ENOSPC:when=\(point.number)+"
            case .diskError: "\(point.call):error=EIO:when=\(point.number)"
            }
        }
    }
    /// The number-th call of that name changes the directory.
    struct Point {
        var call: String
        var number: Int
    }
    struct Outcome {
        var isInjected: Bool
        var said: Set<StoreCall>
        var faults: [String]
    }

    /// A run without a fault did not end well.
    struct WriterFailed: Error {
        var description: String
    }

    /// Those that change a file, by the names they have on any machine.
    private static let calls =
        "?open,openat,?creat,write,writev,pwrite64,pwritev,fsync,fdatasync,ftruncate,fallocate,"
        + "?rename,renameat,renameat2,?unlink,unlinkat,?link,linkat,?mkdir,mkdirat,fchmod"

    private let directory: TemporaryDirectory
    private let wasUsed: Bool
    private let arguments: [String]

    var description: String { wasUsed ? "a used store" : "a fresh store" }
    private var prepared: String { directory.path("prepared") }
    private var copy: String { directory.path("copy") }

    init(wasUsed: Bool, arguments: [String] = []) throws {
        directory = try TemporaryDirectory()
        self.wasUsed = wasUsed
        self.arguments = arguments
        let first = directory.path("first")
        try FileManager.default.createDirectory(
            atPath: first, withIntermediateDirectories: false)
        guard wasUsed else {
            try FileManager.default.moveItem(atPath: first, toPath: prepared)
            return
        }
        let store = try Store.open(directory: first)
        try StoreVerdict.use(store)
        // As a kill would leave it.
        try FileManager.default.copyItem(atPath: first, toPath: prepared)
        try store.close()
    }

    /// Where a fault could be, as a run without one shows.
    func points() throws -> [Point] {
        let (result, trace) = try write([])
        guard result.code == 0 else { throw WriterFailed(description: "\(result)") }
        var counts: [String: Int] = [:]
        var points: [Point] = []
        for line in trace.split(separator: "\n") {
            let words = line.drop { $0.isNumber || $0 == " " }
            guard let bracket = words.firstIndex(of: "(") else { continue }
            let call = String(words[..<bracket])
            counts[call, default: 0] += 1
            let isOpening = call.hasPrefix("open")
            if words.contains(copy), !isOpening || words.contains("O_CREAT") {
                points.append(Point(call: call, number: counts[call, default: 0]))
            }
        }
        return points
    }

    func outcome(of fault: Fault, at point: Point) throws -> Outcome {
        let (result, trace) = try write(["-e", "inject=\(fault.rule(point))"])
        let said = result.output.split(separator: "\n").compactMap {
            StoreCall(rawValue: String($0))
        }
        // strace ends as its program did.
        let isInjected =
            fault == .killed ? result.end == .signal(9) : trace.contains("(INJECTED)")
        let verdict = StoreVerdict(directory: copy, said: Set(said), wasUsed: wasUsed)
        return Outcome(isInjected: isInjected, said: Set(said), faults: verdict.faults)
    }

    private func write(_ rule: [String]) throws -> (CommandResult, trace: String) {
        try? FileManager.default.removeItem(atPath: copy)
        try FileManager.default.copyItem(atPath: prepared, toPath: copy)
        let trace = directory.path("trace")
        let result = try CommandResult.run(
            "strace",
            ["-f", "-y", "-o", trace, "-e", "trace=\(Self.calls)"] + rule
                + [Programs.storeWriter, copy] + arguments)
        return (result, try String(contentsOfFile: trace, encoding: .utf8))
    }
}
