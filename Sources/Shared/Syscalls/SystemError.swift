// The one error of the environment: which call failed, and how. Pure value, any thread.

internal import CLinux

/// A system call that failed. Prints as `bind: Address already in use (EADDRINUSE)`.
public struct SystemError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The call's name, with its object where that helps: `open /var/log/apus.log`.
    public var call: String
    /// Positive, from errno(3).
    public var errno: Int32

    /// An error known from elsewhere, or made for a test.
    public init(call: String, errno: Int32) {
        self.call = call
        self.errno = errno
    }

    /// The symbol of the errno: `EADDRINUSE`.
    public var name: String { unsafe Self.text(clinux_error_name(errno)) }

    public var description: String {
        let text = unsafe Self.text(clinux_error_text(errno))
        return "\(call): \(text) (\(name))"
    }

    private static func text(_ pointer: UnsafePointer<CChar>?) -> String {
        // SAFETY: clinux_error_name and clinux_error_text return constant, terminated strings.
        guard let pointer = unsafe pointer else { return "" }
        return unsafe String(cString: pointer)
    }
}

/// The value of a C wrapper, or its negative errno as an error.
@discardableResult
func check(_ result: Int32, _ call: @autoclosure () -> String) throws(SystemError) -> Int32 {
    if result < 0 { throw SystemError(call: call(), errno: -result) }
    return result
}

/// The same for calls that count bytes.
@discardableResult
func check(_ result: Int, _ call: @autoclosure () -> String) throws(SystemError) -> Int {
    if result < 0 { throw SystemError(call: call(), errno: Int32(clamping: -result)) }
    return result
}
