// Checking servers inside a loop: when, over which socket, and what the verdict changes. Each
// backend's servers are checked by one loop of the first worker of the generation that serves: it
// begins with the first listeners it is given and ends with its release. Everybody else reads the
// shared record. Nothing is allocated here but the peers' letters when a server goes down or comes
// up.

internal import Glibc
internal import SharedState
internal import Syscalls

extension Engine {
    // MARK: Beginning and end

    /// The worker serves from now on.
    mutating func startChecks() {
        guard isChecker, !checks.isRunning, drain.isServing else { return }
        checks.isRunning = true
        let mine = backends.filter { $0[].index % (peers.count + 1) == index }
        for backend in mine {
            for server in backend[].servers { startCheck(of: server) }
        }
        for (place, check) in checks.all.enumerated() {
            guard let plan = check[].plan, let record = check[].server?[].record else { continue }
            let wait = firstWait(check, plan, record, place: place)
            checks.timers.arm(check, at: now + wait)
        }
        attendServersIfChanged()
    }

    /// Goes on with what is known. A verdict on another question holds until this one has its own.
    private mutating func startCheck(of server: Ref<UpstreamServer>) {
        guard let record = server[].record else { return }
        guard let plan = configuration.checkPlan(server[].backend, server[].index) else {
            if record[.checkDefinition] != 0 { forgetHealth(record) }
            return
        }
        let check = checks.add(plan, of: server)
        check[].health = ServerHealth(word: record[.health])
        if record[.checkDefinition] != plan.definition {
            check[].isUrgent = true
            check[].health.forgetProgress()
            for word in [ServerWord.lastCheckAt, .lastVerdictOf, .lastCheckResult] {
                record.note(word, 0)
            }
            record.note(.checkDefinition, plan.definition)
            record.note(.health, check[].health.word)
        }
        check[].begunAtWall = record[.lastCheckAt]
    }

    /// Nobody checks it any more.
    private mutating func forgetHealth(_ record: ServerRecord) {
        for word in [
            ServerWord.healthChangedAt, .lastCheckAt, .lastVerdictOf, .lastCheckResult, .cameUpAt,
            .checkDefinition,
        ] {
            record.note(word, 0)
        }
        record.set(.health, ServerHealth().word)
        checks.hasNews = true
    }

    /// Of a server that was last checked by somebody else, or never. A verdict that is not there yet
    /// is waited for as long as a check may take: whoever asked may have let go, or died.
    private mutating func firstWait(
        _ check: Ref<ServerCheck>, _ plan: CheckPlan, _ record: ServerRecord, place: Int
    ) -> Int64 {
        let last = record[.lastCheckAt]
        let sinceLast = wallMilliseconds &- Int64(clamping: last)
        check[].awaitsOther = last != 0 && last != record[.lastVerdictOf]
        if check[].awaitsOther { return max(0, min(plan.timeout, plan.timeout &- sinceLast)) }
        return plan.schedule.first(
            place: place, of: checks.all.count, state: check[].health.state,
            sinceLast: last == 0 ? nil : sinceLast, random: &random)
    }

    /// The worker serves no more: what is under way is dropped without a verdict.
    mutating func stopChecks() {
        checks.isRunning = false
        checks.emptyLine()
        for check in checks.all {
            checks.timers.cancel(check)
            if check[].state.isUnderWay { endConversation(check) }
        }
    }

    // MARK: Once a round

    mutating func tendChecks() {
        while let check = checks.timers.nextExpired(now: now) { didExpire(check) }
        while let check = checks.nextInLine() { begin(check) }
        guard checks.hasNews else { return }
        checks.hasNews = false
        attendServersIfChanged()
        tellOthers()
    }

    /// Lets the other loops of the worker, and those of all other workers, look at the servers at once.
    private func tellOthers() {
        for peer in peers { peer.mailbox.post(.command(.attend)) }
        configuration.queues.tellOtherWorkers()
    }

    /// Checks the server now if it waits for its check in this loop.
    mutating func checkSoon(_ server: Ref<UpstreamServer>) {
        guard checks.isRunning, let check = server[].check, check[].state == .waiting else {
            return
        }
        check[].isUrgent = true
        checks.timers.arm(check, at: now)
    }

