// Starting, signalling and reaping processes. Between clone and exec only C runs (`clinux_spawn`);
// the Swift runtime is never forked. Used by the master's loop; spawning waits for the exec.

internal import CLinux
internal import Glibc

/// How a process ended (waitid(2)).
public enum ExitStatus: Sendable, Equatable, CustomStringConvertible {
    /// exit(3) with this code, 0…255.
    case code(Int32)
    /// Killed by this signal.
    case signal(Int32, coreDumped: Bool)

    public var description: String {
        switch self {
        case .code(let code): "exit code \(code)"
        case .signal(let signal, let coreDumped):
            "signal \(signal)\(coreDumped ? " (core dumped)" : "")"
        }
    }
}

/// A handle on one process that survives the reuse of its number (pidfd_open(2)).
/// Readable (for epoll) once the process has ended.
public struct ProcessDescriptor: ~Copyable, Sendable {
    private let descriptor: FileDescriptor
    /// The process id, which may name another process once this one was reaped.
    public let pid: Int32

    init(owning rawValue: Int32, pid: Int32) {
        descriptor = FileDescriptor(owning: rawValue)
        self.pid = pid
    }

    /// A handle on a process that runs already, such as a worker of an earlier master.
    public init(pid: Int32) throws(SystemError) {
        self.init(owning: try check(clinux_pidfd_open(pid), "pidfd_open"), pid: pid)
    }

    /// To be added to a poll set.
    public var rawValue: Int32 { descriptor.rawValue }

    /// Sends a signal; ESRCH: it ended and was reaped. 0 only asks whether it is there.
    public borrowing func send(signal: Int32) throws(SystemError) {
        try check(
            clinux_pidfd_signal(descriptor.rawValue, signal), "pidfd_send_signal")
    }

    /// Reaps the process if it has ended; nil while it runs. Only of a child; ECHILD otherwise.
    public borrowing func reap() throws(SystemError) -> ExitStatus? {
        try reap(block: false)
    }

    /// Waits until the process has ended, and reaps it. For tests and for the program's end.
    public borrowing func waitUntilEnd() throws(SystemError) -> ExitStatus {
        while true {
            if let status = try reap(block: true) { return status }
        }
    }

    private borrowing func reap(block: Bool) throws(SystemError) -> ExitStatus? {
        var status = clinux_exit()
        // SAFETY: the callee writes the record during the call only.
        let result = unsafe clinux_pidfd_reap(descriptor.rawValue, block ? 1 : 0, &status)
        guard try check(result, "waitid") == 1 else { return nil }
        return status.is_signal == 0
            ? .code(status.value)
            : .signal(status.value, coreDumped: status.core_dumped != 0)
    }
}

/// A process that we started.
public enum ChildProcess {
    /// One entry of the spawn map.
    public struct Mapping: Sendable, Equatable {
        /// The number in this process; borrowed.
        public var source: Int32
        /// The number in the child; 0…1023, each at most once.
        public var target: Int32

        public init(_ source: Int32, as target: Int32) {
            self.source = source
            self.target = target
        }
    }

    /// What to start.
    public struct Request: Sendable {
        /// Absolute, or relative to the working directory; PATH is not searched.
        public var path: String
        /// From argv[0] on.
        public var arguments: [String]
        /// `NAME=value`; nothing else is inherited.
        public var environment: [String]
        /// The only descriptors the child gets, whatever their close-on-exec flags. Where 0, 1 or
        /// 2 is not among the targets it is /dev/null.
        public var descriptors: [Mapping]
        /// The child leads a process group of its own, out of a terminal's signals.
        public var newProcessGroup: Bool

        public init(
            path: String, arguments: [String], environment: [String] = [],
            descriptors: [Mapping] = [], newProcessGroup: Bool = false
        ) {
            self.path = path
            self.arguments = arguments
            self.environment = environment
            self.descriptors = descriptors
            self.newProcessGroup = newProcessGroup
        }
    }

    /// Starts a process and returns when its program was loaded. Signals are unblocked and at
    /// their defaults in it; it outlives us.
    ///
    /// - Throws: the step that failed, in whichever process, with its errno: `execve PATH` with
    ///   ENOENT for a missing program, `clone` with EAGAIN, `dup` with EBADF or EMFILE. Nothing
    ///   is left over then. EINVAL: more than 253 mappings, a bad or repeated target, a NUL.
    public static func spawn(_ request: Request) throws(SystemError) -> ProcessDescriptor {
        let sources = request.descriptors.map(\.source)
        let targets = request.descriptors.map(\.target)
        let strings = [request.path] + request.arguments + request.environment
        guard Set(targets).count == targets.count, targets.allSatisfy({ 0..<1024 ~= $0 }),
            sources.allSatisfy({ $0 >= 0 }), !strings.contains(where: { $0.utf8.contains(0) })
        else {
            throw SystemError(call: "spawn", errno: EINVAL)
        }

        var pid: Int32 = -1
        var pidfd: Int32 = -1
        var step = CLINUX_SPAWN_STACK
        // SAFETY: all strings and arrays are valid for the closures' time; the callee and the
        // child, which shares our memory until its exec and makes us wait for that, only read.
        let result = unsafe withCStrings(request.arguments) { arguments in
            unsafe withCStrings(request.environment) { environment in
                unsafe request.path.withCString { path in
                    unsafe sources.withUnsafeBufferPointer { sources in
                        unsafe targets.withUnsafeBufferPointer { targets in
                            var spawn = unsafe clinux_spawn(
                                path: path, arguments: arguments, environment: environment,
                                sources: sources.baseAddress, targets: targets.baseAddress,
                                map_count: sources.count,
                                new_process_group: request.newProcessGroup ? 1 : 0)
                            return unsafe clinux_spawn(&spawn, &pid, &pidfd, &step)
                        }
                    }
                }
            }
        }
        try check(result, name(of: step, path: request.path))
        return ProcessDescriptor(owning: pidfd, pid: pid)
    }

    /// Makes orphans of our children ours (prctl(2), PR_SET_CHILD_SUBREAPER).
    public static func becomeSubreaper() throws(SystemError) {
        try check(clinux_set_subreaper(), "prctl PR_SET_CHILD_SUBREAPER")
    }

    private static func name(of step: clinux_spawn_step, path: String) -> String {
        switch step {
        case CLINUX_SPAWN_STACK: "mmap"
        case CLINUX_SPAWN_CLONE: "clone"
        case CLINUX_SPAWN_DEV_NULL: "open /dev/null"
        case CLINUX_SPAWN_DESCRIPTORS: "dup"
        case CLINUX_SPAWN_PROCESS_GROUP: "setpgid"
        case CLINUX_SPAWN_SIGNALS: "sigprocmask"
        default: "execve \(path)"
        }
    }

    /// The vector that execve(2) wants: pointers to terminated strings, then a null pointer.
    private static func withCStrings<Result>(
        _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>?) -> Result
    ) -> Result {
        var bytes: [CChar] = []
        var starts: [Int] = []
        for string in strings {
            starts.append(bytes.count)
            bytes.append(contentsOf: string.utf8.map { CChar(bitPattern: $0) })
            bytes.append(0)
        }
        // SAFETY: every start is an index of `bytes`, which does not change in the closure; the
        // vector is never empty, so it has an address.
        return unsafe bytes.withUnsafeMutableBufferPointer { buffer in
            var vector = unsafe starts.map { unsafe buffer.baseAddress?.advanced(by: $0) }
            unsafe vector.append(nil)
            return unsafe vector.withUnsafeBufferPointer { unsafe body($0.baseAddress) }
        }
    }
}
