// A terminal without a person: a program gets one end as its input and output, the test has the
// other (pty(7)).

internal import Glibc
internal import Synchronization

/// A pseudo-terminal of a given size.
public final class PseudoTerminal: Sendable {
    /// Of the end that a program gets.
    public let path: String
    private let descriptor: Int32
    private let seen = Mutex<[UInt8]>([])

    public init(lines: UInt16 = 24, columns: UInt16 = 80) throws {
        // SAFETY: open reads a path with a zero at its end, which a literal has.
        descriptor = unsafe open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw SocketFailure(call: "ptmx", errno: errno) }
        var locked: Int32 = 0
        var number: UInt32 = 0
        // SAFETY: both ioctls take one int (ioctl_tty(2)).
        guard unsafe ioctl(descriptor, Self.setLock, &locked) == 0,
            unsafe ioctl(descriptor, Self.getNumber, &number) == 0
        else { throw SocketFailure(call: "unlock of a pty", errno: errno) }
        path = "/dev/pts/\(number)"
        var size = winsize(ws_row: lines, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        // SAFETY: the ioctl reads the structure.
        guard unsafe ioctl(descriptor, UInt(TIOCSWINSZ), &size) == 0 else {
            throw SocketFailure(call: "TIOCSWINSZ", errno: errno)
        }
    }

    /// TIOCSPTLCK and TIOCGPTN, which are macros with a type in them.
    private static let setLock: UInt = 0x4004_5431
    private static let getNumber: UInt = 0x8004_5430

    deinit { Glibc.close(descriptor) }

    /// Starts a program whose input, output and errors are this terminal.
    public func start(
        _ program: String, _ arguments: [String], directory: TemporaryDirectory,
        environment: [String: String] = [:]
    ) throws -> ChildProcess {
        try ChildProcess(
            program, arguments, directory: directory,
            environment: environment.merging(["TERM": "xterm"]) { mine, _ in mine },
            terminal: path)
    }

    /// What was written to it so far.
    public var output: String {
        seen.withLock { seen in
            var bytes = [UInt8](repeating: 0, count: 65_536)
            while true {
                // SAFETY: the count is that of the array.
                let count = unsafe read(descriptor, &bytes, bytes.count)
                guard count > 0 else { break }
                seen += bytes.prefix(count)
            }
            return String(decoding: seen, as: UTF8.self)
        }
    }

    /// Presses keys.
    public func type(_ keys: String) {
        let bytes = Array(keys.utf8)
        // SAFETY: the count is that of the array.
        _ = unsafe write(descriptor, bytes, bytes.count)
    }

    /// Whether keys are shown, and gathered to lines: how a terminal is left.
    public var isOrdinary: Bool {
        var settings = termios()
        // SAFETY: tcgetattr fills the structure.
        guard unsafe tcgetattr(descriptor, &settings) == 0 else { return false }
        let flags = tcflag_t(ICANON | ECHO | ISIG)
        return settings.c_lflag & flags == flags
    }
}
