// Where passwords are compared with their hashes, which takes milliseconds on purpose: on a thread
// of its own, so that no loop stands still. The thread is there while there is something to do. One
// for all loops of a worker, and what it finds right all of them know. Whoever asks the same as
// another gets the same answer; whoever finds the desk full is told so.

internal import Passwords
internal import Syscalls

/// How a comparison went.
struct PasswordVerdict: Sendable, Equatable {
    enum Outcome: Sendable {
        case right, wrong
        /// The system had no thread for it.
        case notLookedAt
    }
    /// `Ref.token` of the exchange.
    var exchange: UInt64
    /// What was given for it: an exchange that waits no more has another, or none.
    var ticket: UInt64
    var outcome: Outcome
}

final class PasswordDesk: Sendable {
    struct Question {
        /// Nil: nobody has that name. The answer is no, and takes as long.
        var account: Int?
        var password: Bytes
        var hash: PasswordHash
        /// Where the client is: some places at the desk are for others.
        var client: UInt64
        var loop: Int
        /// `Ref.token` of the exchange.
        var exchange: UInt64
    }
    enum Reply: Equatable {
        case right
        /// The verdict comes with this ticket, never 0, into the loop's mailbox.
        case wait(UInt64)
        /// Too many wait, of all clients or of this one.
        case full
    }
    /// Comparisons that wait: a flood of wrong passwords costs a thread, and no memory.
    static let jobsMax = 64
    /// Of one client, once half of all places are taken.
    static let jobsOfClientMax = 8
    /// Exchanges that wait for one of them.
    static let waitersMax = 1_024

    fileprivate struct Waiter {
        var ticket: UInt64
        var loop: Int
        var exchange: UInt64
    }
    fileprivate struct Job {
        var account: Int?
        var password: [UInt8]
        var hash: PasswordHash
        /// Of the first who asked.
        var client: UInt64
        var waiters: [Waiter]
    }
    fileprivate struct State {
        /// The first one is being looked at.
        var jobs: [Job] = []
        /// By account.
        var known: [Int: [UInt8]] = [:]
        var isWorking = false
        var lastTicket: UInt64 = 0
    }
    private let state = Guarded(State())
    private let links = Guarded<[LoopLink]>([])

    init() {}

    /// All loops of the worker, by index; before they run.
    func connect(_ links: [LoopLink]) {
        self.links.withLock { $0 = links }
    }

    func ask(_ question: Question) -> Reply {
        let (reply, begins) = state.withLock { state -> (Reply, Bool) in
            let reply = state.answer(question)
            guard case .wait = reply, !state.isWorking else { return (reply, false) }
            state.isWorking = true
            return (reply, true)
        }
        guard begins else { return reply }
        do throws(SystemError) {
            try Thread.start(name: "passwords") { self.work() }
        } catch {
            giveUp()
        }
        return reply
    }

    /// Nobody waits for that answer any more.
    func forget(_ ticket: UInt64) {
        state.withLock { $0.forget(ticket) }
    }

    private func work() {
        // Whoever proxies comes first.
        Thread.yieldToOthers()
        while let job = state.withLock({ $0.current() }) {
            let isRight = job.hash.isHash(of: job.password) && job.account != nil
            let waiters = state.withLock { $0.finish(isRight: isRight) }
            tell(waiters, isRight ? .right : .wrong)
        }
    }

    /// Without a thread nobody is answered; the next question tries to have one again.
    private func giveUp() {
        let waiters = state.withLock { state in
            defer { (state.jobs, state.isWorking) = ([], false) }
            return state.jobs.flatMap(\.waiters)
        }
        tell(waiters, .notLookedAt)
    }

    private func tell(_ waiters: [Waiter], _ outcome: PasswordVerdict.Outcome) {
        for waiter in waiters {
            let verdict = PasswordVerdict(
                exchange: waiter.exchange, ticket: waiter.ticket, outcome: outcome)
            links.withLock { $0[waiter.loop] }.mailbox.post(.password(verdict))
        }
    }
}

extension PasswordDesk.State {
    fileprivate mutating func answer(_ question: PasswordDesk.Question) -> PasswordDesk.Reply {
        if let account = question.account, let password = known[account],
            question.password.areSecretly(password)
        {
            return .right
        }
        let same = jobs.firstIndex {
            $0.account == question.account && question.password.areSecretly($0.password)
        }
        if let same {
            guard jobs[same].waiters.count < PasswordDesk.waitersMax else { return .full }
        } else {
            // While there is room enough, many who come by one address are welcome.
            let isCrowded = jobs.count >= PasswordDesk.jobsMax / 2
            let own = isCrowded ? jobs.count { $0.client == question.client } : 0
            guard jobs.count < PasswordDesk.jobsMax, own < PasswordDesk.jobsOfClientMax else {
                return .full
            }
            jobs.append(
                PasswordDesk.Job(
                    account: question.account, password: question.password.copied,
                    hash: question.hash, client: question.client, waiters: []))
        }
        lastTicket += 1
        jobs[same ?? jobs.count - 1].waiters.append(
            PasswordDesk.Waiter(
                ticket: lastTicket, loop: question.loop, exchange: question.exchange))
        return .wait(lastTicket)
    }

    /// What is to be looked at now. Nil: nothing, and the thread ends.
    fileprivate mutating func current() -> PasswordDesk.Job? {
        if jobs.isEmpty { isWorking = false }
        return jobs.first
    }

    /// Who waited for it.
    fileprivate mutating func finish(isRight: Bool) -> [PasswordDesk.Waiter] {
        let job = jobs.removeFirst()
        if isRight, let account = job.account { known[account] = job.password }
        return job.waiters
    }

    /// A comparison for which nobody waits is not begun.
    fileprivate mutating func forget(_ ticket: UInt64) {
        for place in jobs.indices {
            guard let waiter = jobs[place].waiters.firstIndex(where: { $0.ticket == ticket }) else {
                continue
            }
            jobs[place].waiters.remove(at: waiter)
            if jobs[place].waiters.isEmpty, place > 0 { jobs.remove(at: place) }
            return
        }
    }
}
