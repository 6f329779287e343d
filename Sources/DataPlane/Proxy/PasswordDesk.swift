// Where passwords are compared with their hashes, which takes milliseconds on purpose: on a thread
// of its own, so that no loop stands still. The thread is there while there is something to do. One
// for all loops of a worker; whoever finds the desk full is told so.

internal import Passwords
internal import Synchronization
internal import Syscalls

/// How a comparison went.
struct PasswordVerdict: Sendable, Equatable {
    /// `Ref.token` of the exchange.
    var exchange: UInt64
    /// What was given for it: an exchange that waits no more has another, or none.
    var ticket: UInt64
    var isRight: Bool
}

final class PasswordDesk: Sendable {
    struct Question: Sendable {
        var loop: Int
        var exchange: UInt64
        var password: [UInt8]
        var hash: PasswordHash
        /// False: the answer is no, and takes as long, so that nobody learns which users there are.
        var isOfUser: Bool
    }
    private struct Job {
        var ticket: UInt64
        var question: Question
    }
    private struct State {
        var jobs: [Job] = []
        var isWorking = false
        var lastTicket: UInt64 = 0
    }
    /// More than this wait nowhere: a flood of wrong passwords costs one core, and no memory.
    static let waitingMax = 64

    private let state = Guarded(State())
    private let links = Guarded<[LoopLink]>([])

    init() {}

    /// All loops of the worker, by index; before they run.
    func connect(_ links: [LoopLink]) {
        self.links.withLock { $0 = links }
    }

    /// The ticket, never 0; the verdict comes with it into the loop's mailbox. Nil: too many wait.
    func ask(_ question: Question) -> UInt64? {
        let (ticket, begins) = state.withLock { state -> (UInt64?, Bool) in
            guard state.jobs.count < Self.waitingMax else { return (nil, false) }
            state.lastTicket += 1
            state.jobs.append(Job(ticket: state.lastTicket, question: question))
            defer { state.isWorking = true }
            return (state.lastTicket, !state.isWorking)
        }
        guard begins else { return ticket }
        do throws(SystemError) {
            try Thread.start(name: "passwords") { self.work() }
            return ticket
        } catch {
            // No thread, no answers: those that came in between try again.
            let jobs = state.withLock { state in
                defer { (state.jobs, state.isWorking) = ([], false) }
                return state.jobs
            }
            for job in jobs where job.ticket != ticket { tell(job, isRight: false) }
            return nil
        }
    }

    private func work() {
        while let job = next() {
            let isHash = job.question.hash.isHash(of: job.question.password)
            tell(job, isRight: isHash && job.question.isOfUser)
        }
    }

    /// Nil: the thread ends.
    private func next() -> Job? {
        state.withLock { state in
            if state.jobs.isEmpty {
                state.isWorking = false
                return nil
            }
            return state.jobs.removeFirst()
        }
    }

    private func tell(_ job: Job, isRight: Bool) {
        let verdict = PasswordVerdict(
            exchange: job.question.exchange, ticket: job.ticket, isRight: isRight)
        links.withLock { $0[job.question.loop] }.mailbox.post(.password(verdict))
    }
}
