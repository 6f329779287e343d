// What stands behind the lock of a `BackendQueue`: the line, and what the queue knows of each
// server. After every step two things hold for each server: our bit is set if and only if somebody
// here waits for one of its permits, and whenever the bit became set the permits were looked at
// once more.

internal import Model
internal import SharedState

struct QueueState {
    private let place: Int
    private let worker: QueueWorker
    private let length: QueueLength?
    private let backups: Backend.Backups
    private var line: WaitingLine
    private var servers: [QueuedServer]
    private var answers: [QueueAnswer] = []

    init(
        _ backend: Backend, place: Int, rules: [ServerRules], traffic: TrafficRecords,
        worker: QueueWorker
    ) {
        self.place = place
        self.worker = worker
        backups = backend.backups
        length = traffic.queueLength(ofBackend: place, slot: worker.bell.slot)
        line = WaitingLine(
            limit: backend.queue.max,
            serverLimits: backend.servers.map { $0.maxQueue ?? backend.queue.max })
        servers = backend.servers.enumerated().map { index, server in
            QueuedServer(
                number: traffic.serverNumber(place, index),
                record: traffic.serverRecord(place, index),
                length: traffic.queueLength(ofServer: index, of: place, slot: worker.bell.slot),
                configured: server, rules: rules[index])
        }
    }

    /// What is to be told since the last time.
    mutating func takeAnswers() -> [QueueAnswer] {
        if answers.isEmpty { return [] }
        defer { answers = [] }
        return answers
    }

    // MARK: The line

    mutating func join(_ waiter: Waiter) -> LineAnswer {
        let answer = line.add(waiter)
        guard case .stands = answer else { return answer }
        // Behind others in the same lane: for whatever it waits, that is announced.
        let isFirst =
            waiter.server.map { line.count(ofServer: $0) == 1 } ?? (line.backendCount == 1)
        if isFirst { announce() }
        showLengths(of: waiter.server)
        return answer
    }

    mutating func leave(_ ticket: QueueTicket) {
        guard let waiter = line.remove(ticket) else { return }
        didTake(waiter)
    }

    /// Lets other workers know for which servers somebody waits here. Where that is news, whoever
    /// freed a permit before did not know it.
    private mutating func announce() {
        for index in servers.indices where !servers[index].isAnnounced && isWanted(index) {
            servers[index].isAnnounced = true
            servers[index].record?.setWaiting(worker.bell.slot)
            serve(index)
        }
        for index in servers.indices where servers[index].isAnnounced && !isWanted(index) {
            servers[index].isAnnounced = false
            servers[index].record?.clearWaiting(worker.bell.slot)
        }
    }

    /// The last one of a lane leaves nobody to announce.
    private mutating func didTake(_ waiter: Waiter) {
        let isLast =
            waiter.server.map { line.count(ofServer: $0) == 0 } ?? (line.backendCount == 0)
        if isLast { announce() }
        showLengths(of: waiter.server)
    }

    private func showLengths(of server: Int?) {
        let incarnation = worker.holder.incarnation
        if let server {
            servers[server].length?.set(line.count(ofServer: server), incarnation: incarnation)
        } else {
            length?.set(line.backendCount, incarnation: incarnation)
        }
    }

    private func isWanted(_ index: Int) -> Bool { servers[index].limit > 0 && hasWaiter(index) }

    private func hasWaiter(_ index: Int) -> Bool {
        line.hasWaiter(
            forServer: index, takesNew: servers[index].takesNew,
            takesPersistent: servers[index].takesPersistent)
    }

    /// Answers as many as there are free permits.
    private mutating func serve(_ index: Int) {
        while hasWaiter(index) {
            var permit: Int?
            if servers[index].limit > 0 {
                permit = servers[index].take(worker.holder, hint: 0)
                if permit == nil { return }
            }
            guard let answer = takeNext(index, permit: permit) else { return }
            answers.append(answer)
        }
    }

    private mutating func takeNext(_ index: Int, permit: Int?) -> QueueAnswer? {
        let next = line.takeNext(
            forServer: index, takesNew: servers[index].takesNew,
            takesPersistent: servers[index].takesPersistent)
        guard let next else { return nil }
        showLengths(of: next.waiter.server)
        return answer(next, server: index, permit: permit)
    }

    private func answer(
        _ next: WaitingLine.Next, server: Int?, permit: Int?
    ) -> QueueAnswer {
        QueueAnswer(
            loop: next.waiter.loop, exchange: next.waiter.exchange, sequence: next.sequence,
            backend: place, server: server, permit: permit)
    }

    // MARK: Permits that come free

