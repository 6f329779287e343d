// What the names of servers stand for, as far as is known: which name is to be looked up when, what
// an answer changes, what nobody may be sent to. An answer that is of no use changes nothing but what
// is told of it: the last good address stays. Pure value; time and chance are arguments.

public import Clock
internal import ConfigurationLanguage
internal import Model
internal import Supervisor
internal import Syscalls

/// A name and what is asked of its addresses: whatever differs here is looked up on its own.
struct NameQuestion: Hashable {
    var name: NamedAddress
    var allowsLinkLocal: Bool
    /// Only addresses of its family are of use; nil: of both.
    var source: SocketAddress.Host?

    /// Nil: the server has an address.
    init?(_ server: Server) {
        guard let name = server.address.named else { return nil }
        self.name = name
        allowsLinkLocal = server.allowsLinkLocal
        source = server.source
    }
}

/// What is known of a server's name, for showing.
public struct NameView: Sendable, Equatable {
    /// `app.internal`
    public var name: String
    /// Of the last answer; nil: it was a good one, or there was none yet.
    public var failure: String?
    /// When the last good answer came; nil: never.
    public var resolvedAt: WallTime?
    /// Answers since the name came to be known, good ones and others.
    public var goodCount = 0
    public var failureCount = 0

    public init(name: String) {
        self.name = name
    }
}

/// What an answer has changed, for the log.
struct NameChange: Equatable {
    var name: NamedAddress
    /// Where its servers are; nil: nobody knows.
    var address: SocketAddress?
    /// The address is another one than before.
    var hasMoved: Bool
    /// Nil: the answer was a good one.
    var failure: HostLookupFailure?
}

struct NameBook {
    /// A lookup that takes longer counts as failed; its answer is taken all the same.
    static let patience: Duration = .seconds(5)
    /// A lookup of which nothing was heard for so long is not waited for: the name is asked for anew.
    static let lost: Duration = .seconds(30)
    /// Of one name, of which all but the last seem lost.
    static let lookupsMax = 2
    /// How soon a name is looked up again of which there is no address yet.
    static let retry: Duration = .seconds(2)

    private struct Entry {
        /// Nil: only until there is an answer.
        var interval: Duration?
        var address: SocketAddress?
        var failure: HostLookupFailure?
        var resolvedAt: WallTime?
        var goodCount = 0
        var failureCount = 0
        /// When it was asked last; nil: nobody waits for an answer.
        var askedAt: Instant?
        /// When an answer came last, also one that was of no use.
        var answeredAt: Instant?
        /// When the lookup was begun whose answer was taken last.
        var answeredOf: Instant?
        /// Lookups that have not come back, lost ones among them.
        var outCount = 0
        var nextAt: Instant?

        /// Since when it is to be looked up; nil: it is not.
        var dueAt: Instant? {
            guard let askedAt else { return nextAt }
            // A name whose lookups never come back does not take all the threads there may be.
            return outCount < NameBook.lookupsMax ? askedAt + NameBook.lost : nil
        }
    }
    private var entries: [NameQuestion: Entry] = [:]
    /// Of the configuration that was started last, which nobody else may know of yet.
    private var newest: Set<NameQuestion> = []
    /// Where the admin API listens, and may listen after the next start.
    private var adminAddresses: [SocketAddress] = []
    private var newAdminAddresses: [SocketAddress] = []

    init() {}

    var isEmpty: Bool { entries.isEmpty }

    /// A generation is about to be started with these: what is not known is to be asked for at once,
    /// and so is what is asked for with each start only.
    mutating func use(_ configuration: Configuration, at now: Instant) {
        let admin = configuration.admin.addresses
        if adminAddresses.isEmpty { adminAddresses = admin }
        newAdminAddresses = admin
        var intervals: [NameQuestion: Duration?] = [:]
        var askedFirst: Set<NameQuestion> = []
        for backend in configuration.backends {
            for server in backend.servers {
                guard let question = NameQuestion(server) else { continue }
                if server.initialAddress.asksFirst { askedFirst.insert(question) }
                // Of backends that have the same name the one that asks more often counts.
                let others = intervals[question].flatMap { $0 }
                let least = [others, backend.resolveInterval].compactMap { $0 }.min()
                intervals.updateValue(least, forKey: question)
            }
        }
        newest = Set(intervals.keys)
        for (question, interval) in intervals {
            var entry = entries[question] ?? Entry()
            entry.interval = interval
            if entry.askedAt == nil {
                if entry.address != nil, let interval, !askedFirst.contains(question) {
                    entry.nextAt = min(entry.nextAt ?? now, now + interval)
                } else {
                    entry.nextAt = now
                }
            }
            entries[question] = entry
        }
    }

    /// Forgets what neither these ask for nor the configuration that was started last.
    mutating func keep(_ questions: Set<NameQuestion>) {
        entries = entries.filter { questions.contains($0.key) || newest.contains($0.key) }
    }

    /// What is to be looked up now, what has waited longest first. Nothing is twice on its way but what
    /// seems lost.
    mutating func takeDue(at now: Instant, atMost count: Int = .max) -> [NameQuestion] {
        var due: [(question: NameQuestion, since: Instant)] = []
        for (question, entry) in entries {
            if let since = entry.dueAt, since <= now { due.append((question, since)) }
        }
        due.sort { $0.since < $1.since }
        let taken = due.prefix(max(0, count)).map(\.question)
        for question in taken {
            entries[question]?.askedAt = now
            entries[question]?.nextAt = nil
            entries[question]?.outCount += 1
        }
        return taken
    }

