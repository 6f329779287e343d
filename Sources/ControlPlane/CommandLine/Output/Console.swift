// What the program prints, and whether somebody looks at it. Text that came from elsewhere is
// cleaned before a terminal sees it.

import FoundationEssentials
import Glibc

enum Console {
    static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    /// Colours: on a terminal, unless NO_COLOR is set and not empty (no-color.org) or the terminal
    /// is a dumb one.
    static var hasColour: Bool { isLive && wantsColour }
    static var hasErrorColour: Bool { isErrorLive && wantsColour }

    /// What was written to stdout can be written over.
    static var isLive: Bool { isTerminal && !isDumb }

    /// The same of stderr.
    static var isErrorLive: Bool { isatty(STDERR_FILENO) == 1 && !isDumb }

    private static var wantsColour: Bool { (Surroundings.environment["NO_COLOR"] ?? "").isEmpty }
    private static var isDumb: Bool { (Surroundings.environment["TERM"] ?? "dumb") == "dumb" }

    static func output(_ text: String) {
        write(Array((text.hasSuffix("\n") ? text : text + "\n").utf8), to: STDOUT_FILENO)
    }

    static func output(bytes: [UInt8]) {
        write(bytes, to: STDOUT_FILENO)
    }

    static func error(_ text: String) {
        write(Array((text.hasSuffix("\n") ? text : text + "\n").utf8), to: STDERR_FILENO)
    }

    /// As it is, without an end of line.
    static func errorPart(_ text: String) {
        write(Array(text.utf8), to: STDERR_FILENO)
    }

    /// A reader that went away (`| head`) is no failure worth words.
    private static func write(_ bytes: [UInt8], to descriptor: Int32) {
        let file = FileHandleBytes(descriptor: descriptor)
        file.write(bytes)
    }
}

/// A descriptor of the process that is written to the end.
private struct FileHandleBytes {
    let descriptor: Int32

    func write(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            // SAFETY: the slice outlives the call, and its own count bounds it.
            let count = unsafe rest.withUnsafeBytes {
                unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR {
                return
            }
        }
    }
}
