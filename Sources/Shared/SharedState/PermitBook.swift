// The master's side of the permits: which run belongs to which server, and what is taken back from
// workers that are no more. It keeps its own record of the runs and trusts no word of theirs.

/// Runs by the number of the server's record. One owner, under its lock.
public struct PermitBook: Sendable {
    private let region: SharedRegion
    private var runs: [Int: [PermitRun]] = [:]
    /// Ascending, never next to each other.
    private var free = [PermitRun(start: 0, count: RegionLayout.permitCount)]

    public init(_ region: SharedRegion) {
        self.region = region
    }

    /// How many permits the server with this number has.
    public func count(of number: Int) -> Int {
        (runs[number] ?? []).reduce(0) { $0 + $1.count }
    }

    /// How many of them somebody has.
    public func heldCount(of number: Int) -> Int {
        (runs[number] ?? []).reduce(0) { sum, run in
            sum
                + (run.start..<(run.start + run.count)).count {
                    region.load(RegionLayout.permitOffset($0)) != 0
                }
        }
    }

    /// Lets the server have at least `count` permits. False: there is no room.
    public mutating func provide(_ count: Int, number: Int) -> Bool {
        let present = self.count(of: number)
        if present >= count { return true }
        guard let record = ServerRecord(region, number: number) else { return false }
        // Twice as many at least, so that a limit that grows by one each time makes few runs.
        let wished = max(count - present, present)
        guard let run = take(wished) ?? take(count - present) else { return false }
        guard record.add(run) else {
            giveBack(run)
            return false
        }
        runs[number, default: []].append(run)
        return true
    }

    /// The number belongs to no server any more, and no worker uses it.
    public mutating func forget(number: Int) {
        for run in runs.removeValue(forKey: number) ?? [] { giveBack(run) }
    }

    /// Takes back every permit whose holder lives no more, and the place in the lines of who had
    /// `slot`. Afterwards all workers are to be rung. The slot must be free already.
    public func reclaim(slot: Int) {
        let living = (0..<RegionLayout.slotCount).map { slot in
            WorkerBell(region, slot: slot)?.incarnation ?? 0
        }
        for (number, runs) in runs {
            ServerRecord(region, number: number)?.clearWaiting(slot)
            for run in runs { reclaim(run, from: living) }
        }
    }

    private func reclaim(_ run: PermitRun, from living: [UInt32]) {
        for place in run.start..<(run.start + run.count) {
            let offset = RegionLayout.permitOffset(place)
            let word = region.load(offset)
            if word == 0 { continue }
            let holder = PermitHolder(word: word)
            let isHeld =
                living.indices.contains(holder.slot) && holder.incarnation != 0
                && living[holder.slot] == holder.incarnation
            // Only if it is the same still: its holder may have left it to a living one.
            if !isHeld { region.replace(offset, word, with: 0) }
        }
    }

    private mutating func take(_ count: Int) -> PermitRun? {
        guard let place = free.firstIndex(where: { $0.count >= count }) else { return nil }
        let run = PermitRun(start: free[place].start, count: count)
        free[place].start += count
        free[place].count -= count
        if free[place].count == 0 { free.remove(at: place) }
        return run
    }

    private mutating func giveBack(_ run: PermitRun) {
        var place = free.firstIndex { $0.start > run.start } ?? free.endIndex
        free.insert(run, at: place)
        if place + 1 < free.endIndex, run.start + run.count == free[place + 1].start {
            free[place].count += free.remove(at: place + 1).count
        }
        if place > 0, free[place - 1].start + free[place - 1].count == free[place].start {
            place -= 1
            free[place].count += free.remove(at: place + 1).count
        }
    }
}