    /// The server is back from maintenance: what was found before says nothing any more. As after the
    /// start, `initial_state` says what it does until its check, now, which is believed at once.
    mutating func beginHealthAnew(_ server: Ref<UpstreamServer>) {
        guard checks.isRunning, let check = server[].check, let record = server[].record else {
            return
        }
        if check[].state.isUnderWay { endConversation(check) }
        check[].health = ServerHealth()
        record.note(.healthChangedAt, UInt64(max(1, wallMilliseconds)))
        record.set(.health, check[].health.word)
        checks.hasNews = true
        checkSoon(server)
    }

    private mutating func didExpire(_ check: Ref<ServerCheck>) {
        switch check[].state {
        case .queued: break
        case .waiting: isDue(check)
        case .connecting: conclude(check, ServerCheckFinding(.connectTimeout))
        case .sending, .receiving: conclude(check, ServerCheckFinding(.answerTimeout))
        }
    }

    private mutating func isDue(_ check: Ref<ServerCheck>) {
        guard let plan = check[].plan, let server = check[].server, let record = server[].record
        else { return }
        if server[].standing.adminState == .maintenance {
            putOff(check, plan)
            return
        }
        if !check[].isUrgent, goesBehindOthers(check, plan, record) { return }
        if checks.hasPlace { begin(check) } else { checks.enqueue(check) }
    }

    /// Whether somebody else has asked meanwhile, such as the generation that is about to let go.
    private mutating func goesBehindOthers(
        _ check: Ref<ServerCheck>, _ plan: CheckPlan, _ record: ServerRecord
    ) -> Bool {
        let last = record[.lastCheckAt]
        let isNews = last != check[].begunAtWall
        guard isNews || check[].awaitsOther && last == record[.lastVerdictOf] else { return false }
        check[].begunAtWall = last
        check[].health = ServerHealth(word: record[.health])
        let wait = firstWait(check, plan, record, place: 0)
        checks.timers.arm(check, at: now + max(1, wait))
        return true
    }

    private mutating func putOff(_ check: Ref<ServerCheck>, _ plan: CheckPlan) {
        let wait = plan.schedule.next(state: check[].health.state, random: &random)
        checks.timers.arm(check, at: now + wait)
    }

    // MARK: One check

    private mutating func begin(_ check: Ref<ServerCheck>) {
        guard let plan = check[].plan, let server = check[].server, let record = server[].record
        else { return }
        guard let address = plan.target(of: server[].standing.address) else {
            check[].state = .waiting
            putOff(check, plan)
            return
        }
        check[].state = .connecting
        check[].isUrgent = false
        check[].awaitsOther = false
        check[].begunAt = nowNanoseconds
        check[].begunAtWall = UInt64(max(1, wallMilliseconds))
        check[].answer = CheckAnswer()
        check[].sent = 0
        record.note(.lastCheckAt, check[].begunAtWall)
        checks.underWayCount += 1
        checks.timers.arm(check, at: now + plan.timeout)
        do throws(SystemError) {
            let socket = try server.connect(to: address)
            let fd = socket.take()
            check[].transport = Transport(owning: fd, isReadable: false, isWritable: false)
            check[].transport.isLocal = address.isUnspecified
            try epoll.add(fd: fd, events: Transport.events, token: check.token(tag: Tag.check))
        } catch {
            conclude(check, ServerCheckFinding(error.isOurShortage ? .noSocket : .notConnected))
        }
    }

    mutating func checkEvent(_ check: Ref<ServerCheck>, _ bits: UInt32) {
        guard check[].state.isUnderWay, let plan = check[].plan else { return }
        check[].transport.note(bits)
        if check[].state == .connecting {
            guard !check[].transport.hasFailed else {
                conclude(check, ServerCheckFinding(.notConnected))
                return
            }
            guard check[].transport.isWritable else { return }
            guard plan.isHTTP else {
                conclude(check, ServerCheckFinding(.connected))
                return
            }
            guard buffers.fill(&check[].buffer, capacityBytes: plan.request.count),
                check[].buffer.append(plan.request)
            else {
                conclude(check, ServerCheckFinding(.noSocket))
                return
            }
            check[].state = .sending
        }
        let finding: ServerCheckFinding? =
            if check[].state == .sending, !sendRequest(check) {
                ServerCheckFinding(.invalidAnswer)
            } else {
                receiveAnswer(check)
            }
        if let finding { conclude(check, finding) }
    }

