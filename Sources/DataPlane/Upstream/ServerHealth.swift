// What checks say of one server: a value with a method for each verdict. `rise` and `fall` are
// hysteresis: a server that flaps faster than so many checks in a row does not move.
//
//   unchecked ──pass──▶ up ◀────────pass──────── goingDown
//       │               │ ▲                        │ ▲
//       │              fail └─rise-th pass─┐   fall-th fail
//       │               └──────▶ goingDown ─┼──────┤
//       └──────fail──▶ down ◀───────────────┼──────┘
//                       └──pass──▶ goingUp ─┘  (a fail leads back to down)
//
// Of a server that nothing is known of the first check is believed at once, either way.

internal import SharedState

struct ServerHealth: BitwiseCopyable, Equatable {
    /// What a verdict changed.
    enum Change: Equatable {
        case none
        /// Only how far it is on its way: it takes traffic as before.
        case progress
        /// The first verdict of all was a good one.
        case confirmed
        case wentDown
        case cameUp
    }

    private(set) var state = ServerHealthState.unchecked
    /// Verdicts in a row against the state it comes from, while it goes up or down.
    private(set) var progress: UInt8 = 0

    init() {}

    /// From a record, whatever stands there.
    init(word: UInt64) {
        state = ServerHealthState(rawValue: UInt8(truncatingIfNeeded: word)) ?? .unchecked
        switch state {
        case .goingDown, .goingUp: progress = max(1, UInt8(truncatingIfNeeded: word >> 8))
        case .unchecked, .up, .down: break
        }
    }

    /// For the record.
    var word: UInt64 { UInt64(state.rawValue) | UInt64(progress) << 8 }

    mutating func didPass(rise: Int) -> Change {
        switch state {
        case .unchecked:
            enter(.up)
            return .confirmed
        case .up: return .none
        case .goingDown:
            enter(.up)
            return .progress
        case .down, .goingUp:
            let count = state == .down ? 1 : progress &+ 1
            if Int(count) >= rise {
                enter(.up)
                return .cameUp
            }
            enter(.goingUp, count)
            return .progress
        }
    }

    mutating func didFail(fall: Int) -> Change {
        switch state {
        case .unchecked:
            enter(.down)
            return .wentDown
        case .down: return .none
        case .goingUp:
            enter(.down)
            return .progress
        case .up, .goingDown:
            let count = state == .up ? 1 : progress &+ 1
            if Int(count) >= fall {
                enter(.down)
                return .wentDown
            }
            enter(.goingDown, count)
            return .progress
        }
    }

    /// Something else is asked from now on. The verdict stays until the new question has one of its
    /// own; checks in a row of the old one are no part of that.
    mutating func forgetProgress() {
        switch state {
        case .goingDown: enter(.up)
        case .goingUp: enter(.down)
        case .unchecked, .up, .down: break
        }
    }

    private mutating func enter(_ state: ServerHealthState, _ progress: UInt8 = 0) {
        self.state = state
        self.progress = progress
    }
}
