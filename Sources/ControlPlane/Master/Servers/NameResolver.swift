// Looks up the names of servers, and lets their records have what was found. The system's resolver
// waits as long as it likes (for a name server that takes a TCP connection and says nothing: for
// ever), so each question has a thread of its own. One that does not come back is asked anew on
// another, and its thread counts among the few that there may be. Any thread.

internal import Clock
internal import Foundation
internal import Model
internal import Supervisor
internal import Synchronization
internal import Syscalls

final class NameResolver: Sendable {
    /// Lookups at once; more wait.
    static let lookupCountMax = 16
    /// How long the start of a generation waits for names that nobody knows yet.
    static let startPatience: Duration = .seconds(1)

    typealias Lookup = @Sendable (String) -> HostLookup

    private let names: HostNames
    private let traffic: TrafficTable
    private let mailbox: Mailbox
    private let lookup: Lookup
    private let running = Mutex(0)
    /// Signalled with each answer.
    private let answered = NSCondition()

    init(
        traffic: TrafficTable, mailbox: Mailbox,
        lookup: @escaping Lookup = { HostLookup.addresses(of: $0) }
    ) {
        names = traffic.names
        self.traffic = traffic
        self.mailbox = mailbox
        self.lookup = lookup
    }

    /// Has the names of a configuration looked up that is about to be started, and waits a moment for
    /// those of which nothing is known, as far as their servers want that: rather late than without
    /// them. Not on the loop.
    func prepare(_ configuration: Configuration) {
        let servers = configuration.backends.flatMap(\.servers).filter { $0.address.named != nil }
        let start = Instant.now()
        names.withBook { $0.use(configuration, at: start) }
        if servers.isEmpty { return }
        ask()
        let end = Date(timeIntervalSinceNow: Double(Self.startPatience.wholeMilliseconds) / 1_000)
        answered.withLock {
            while names.withBook({ $0.awaits(servers, since: start) }), answered.wait(until: end) {}
        }
    }

    /// Looks up what is due. Never waits.
    func tend() {
        let overdue = names.withBook { $0.isEmpty ? [] : $0.takeOverdue(at: .now()) }
        for change in overdue { mailbox.post(.resolved(change)) }
        ask()
    }

    private func ask() {
        let now = Instant.now()
        let room = running.withLock { Self.lookupCountMax - $0 }
        for question in names.withBook({ $0.takeDue(at: now, atMost: room) }) {
            running.withLock { $0 += 1 }
            do throws(SystemError) {
                try Thread.start(name: "lookup") { [self] in
                    let found = lookup(question.name.name)
                    running.withLock { $0 -= 1 }
                    answer(question, found, askedAt: now)
                    // Another one may have waited for a thread.
                    ask()
                }
            } catch {
                // The system has no thread to give, for now.
                running.withLock { $0 -= 1 }
                answer(question, .failed(.unavailable), askedAt: now)
            }
        }
    }

    private func answer(_ question: NameQuestion, _ found: HostLookup, askedAt: Instant) {
        let change = names.withBook { book in
            book.didAnswer(
                question, found, askedAt: askedAt, at: Moment(instant: .now(), wall: .now()),
                random: .random(in: .min ... .max))
        }
        if let change {
            if change.hasMoved { traffic.publishAddresses() }
            mailbox.post(.resolved(change))
        }
        answered.withLock { answered.broadcast() }
    }
}
