// A server that counts how many requests are with it at once, and remembers in which order they
// came.

import Glibc
import SharedState
import Syscalls

@testable import DataPlane

/// Each request is answered after `work` microseconds, or when it is let go.
final class CountingOrigin: Sendable {
    private struct Board: Sendable {
        var present = 0
        var most = 0
        var order: [String] = []
        /// How many of those that are here, or will come, may leave.
        var leaving = 0
    }
    private let board = Guarded(Board())
    private let origin: Guarded<EngineOrigin?>
    let port: UInt16

    /// - Parameter work: nil: every request waits for `letGo`.
    init(work: UInt32?, keepsAlive: Bool = true) throws {
        let shared = OriginPlay()
        let made = try EngineOrigin { connection in
            while let request = connection.takeHead(within: 60) {
                guard let counting = shared.get() else { return }
                counting.enter(request.startLine)
                if let work { usleep(work) } else { counting.awaitLeave(connection) }
                counting.leave()
                let close = keepsAlive ? "" : "Connection: close\r\n"
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\(close)\r\n")
                if !keepsAlive { break }
            }
        }
        port = made.port
        origin = Guarded(made)
        shared.set(self)
    }

    private func enter(_ line: String) {
        board.withLock { board in
            board.present += 1
            board.most = max(board.most, board.present)
            board.order.append(String(line.split(separator: " ")[1]))
        }
    }

    private func leave() { board.withLock { $0.present -= 1 } }

    private func awaitLeave(_ connection: EngineSocket) {
        Wait.until(60) {
            board.withLock { board in
                guard board.leaving > 0 else { return false }
                board.leaving -= 1
                return true
            }
        }
    }

    func letGo(_ count: Int) { board.withLock { $0.leaving += count } }
    var present: Int { board.withLock(\.present) }
    /// The most that ever were here at once.
    var most: Int { board.withLock(\.most) }
    /// Targets, in the order of arrival.
    var order: [String] { board.withLock(\.order) }
}

/// Breaks the circle of an origin and the closure that plays it.
private final class OriginPlay: Sendable {
    private struct Place: Sendable {
        weak var origin: CountingOrigin?
    }
    private let state = Guarded(Place())

    func get() -> CountingOrigin? { state.withLock { $0.origin } }
    func set(_ origin: CountingOrigin) { state.withLock { $0.origin = origin } }
}
