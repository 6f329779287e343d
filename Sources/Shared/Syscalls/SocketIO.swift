// Bytes of connections: the hot path's calls, one system call each, never waiting, never throwing.
// The loop's own thread. Measured by the benchmarks of the data plane.

internal import CLinux
public import Glibc

/// What a call on a connection gave: a count, or an errno. One word.
@frozen
public struct IOResult: Sendable, Equatable {
    /// The count, or the negative errno.
    public let rawValue: Int

    @inlinable
    public init(_ rawValue: Int) {
        self.rawValue = rawValue
    }

    /// Bytes, or a descriptor; negative if the call failed.
    @inlinable
    public var value: Int { rawValue }

    /// Whether the call failed; then `errno` says how.
    @inlinable
    public var isError: Bool { rawValue < 0 }

    /// Positive, 0 if the call did not fail.
    @inlinable
    public var errno: Int32 { rawValue < 0 ? Int32(truncatingIfNeeded: 0 &- rawValue) : 0 }

    /// Nothing there or no room now: wait for readiness.
    @inlinable
    public var wouldBlock: Bool { rawValue == -Int(EAGAIN) }

    /// Of a receive with room: the peer sends no more.
    @inlinable
    public var isEnd: Bool { rawValue == 0 }
}

/// recv(2) and send(2) on non-blocking sockets. Interrupted calls are repeated; no SIGPIPE.
public enum SocketIO {
    /// Receives up to `count` bytes.
    @unsafe
    public static func receive(
        _ fd: Int32, into bytes: UnsafeMutableRawPointer, count: Int
    ) -> IOResult {
        // SAFETY: the caller owns `count` bytes there; the callee keeps no pointer.
        unsafe IOResult(clinux_receive(fd, bytes, count))
    }

    /// Receives up to the span's size. An empty span is a fault of the caller: 0 means the end.
    public static func receive(_ fd: Int32, into bytes: inout MutableRawSpan) -> IOResult {
        // SAFETY: the span's memory is valid for the closure's time.
        unsafe bytes.withUnsafeMutableBytes { buffer in
            guard let start = buffer.baseAddress else { return IOResult(-Int(EINVAL)) }
            return unsafe IOResult(clinux_receive(fd, start, buffer.count))
        }
    }

    /// The same into a span of bytes.
    public static func receive(_ fd: Int32, into bytes: inout MutableSpan<UInt8>) -> IOResult {
        // SAFETY: the span's memory is valid for the closure's time.
        unsafe bytes.withUnsafeMutableBytes { buffer in
            guard let start = buffer.baseAddress else { return IOResult(-Int(EINVAL)) }
            return unsafe IOResult(clinux_receive(fd, start, buffer.count))
        }
    }

    /// Looks at one byte without taking it: whether an idle connection is still silent
    /// (`wouldBlock`), ended (`isEnd`), failed, or has said something unasked (1).
    public static func peek(_ fd: Int32) -> IOResult {
        var byte: UInt8 = 0
        // SAFETY: the callee writes at most one byte during the call.
        return unsafe IOResult(clinux_peek(fd, &byte, 1))
    }

    /// How many of the bytes that were sent the peer's kernel has not acknowledged (SIOCOUTQ,
    /// tcp(7)).
    public static func unacknowledged(_ fd: Int32) -> IOResult {
        IOResult(clinux_unacknowledged(fd))
    }

    /// Sends up to `count` bytes. `more`: further bytes follow at once (MSG_MORE).
    @unsafe
    public static func send(
        _ fd: Int32, from bytes: UnsafeRawPointer, count: Int, more: Bool = false
    ) -> IOResult {
        // SAFETY: the caller owns `count` bytes there; the callee keeps no pointer.
        unsafe IOResult(clinux_send(fd, bytes, count, more ? 1 : 0))
    }

    /// Sends as much of the span as there is room for. An empty span sends nothing.
    public static func send(_ fd: Int32, _ bytes: RawSpan, more: Bool = false) -> IOResult {
        // SAFETY: the span's memory is valid for the closure's time.
        unsafe bytes.withUnsafeBytes { buffer in
            guard let start = buffer.baseAddress else { return IOResult(0) }
            return unsafe IOResult(clinux_send(fd, start, buffer.count, more ? 1 : 0))
        }
    }

    /// The same from a span of bytes.
    public static func send(_ fd: Int32, _ bytes: Span<UInt8>, more: Bool = false) -> IOResult {
        // SAFETY: every byte of a span of UInt8 is initialized.
        unsafe send(fd, bytes.bytes, more: more)
    }

    /// Moves up to `count` bytes from a socket into a pipe, or from a pipe to a socket, without
    /// copying them (splice(2)). 0: the source has ended.
    public static func splice(from source: Int32, to target: Int32, count: Int) -> IOResult {
        IOResult(clinux_splice(source, target, count))
    }

    /// Sends two pieces with one call (sendmsg(2)): a head and the body's beginning.
    @unsafe
    public static func send(
        _ fd: Int32, from first: UnsafeRawPointer, count firstCount: Int,
        then second: UnsafeRawPointer, count secondCount: Int
    ) -> IOResult {
        // SAFETY: the caller owns the bytes of both pieces; the callee keeps no pointer.
        unsafe IOResult(clinux_send_two(fd, first, firstCount, second, secondCount))
    }

    /// Sends two spans with one call.
    public static func send(_ fd: Int32, _ first: RawSpan, then second: RawSpan) -> IOResult {
        // SAFETY: the memory of both spans is valid for the closures' time.
        unsafe first.withUnsafeBytes { head in
            unsafe second.withUnsafeBytes { tail in
                unsafe IOResult(
                    clinux_send_two(
                        fd, head.baseAddress, head.count, tail.baseAddress, tail.count))
            }
        }
    }

    /// Sends two spans of bytes with one call.
    public static func send(
        _ fd: Int32, _ first: Span<UInt8>, then second: Span<UInt8>
    ) -> IOResult {
        // SAFETY: every byte of a span of UInt8 is initialized.
        unsafe send(fd, first.bytes, then: second.bytes)
    }
}
