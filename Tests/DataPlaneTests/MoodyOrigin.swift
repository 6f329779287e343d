// A server whose health and whose answers can be changed while it is used, and which keeps the
// requests that it is told to keep.

import Glibc
import SharedState
import Synchronization

@testable import DataPlane

/// Checks ask `/health` or `/ready`; what has `hold` in its target is never answered.
final class MoodyOrigin: Sendable {
    enum Mode: Int, Sendable, CaseIterable {
        case well, failing, cutting
    }
    private final class State: Sendable {
        let mode = Atomic<Int>(0)
        let isHealthy = Atomic<Bool>(true)
        let isSilent = Atomic<Bool>(false)
        let requestCount = Atomic<Int>(0)
        let healthCount = Atomic<Int>(0)
        let readyCount = Atomic<Int>(0)
    }
    let origin: EngineOrigin
    private let state: State
    var port: UInt16 { origin.port }

    init(_ mode: Mode = .well, isHealthy: Bool = true) throws {
        let state = State()
        state.mode.store(mode.rawValue, ordering: .relaxed)
        state.isHealthy.store(isHealthy, ordering: .relaxed)
        self.state = state
        origin = try EngineOrigin { connection in
            while let request = connection.takeMessage(hasBody: false, within: 30) {
                guard Self.answer(request.startLine, connection, state) else { return }
            }
        }
    }

    /// False: the connection ends.
    private static func answer(
        _ line: String, _ connection: EngineSocket, _ state: State
    ) -> Bool {
        let isHealth = line.hasPrefix("GET /health ")
        if isHealth || line.hasPrefix("GET /ready ") {
            if isHealth {
                state.healthCount.add(1, ordering: .relaxed)
            } else {
                state.readyCount.add(1, ordering: .relaxed)
            }
            if state.isSilent.load(ordering: .relaxed) { _ = connection.takeAll(within: 30) }
            let status = state.isHealthy.load(ordering: .relaxed) ? 200 : 503
            connection.send("HTTP/1.1 \(status) Hm\r\nContent-Length: 0\r\n\r\n")
            return true
        }
        state.requestCount.add(1, ordering: .relaxed)
        if line.contains("hold") {
            _ = connection.takeAll(within: 30)
            return false
        }
        switch Mode(rawValue: state.mode.load(ordering: .relaxed)) ?? .well {
        case .well: connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        case .failing: connection.send("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")
        case .cutting: return false
        }
        return true
    }

    func set(_ mode: Mode) { state.mode.store(mode.rawValue, ordering: .relaxed) }
    func setHealthy(_ isHealthy: Bool) { state.isHealthy.store(isHealthy, ordering: .relaxed) }
    /// Checks are not answered.
    func setSilent(_ isSilent: Bool) { state.isSilent.store(isSilent, ordering: .relaxed) }
    /// Without those of checks.
    var requestCount: Int { state.requestCount.load(ordering: .relaxed) }
    var healthCount: Int { state.healthCount.load(ordering: .relaxed) }
    var readyCount: Int { state.readyCount.load(ordering: .relaxed) }
}