    /// Lookups that have taken too long, or have waited too long for a thread, and were not told yet.
    mutating func takeOverdue(at now: Instant) -> [NameChange] {
        var overdue: [NameChange] = []
        for (question, entry) in entries {
            guard let since = entry.askedAt ?? entry.nextAt, now - since > Self.patience,
                entry.failure != .timeout
            else { continue }
            overdue += [fail(question, .timeout)].compactMap { $0 }
        }
        return overdue
    }

    /// An answer; nil: there is nothing to tell.
    ///
    /// - Parameters:
    ///   - askedAt: when `takeDue` gave it; nil: the last time. An answer to an older question than the
    ///     one that was answered last is of no use.
    ///   - random: spreads the next lookup over a fifth of the interval.
    mutating func didAnswer(
        _ question: NameQuestion, _ answer: HostLookup, askedAt: Instant? = nil, at now: Moment,
        random: UInt64
    ) -> NameChange? {
        guard var entry = entries[question] else { return nil }
        entry.outCount = max(0, entry.outCount - 1)
        let asked = askedAt ?? entry.askedAt ?? now.instant
        if let answered = entry.answeredOf, asked < answered {
            entries[question] = entry
            return nil
        }
        entry.answeredOf = asked
        entry.answeredAt = now.instant
        entry.askedAt = nil
        let hosts = hosts(of: answer, fit: question)
        let isKnown = entry.address != nil || hosts?.isEmpty == false
        entry.nextAt = Self.wait(entry.interval, isKnown: isKnown, random: random).map {
            now.instant + $0
        }
        guard let hosts, let first = hosts.first else {
            entries[question] = entry
            if case .failed(let failure) = answer { return fail(question, failure) }
            return fail(question, .refused)
        }
        let port = question.name.port
        let (old, oldFailure) = (entry.address, entry.failure)
        // The one that is in use stays, wherever it stands among the others now.
        if entry.address.map({ hosts.contains($0.host) }) != true {
            entry.address = SocketAddress(host: first, port: port)
        }
        entry.failure = nil
        entry.resolvedAt = now.wall
        entry.goodCount += 1
        entries[question] = entry
        let hasMoved = entry.address != old
        guard hasMoved || oldFailure != nil else { return nil }
        return NameChange(
            name: question.name, address: entry.address, hasMoved: hasMoved, failure: nil)
    }

    /// Where the server is, as far as is known.
    func address(_ question: NameQuestion) -> SocketAddress? { entries[question]?.address }

    /// Whether a generation whose start began then had better wait for an answer: to a name of which
    /// nothing was heard yet, or one that is to be asked for before all else.
    func awaits(_ servers: [Server], since start: Instant) -> Bool {
        servers.contains { server in
            guard let question = NameQuestion(server), let entry = entries[question] else {
                return false
            }
            let initial = server.initialAddress
            if initial.asksFirst { return entry.answeredAt.map { $0 < start } ?? true }
            return initial.asks && entry.address == nil && entry.failure == nil
        }
    }

    func view(_ question: NameQuestion) -> NameView {
        var view = NameView(name: question.name.name)
        guard let entry = entries[question] else { return view }
        view.failure = entry.failure?.rawValue
        view.resolvedAt = entry.resolvedAt
        view.goodCount = entry.goodCount
        view.failureCount = entry.failureCount
        return view
    }

    /// Whether a server may have the address.
    func allows(_ address: SocketAddress, linkLocal allowsLinkLocal: Bool) -> Bool {
        !address.host.isWildcard && (allowsLinkLocal || !address.host.isLinkLocal)
            && !address.mayReach(adminAddresses + newAdminAddresses)
    }

    /// Nil: there is no answer; empty: none of it is of use.
    private func hosts(
        of answer: HostLookup, fit question: NameQuestion
    ) -> [SocketAddress.Host]? {
        guard case .found(let found) = answer else { return nil }
        return found.map { SocketAddress.Host($0) }.filter { host in
            question.source?.hasFamily(of: host) != false
                && allows(
                    SocketAddress(host: host, port: question.name.port),
                    linkLocal: question.allowsLinkLocal)
        }
    }

    /// Told when it is another failure than the last one.
    private mutating func fail(
        _ question: NameQuestion, _ failure: HostLookupFailure
    ) -> NameChange? {
        guard var entry = entries[question] else { return nil }
        let old = entry.failure
        entry.failure = failure
        entry.failureCount += 1
        entries[question] = entry
        guard failure != old else { return nil }
        return NameChange(
            name: question.name, address: entry.address, hasMoved: false, failure: failure)
    }

    /// Nil: not again.
    private static func wait(_ interval: Duration?, isKnown: Bool, random: UInt64) -> Duration? {
        guard let usual = isKnown ? interval : min(interval ?? retry, retry) else { return nil }
        let milliseconds = max(1, usual.wholeMilliseconds)
        let spread = Int64(random % UInt64(milliseconds / 5 + 1)) - milliseconds / 10
        return .milliseconds(milliseconds + spread)
    }
}

extension SocketAddress.Host {
    init(_ host: RawSocketAddress.Host) {
        switch host {
        case .ipv4(let word): self = .ipv4(word)
        case .ipv6(let high, let low): self = .ipv6(high: high, low: low)
        }
    }
}