    /// False: the connection broke.
    private func sendRequest(_ check: Ref<ServerCheck>) -> Bool {
        while check[].transport.isWritable {
            switch check[].send() {
            case .moved(let count):
                check[].sent += count
                guard check[].sent < check[].buffer.count else {
                    check[].buffer.removeAll()
                    check[].state = .receiving
                    return true
                }
            case .blocked, .ended: return true
            case .failed: return false
            }
        }
        return true
    }

    private mutating func receiveAnswer(_ check: Ref<ServerCheck>) -> ServerCheckFinding? {
        while check[].state == .receiving, check[].transport.isReadable {
            switch check[].receive() {
            case .moved:
                if let finding = check[].readAnswer(head: &response, routing.captures.empty) {
                    return finding
                }
            case .blocked: return nil
            case .ended: return check[].endAnswer(routing.captures.empty)
            case .failed: return ServerCheckFinding(.invalidAnswer)
            }
        }
        return nil
    }

    /// Ends a check that is under way, if this loop makes it, without a verdict.
    mutating func dropCheck(of server: Ref<UpstreamServer>) {
        guard let check = server[].check, check[].state.isUnderWay else { return }
        endConversation(check)
    }

    private mutating func endConversation(_ check: Ref<ServerCheck>) {
        // Neither a server's log nor our ports are to fill up with connections that only looked.
        check[].transport.close(reset: check[].plan?.isHTTP == false)
        buffers.empty(&check[].buffer)
        check[].state = .waiting
        checks.underWayCount -= 1
    }

    // MARK: The verdict

    private mutating func conclude(_ check: Ref<ServerCheck>, _ finding: ServerCheckFinding) {
        endConversation(check)
        guard let plan = check[].plan, let server = check[].server, let record = server[].record
        else { return }
        let microseconds = UInt64(max(0, nowNanoseconds - check[].begunAt) / 1_000)
        record.note(.lastCheckMicroseconds, microseconds)
        record.note(.lastCheckResult, finding.word)
        record.note(.lastVerdictOf, check[].begunAtWall)
        // Somebody else may have come to a verdict meanwhile.
        check[].health = ServerHealth(word: record[.health])
        var change = ServerHealth.Change.none
        if finding.result.isPass {
            record.count(.checksPassed)
            change = check[].health.didPass(rise: plan.rise)
        } else if finding.result != .noSocket {
            record.count(.checksFailed)
            change = check[].health.didFail(fall: plan.fall)
        }
        record.count(.checkMicroseconds, microseconds)
        apply(change, check[].health, plan, server, record)
        let wait = plan.schedule.next(state: check[].health.state, random: &random)
        checks.timers.arm(check, at: max(now + 1, check[].begunAt / 1_000_000 + wait))
    }

    private mutating func apply(
        _ change: ServerHealth.Change, _ health: ServerHealth, _ plan: CheckPlan,
        _ server: Ref<UpstreamServer>, _ record: ServerRecord
    ) {
        let moment = UInt64(max(1, wallMilliseconds))
        switch change {
        case .none: return
        case .progress:
            record.note(.health, health.word)
            return
        case .confirmed:
            if plan.startsDown { record.note(.cameUpAt, moment) }
        case .cameUp: record.note(.cameUpAt, moment)
        case .wentDown: record.count(.timesDown)
        }
        record.note(.healthChangedAt, moment)
        record.set(.health, health.word)
        // Behind it: nothing new begins with a server whose sessions end.
        if change == .wentDown, plan.endsSessions { record.endSessions(because: .markedDown) }
        if change == .cameUp, plan.endsBackupSessions { backupsAreOver(server) }
        checks.hasNews = true
    }
}
