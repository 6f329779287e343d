// Who is connected to the admin API. When there is no room the connection that has been without a
// request for longest makes it, so clients that connect and do nothing cannot lock out one that
// wants something; connections of root and of the master's own user go last, and a few places are
// theirs alone. Any thread.

import NIOCore
import Synchronization
import Syscalls

final class ConnectionRoster: Sendable {
    /// Beyond that connections must make room. Also bounded by the descriptors that there are.
    static let countMax = 16_384
    /// Beyond `limit`, for root and the master's own user.
    static let reservedCount = 64

    private struct State {
        var entries: [ObjectIdentifier: RosterEntry] = [:]
        var stamp: UInt64 = 0
        /// Oldest first; what is no longer so is skipped when it comes to the front.
        var idle = IdleQueue()
        var idlePrivileged = IdleQueue()
        var shedCount = 0
        var refusedCount = 0
    }
    private let state = Mutex(State())
    private let limit: Int

    init(limit: Int = ConnectionRoster.countMax) {
        self.limit = limit
    }

    /// For the descriptors that this process may have: most of them, and some are for the rest of
    /// the master.
    static var limitForDescriptors: Int {
        let limit = Int(clamping: (try? ProcessLimits.descriptorLimit()) ?? 1024)
        return min(countMax, max(limit / 2, limit - 4096))
    }

    var count: Int { state.withLock { $0.entries.count } }
    /// Connections that made room for others.
    var shedCount: Int { state.withLock { $0.shedCount } }
    /// Connections for which there was no room.
    var refusedCount: Int { state.withLock { $0.refusedCount } }

    /// False if there is no room for it.
    func enter(_ channel: any Channel, isPrivileged: Bool) -> Bool {
        let (isAdmitted, shed) = state.withLock { state -> (Bool, (any Channel)?) in
            var shed: (any Channel)?
            if state.entries.count >= limit {
                shed = Self.takeOldestIdle(&state)
                let reserve = isPrivileged ? Self.reservedCount : 0
                if shed == nil, state.entries.count >= limit + reserve {
                    state.refusedCount += 1
                    return (false, nil)
                }
            }
            state.entries[ObjectIdentifier(channel)] = RosterEntry(
                channel: channel, isPrivileged: isPrivileged)
            Self.setIdle(ObjectIdentifier(channel), &state)
            return (true, shed)
        }
        shed?.close(promise: nil)
        return isAdmitted
    }

    /// It has a request now.
    func didBegin(_ channel: any Channel) {
        state.withLock { $0.entries[ObjectIdentifier(channel)]?.idleStamp = nil }
    }

    /// It has none any more.
    func didEnd(_ channel: any Channel) {
        state.withLock { Self.setIdle(ObjectIdentifier(channel), &$0) }
    }

    func leave(_ channel: any Channel) {
        state.withLock { $0.entries[ObjectIdentifier(channel)] = nil }
    }

    private static func setIdle(_ id: ObjectIdentifier, _ state: inout State) {
        guard var entry = state.entries[id], entry.idleStamp == nil else { return }
        state.stamp += 1
        entry.idleStamp = state.stamp
        state.entries[id] = entry
        let item = IdleQueue.Item(id: id, stamp: state.stamp)
        if entry.isPrivileged {
            state.idlePrivileged.append(item, of: state.entries)
        } else {
            state.idle.append(item, of: state.entries)
        }
    }

    private static func takeOldestIdle(_ state: inout State) -> (any Channel)? {
        let oldest =
            state.idle.takeFirst(of: state.entries)
            ?? state.idlePrivileged.takeFirst(of: state.entries)
        guard let oldest, let entry = state.entries.removeValue(forKey: oldest.id) else {
            return nil
        }
        state.shedCount += 1
        return entry.channel
    }
}

private struct RosterEntry {
    var channel: any Channel
    var isPrivileged: Bool
    /// Nil while it has a request.
    var idleStamp: UInt64?
}

/// First in, first out; what is no longer so stays until it is met, or until it is most of it.
private struct IdleQueue {
    struct Item {
        var id: ObjectIdentifier
        var stamp: UInt64

        func isCurrent(of entries: [ObjectIdentifier: RosterEntry]) -> Bool {
            entries[id]?.idleStamp == stamp
        }
    }
    private var items: [Item] = []
    private var first = 0

    mutating func append(_ item: Item, of entries: [ObjectIdentifier: RosterEntry]) {
        if items.count > 2 * entries.count + 64 {
            items = items[first...].filter { $0.isCurrent(of: entries) }
            first = 0
        }
        items.append(item)
    }

    mutating func takeFirst(of entries: [ObjectIdentifier: RosterEntry]) -> Item? {
        while first < items.count {
            let item = items[first]
            first += 1
            if item.isCurrent(of: entries) { return item }
        }
        return nil
    }
}