    /// A permit that we hold goes to the next, in rotation among the workers that wait. The answer
    /// is for one of our own loops.
    mutating func passOn(_ permit: Int, server index: Int) -> QueueAnswer? {
        if servers[index].isOpen(permit) {
            switch handOver(permit, server: index) {
            case .here(let answer): return answer
            case .elsewhere: return nil
            case .nobody: break
            }
        }
        servers[index].permits?.free(permit)
        return passFree(near: permit, server: index)
    }

    /// Looks whether somebody waits, now that a permit is free. Each round but the last follows
    /// from something that another worker did meanwhile.
    mutating func passFree(near freed: Int, server index: Int) -> QueueAnswer? {
        var hint = freed
        // Who is announced but dead is taken out by the master, who then rings everybody.
        while hasLivingWaiter(index) {
            guard let permit = servers[index].take(worker.holder, hint: hint) else {
                // Others may have a higher limit than we do: they look for themselves.
                ringWaiting(index)
                return nil
            }
            switch handOver(permit, server: index) {
            case .here(let answer): return answer
            case .elsewhere: return nil
            case .nobody: servers[index].permits?.free(permit)
            }
            hint = permit
        }
        return nil
    }

    private enum Handing {
        case here(QueueAnswer)
        case elsewhere
        case nobody
    }

    private mutating func handOver(_ permit: Int, server index: Int) -> Handing {
        guard let record = servers[index].record else { return .nobody }
        let last = servers[index].lastServed
        var slot = last
        var distance = -1
        while let next = record.nextWaiting(after: slot) {
            // Once around, whatever changes meanwhile.
            let step = (next - last - 1) & (SharedRegion.workerSlotCount - 1)
            guard step > distance else { break }
            (slot, distance) = (next, step)
            if slot == worker.bell.slot {
                guard let answer = takeNext(index, permit: permit) else { continue }
                servers[index].lastServed = slot
                if line.backendCount == 0 || !hasWaiter(index) { announce() }
                return .here(answer)
            }
            if leave(permit, server: index, to: slot) {
                servers[index].lastServed = slot
                return .elsewhere
            }
        }
        return .nobody
    }

    /// Leaves the permit to another worker. It may die at any moment: the master takes back what
    /// names a dead one, so we look whether it lives after the permit names it. True: the permit is
    /// not ours any more.
    private func leave(_ permit: Int, server index: Int, to slot: Int) -> Bool {
        guard let permits = servers[index].permits, let bell = worker.bell(of: slot),
            let holder = bell.holder
        else { return false }
        permits.handOver(permit, to: holder.asGranted)
        if bell.holder == holder {
            bell.ring(number: servers[index].number)
            return true
        }
        return !permits.move(permit, from: holder.asGranted, to: worker.holder)
    }

    private func hasLivingWaiter(_ index: Int) -> Bool {
        if isWanted(index) { return true }
        var isThere = false
        forEachOtherWaiting(index) { bell in
            isThere = bell.holder != nil
            return !isThere
        }
        return isThere
    }

    private func ringWaiting(_ index: Int) {
        forEachOtherWaiting(index) { bell in
            bell.ring(number: servers[index].number)
            return true
        }
    }

    /// Until `body` says false.
    private func forEachOtherWaiting(_ index: Int, _ body: (WorkerBell) -> Bool) {
        guard let record = servers[index].record else { return }
        var slot = -1
        while let next = record.nextWaiting(after: slot), next > slot {
            slot = next
            guard next != worker.bell.slot, let bell = worker.bell(of: next) else { continue }
            if !body(bell) { return }
        }
    }

    // MARK: Changes

    /// Somebody left us permits, or the master took some back.
    mutating func attend(rung numbers: WorkerBell.Numbers) {
        for index in servers.indices where numbers.contains(servers[index].number) {
            servers[index].readPermits(in: worker.region)
            for permit in servers[index].permits?.granted(to: worker.holder) ?? [] {
                servers[index].permits?.handOver(permit, to: worker.holder)
                let answer =
                    takeNext(index, permit: permit) ?? passOn(permit, server: index)
                if let answer { answers.append(answer) }
            }
            serve(index)
        }
        announce()
    }

    mutating func attend(now: Int64, wall: Int64) {
        for index in servers.indices {
            servers[index].readStanding(now: now, wall: wall)
            servers[index].readPermits(in: worker.region)
            if !servers[index].takesPersistent { line.moveToBackend(fromServer: index) }
        }
        let open = ServerStanding.open(
            servers.map { ($0.standing, $0.isBackup) }, backups: backups)
        for index in servers.indices { servers[index].takesNew = open[index] }
        if !servers.contains(where: \.takesNew) {
            while let next = line.takeAny() {
                answers.append(answer(next, server: nil, permit: nil))
            }
        }
        announce()
        for index in servers.indices { serve(index) }
        announce()
        for index in servers.indices { showLengths(of: index) }
        showLengths(of: nil)
    }
}
