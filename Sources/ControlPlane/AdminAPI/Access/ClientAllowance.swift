// How much of something a client may do: a few at once, then one after each period. Bounded: when
// the table is full, whoever has done least is forgotten. Any thread.

import Clock
import Synchronization

final class ClientAllowance: Sendable {
    private let burst: Int
    private let period: Duration
    private let entryCountMax: Int
    /// When a client has its whole allowance again; who is not there has it.
    private let fullAgain = Mutex<[ClientKey: Instant]>([:])

    /// - Parameter period: after which one more is allowed.
    init(burst: Int, period: Duration, entryCountMax: Int = 4096) {
        self.burst = burst
        self.period = period
        self.entryCountMax = entryCountMax
    }

    /// Takes one. If there is none left it takes nothing and says how long to wait for one.
    func take(_ client: ClientKey, at now: Instant = .now()) -> Duration? {
        fullAgain.withLock { table in
            let begin = max(table[client] ?? now, now)
            let wait = begin - now - period * (burst - 1)
            if wait > .zero { return wait }
            if table[client] == nil, table.count >= entryCountMax { Self.makeRoom(&table, now) }
            table[client] = begin + period
            return nil
        }
    }

    /// Gives back one that was taken: it was not needed.
    func giveBack(_ client: ClientKey) {
        fullAgain.withLock { table in
            guard let full = table[client] else { return }
            table[client] = full - period
        }
    }

    /// For tests.
    var entryCount: Int { fullAgain.withLock { $0.count } }

    private static func makeRoom(_ table: inout [ClientKey: Instant], _ now: Instant) {
        let before = table.count
        table = table.filter { $0.value > now }
        guard table.count == before, let least = table.min(by: { $0.value < $1.value }) else {
            return
        }
        table[least.key] = nil
    }
}
