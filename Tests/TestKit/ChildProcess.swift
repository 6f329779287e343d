// Processes that a test starts: own process group, output in files, always ended.

internal import Foundation
internal import Glibc
internal import Synchronization

/// How a process ended.
public enum ProcessEnd: Sendable, Equatable {
    case code(Int32)
    case signal(Int32)

    init(waitStatus status: Int32) {
        self = status & 0x7F == 0 ? .code(status >> 8 & 0xFF) : .signal(status & 0x7F)
    }
}

/// A program that could not be started.
public struct SpawnFailure: Error {
    public let path: String
    public let errno: Int32
}

/// A started program. Its group is killed when the last reference goes.
public final class ChildProcess: Sendable {
    public let pid: Int32
    public let outputPath: String
    public let errorPath: String
    private let end = Mutex<ProcessEnd?>(nil)

    /// Standard output and error go to `NAME.out` and `NAME.err` in `directory`; all three to
    /// `terminal`, if there is one. `descriptors`, numbers of ours, are passed under the numbers that
    /// are their keys, which are none of ours.
    public init(
        _ path: String, _ arguments: [String], name: String = "process",
        directory: TemporaryDirectory, environment: [String: String] = [:],
        changes: Bool = true, terminal: String? = nil, descriptors: [Int32: Int32] = [:]
    ) throws {
        outputPath = directory.path("\(name).out")
        errorPath = directory.path("\(name).err")
        var full = changes ? ProcessInfo.processInfo.environment : [:]
        full.merge(environment) { $1 }
        pid = try Self.spawn(
            path, [path] + arguments, full.map { "\($0)=\($1)" }, input: terminal ?? "/dev/null",
            output: terminal ?? outputPath, error: terminal ?? errorPath, descriptors)
    }

    deinit { killGroup() }

    public var output: String { Self.text(outputPath) }
    public var errorOutput: String { Self.text(errorPath) }

    /// Nil while it runs.
    public var ended: ProcessEnd? {
        end.withLock { end in
            if let end { return end }
            var status: Int32 = 0
            // SAFETY: waitpid writes one int.
            if unsafe waitpid(pid, &status, WNOHANG) == pid {
                end = ProcessEnd(waitStatus: status)
            }
            return end
        }
    }

    public var isRunning: Bool { ended == nil }

    public func waitForEnd(within seconds: Double = 10) throws -> ProcessEnd {
        try eventually("process \(pid) to end", within: seconds) { ended }
    }

    public func signal(_ number: Int32) {
        end.withLock { if $0 == nil { _ = kill(pid, number) } }
    }

    /// SIGKILL to the whole group, and reaping.
    public func killGroup() {
        let isOver = end.withLock { $0 != nil }
        _ = kill(-pid, SIGKILL)
        if !isOver { _ = try? waitForEnd(within: 5) }
    }

    private static func text(_ path: String) -> String {
        String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    }

    private static func spawn(
        _ path: String, _ arguments: [String], _ environment: [String],
        input: String, output: String, error: String, _ descriptors: [Int32: Int32]
    ) throws -> Int32 {
        var actions = unsafe posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        unsafe posix_spawn_file_actions_init(&actions)
        unsafe posix_spawnattr_init(&attributes)
        defer {
            unsafe posix_spawn_file_actions_destroy(&actions)
            unsafe posix_spawnattr_destroy(&attributes)
        }
        let create = O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY
        // SAFETY: initialised above; the strings are copied by the calls.
        unsafe posix_spawn_file_actions_addopen(&actions, 0, input, O_RDWR | O_NOCTTY, 0)
        unsafe posix_spawn_file_actions_addopen(&actions, 1, output, create, 0o644)
        unsafe posix_spawn_file_actions_addopen(&actions, 2, error, create, 0o644)
        for (number, own) in descriptors {
            unsafe posix_spawn_file_actions_adddup2(&actions, own, number)
        }
        var none = sigset_t()
        unsafe sigemptyset(&none)
        unsafe posix_spawnattr_setsigmask(&attributes, &none)
        unsafe posix_spawnattr_setpgroup(&attributes, 0)
        unsafe posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK))
        let argumentPointers = unsafe arguments.map { unsafe strdup($0) } + [nil]
        let environmentPointers = unsafe environment.map { unsafe strdup($0) } + [nil]
        defer {
            unsafe (argumentPointers + environmentPointers).forEach { unsafe free($0) }
        }
        var pid: pid_t = 0
        // SAFETY: both arrays end with nil and live until after the call.
        let result = unsafe posix_spawnp(
            &pid, path, &actions, &attributes, argumentPointers, environmentPointers)
        guard result == 0 else { throw SpawnFailure(path: path, errno: result) }
        return pid
    }
}

/// What a program that ran to its end left.
public struct CommandResult: Sendable, CustomStringConvertible {
    public var end: ProcessEnd
    public var output: String
    public var errorOutput: String

    public var code: Int32? { if case .code(let code) = end { code } else { nil } }
    public var json: JSONValue { (try? JSONValue(parsing: Array(output.utf8))) ?? .missing }
    public var description: String { "\(end)\n\(output)\n\(errorOutput)" }

    /// Runs a program to its end.
    public static func run(
        _ path: String, _ arguments: [String], environment: [String: String] = [:],
        within seconds: Double = 20
    ) throws -> CommandResult {
        let directory = try TemporaryDirectory()
        let process = try ChildProcess(
            path, arguments, directory: directory, environment: environment)
        let end = try process.waitForEnd(within: seconds)
        return CommandResult(
            end: end, output: process.output, errorOutput: process.errorOutput)
    }
}
