// The terminal while `apus top` has it: a second screen, no cursor, keys without echo. It is given
// back however the command ends, by a signal too. Main thread, except for `restore`.

import Clock
import Glibc
import Synchronization

/// What a terminal was before, as long as it is changed.
final class Screen: Sendable {
    private let before = Mutex<termios?>(nil)

    /// Nil unless both ends are one.
    init?() {
        guard isatty(STDIN_FILENO) == 1, Console.isLive else { return nil }
        var settings = termios()
        // SAFETY: tcgetattr fills the structure, and its answer is looked at.
        guard unsafe tcgetattr(STDIN_FILENO, &settings) == 0 else { return nil }
        before.withLock { $0 = settings }
        // Keys come one by one and unseen; Ctrl-C and Ctrl-Z are keys, so nothing leaves it half.
        settings.c_lflag &= ~tcflag_t(ICANON | ECHO | ISIG)
        // SAFETY: the structure is the one that was read, changed in two flags.
        guard unsafe tcsetattr(STDIN_FILENO, TCSANOW, &settings) == 0 else { return nil }
        Console.output(bytes: Array("\u{1B}[?1049h\u{1B}[?25l".utf8))
    }

    /// As often as one likes, from any thread.
    func restore() {
        before.withLock { settings in
            guard var old = settings else { return }
            settings = nil
            Console.output(bytes: Array("\u{1B}[?25h\u{1B}[?1049l".utf8))
            // SAFETY: the settings that the terminal had.
            unsafe tcsetattr(STDIN_FILENO, TCSANOW, &old)
        }
    }

    deinit { restore() }

    /// Over what was there, line by line, so that nothing flickers.
    func draw(_ text: String) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let whole =
            "\u{1B}[H" + lines.map { "\($0)\u{1B}[K" }.joined(separator: "\r\n") + "\u{1B}[J"
        before.withLock { if $0 != nil { Console.output(bytes: Array(whole.utf8)) } }
    }

    var size: TopFrame.Size {
        var size = winsize()
        // SAFETY: the ioctl fills the structure (ioctl_tty(2)).
        guard unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_row > 0,
            size.ws_col > 0
        else { return TopFrame.Size(lines: 24, columns: 80) }
        return TopFrame.Size(lines: Int(size.ws_row), columns: Int(size.ws_col))
    }

    enum Key { case end, none }

    /// Waits for a key, at most so long. A terminal that is gone is an end, too.
    func key(within limit: Duration) -> Key {
        var entry = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
        // SAFETY: one entry, and the count says so.
        guard unsafe poll(&entry, 1, limit.timeoutMilliseconds) > 0 else { return .none }
        var byte: UInt8 = 0
        // SAFETY: one byte of room, and the count says so.
        guard unsafe read(STDIN_FILENO, &byte, 1) == 1 else { return .end }
        let ends: [UInt8] = [UInt8(ascii: "q"), UInt8(ascii: "Q"), 3, 4]
        return ends.contains(byte) ? .end : .none
    }
}
