// What names of servers stand for: what an answer changes, what it never does, and who is asked when.

import Clock
import Model
import Supervisor
import Syscalls
import Testing

@testable import Master

@Suite struct NameBookTests {
    private static let name = NamedAddress(name: "app.internal", port: 8080)

    private func backend(
        interval: Duration? = .seconds(10), _ change: (inout Server) -> Void = { _ in }
    ) -> Backend {
        var server = Server(name: "s", at: .named(Self.name))
        change(&server)
        var backend = Backend(name: "b", mode: .http, servers: [server])
        backend.resolveInterval = interval
        return backend
    }

    private func moment(_ seconds: Double) -> Moment {
        Moment(instant: instant(seconds), wall: WallTime(milliseconds: Int64(seconds * 1_000)))
    }

    private func instant(_ seconds: Double) -> Instant {
        Instant(nanoseconds: 0) + .milliseconds(Int64(seconds * 1_000))
    }

    private func hosts(_ words: UInt32...) -> HostLookup { .found(words.map { .ipv4($0) }) }

    private func address(_ word: UInt32) -> SocketAddress {
        SocketAddress(host: .ipv4(word), port: 8080)
    }

    /// A book in which the one name was asked for at second 0.
    private func asked(
        _ backend: Backend, admin: AdminSettings = AdminSettings()
    ) throws -> (book: NameBook, question: NameQuestion) {
        var book = NameBook()
        book.use(Configuration(admin: admin, backends: [backend]), at: instant(0))
        let due = book.takeDue(at: instant(0))
        #expect(due.count == 1)
        return (book, try #require(due.first))
    }

    /// Nothing that an answer fails to say moves a server.
    @Test(arguments: HostLookupFailure.allCases)
    func theLastGoodOneStays(_ failure: HostLookupFailure) throws {
        var (book, question) = try asked(backend())
        let first = book.didAnswer(question, hosts(1), at: moment(0), random: 0)
        #expect(first?.address == address(1) && first?.hasMoved == true)
        let told = book.didAnswer(question, .failed(failure), at: moment(1), random: 0)
        #expect(told?.failure == failure && told?.hasMoved == false)
        #expect(book.address(question) == address(1))
        #expect(book.view(question).failure == failure.rawValue)
        // The same again is not told again, but counted.
        #expect(book.didAnswer(question, .failed(failure), at: moment(2), random: 0) == nil)
        #expect(book.view(question).failureCount == 2)
        let back = book.didAnswer(question, hosts(1), at: moment(3), random: 0)
        #expect(back == NameChange(name: Self.name, address: address(1), hasMoved: false))
        #expect(book.didAnswer(question, hosts(1), at: moment(4), random: 0) == nil)
        #expect(book.view(question).resolvedAt == moment(4).wall)
    }

    /// Servers do not wander among the records of an answer.
    @Test func anAddressStaysWhileItIsAmongTheAnswers() throws {
        var (book, question) = try asked(backend())
        _ = book.didAnswer(question, hosts(1, 2), at: moment(0), random: 0)
        for answer in [hosts(2, 1), hosts(3, 2, 1), hosts(1)] {
            #expect(book.didAnswer(question, answer, at: moment(1), random: 0) == nil)
            #expect(book.address(question) == address(1))
        }
        let many = HostLookup.found((10..<1_010).map { .ipv4($0) } + [.ipv4(1)])
        #expect(book.didAnswer(question, many, at: moment(2), random: 0) == nil)
        let moved = book.didAnswer(question, hosts(3, 2), at: moment(3), random: 0)
        #expect(moved?.hasMoved == true && moved?.address == address(3))
    }

    /// 169.254.169.254, 0.0.0.0, and where the admin API listens.
    @Test func whereNoServerMayBe() throws {
        var admin = AdminSettings()
        admin.metrics = AdminMetricsListener(
            listen: [SocketAddress(host: .ipv4(0x7F00_0001), port: 8080)])
        let (linkLocal, metrics): (UInt32, UInt32) = (0xA9FE_A9FE, 0x7F00_0001)
        for word in [linkLocal, metrics, 0] {
            var (book, question) = try asked(backend(), admin: admin)
            let told = book.didAnswer(question, hosts(word), at: moment(0), random: 0)
            #expect(told?.failure == .refused && told?.address == nil)
            #expect(book.address(question) == nil)
            _ = book.didAnswer(question, hosts(word, 5), at: moment(1), random: 0)
            #expect(book.address(question) == address(5), "what is left of the answer")
        }
        var (book, question) = try asked(backend { $0.allowsLinkLocal = true }, admin: admin)
        _ = book.didAnswer(question, hosts(metrics, linkLocal), at: moment(0), random: 0)
        #expect(book.address(question) == address(linkLocal))
        // A later configuration listens elsewhere: what was started with does still.
        book.use(Configuration(backends: [backend()]), at: instant(1))
        #expect(!book.allows(address(metrics), linkLocal: true))
    }

    @Test func onlyTheFamilyOfTheSource() throws {
        let six = SocketAddress.Host.ipv6(high: 0x2001_0DB8_0000_0000, low: 1)
        var (book, question) = try asked(backend { $0.source = six })
        #expect(
            book.didAnswer(question, hosts(1), at: moment(0), random: 0)?.failure == .refused)
        let both = HostLookup.found([.ipv4(1), .ipv6(high: 0x2001_0DB8_0000_0000, low: 9)])
        _ = book.didAnswer(question, both, at: moment(1), random: 0)
        #expect(book.address(question)?.host == .ipv6(high: 0x2001_0DB8_0000_0000, low: 9))
    }

    /// In the middle of the spread, at both its ends; nothing is twice on its way.
    @Test(arguments: [(UInt64(0), 9.0), (1_000, 10.0), (2_000, 11.0)])
    func whenItIsAskedAgain(random: UInt64, expected: Double) throws {
        var (book, question) = try asked(backend())
        #expect(book.takeDue(at: instant(20)) == [])
        _ = book.didAnswer(question, hosts(1), at: moment(0), random: random)
        #expect(book.takeDue(at: instant(expected - 0.01)) == [])
        #expect(book.takeDue(at: instant(expected)) == [question])
        #expect(book.takeDue(at: instant(expected + 20)) == [])
    }

    @Test func onlyUntilThereIsAnAnswer() throws {
        var (book, question) = try asked(backend(interval: nil))
        _ = book.didAnswer(question, .failed(.unavailable), at: moment(0), random: 0)
        #expect(book.takeDue(at: instant(2)) == [question], "while nothing is known")
        _ = book.didAnswer(question, hosts(1), at: moment(2), random: 0)
        #expect(book.takeDue(at: instant(100_000)) == [])
        book.use(Configuration(backends: [backend(interval: nil)]), at: instant(3))
        #expect(book.takeDue(at: instant(3)) == [question], "and with each start")
        #expect(book.address(question) == address(1))
    }

    /// Whoever takes too long is told of once; an answer counts whenever it comes.
    @Test func aLookupThatHangs() throws {
        var (book, question) = try asked(backend())
        #expect(book.takeOverdue(at: instant(5)) == [])
        #expect(book.takeOverdue(at: instant(6)).map(\.failure) == [.timeout])
        #expect(book.takeOverdue(at: instant(29)) == [])
        #expect(book.takeDue(at: instant(29)) == [])
        // Nobody waits for ever.
        #expect(book.takeDue(at: instant(31), atMost: 0) == [])
        #expect(book.takeDue(at: instant(31)) == [question])
        #expect(book.takeDue(at: instant(32)) == [])
        let late = book.didAnswer(question, hosts(1), at: moment(70), random: 0)
        #expect(late?.address == address(1) && late?.failure == nil)
    }

    /// What no generation has any more is forgotten, and an answer for it changes nothing.
    @Test func forgotten() throws {
        var (book, question) = try asked(backend())
        book.keep([])
        #expect(!book.isEmpty, "a generation is about to be started with it")
        book.use(Configuration(), at: instant(0))
        book.keep([question])
        #expect(!book.isEmpty)
        book.keep([])
        #expect(book.isEmpty)
        #expect(book.didAnswer(question, hosts(1), at: moment(0), random: 0) == nil)
        #expect(book.address(question) == nil && book.isEmpty)
    }

    /// Another interval counts from the reload on.
    @Test(arguments: [nil, 86_400.0]) func anotherInterval(old: Double?) throws {
        let interval = old.map { Duration.seconds($0) }
        var (book, question) = try asked(backend(interval: interval))
        _ = book.didAnswer(question, hosts(1), at: moment(0), random: 0)
        #expect(book.takeDue(at: instant(100)) == [])
        // Of two backends with the name, the one that asks more often counts.
        let backends = [backend(interval: .seconds(5)), backend(interval: nil)]
        book.use(Configuration(backends: backends), at: instant(100))
        #expect(book.takeDue(at: instant(105)) == [question])
    }

    /// However many names there are, each has its turn: what waits longest comes first.
    @Test func everyNameHasItsTurn() throws {
        var backend = backend(interval: .seconds(1))
        backend.servers = (0..<100).map { number in
            let name = NamedAddress(name: "host-\(number).internal", port: 80)
            return Server(name: "s\(number)", at: .named(name))
        }
        var book = NameBook()
        book.use(Configuration(backends: [backend]), at: instant(0))
        var counts: [NameQuestion: Int] = [:]
        for round in 0..<50 {
            let time = Double(round) * 0.25
            let due = book.takeDue(at: instant(time), atMost: 16)
            for question in due {
                counts[question, default: 0] += 1
                _ = book.didAnswer(question, hosts(1), at: moment(time), random: 0)
            }
        }
        #expect(counts.count == 100 && (counts.values.min() ?? 0) >= 7, "\(counts.values.sorted())")
    }

    /// The answer to an older question does not go before the one to a newer; and a name that never
    /// answers is not asked by more and more threads.
    @Test func lateAnswers() throws {
        var (book, question) = try asked(backend())
        #expect(book.takeDue(at: instant(31)) == [question])
        #expect(book.takeDue(at: instant(90)) == [], "two are out")
        let newer = book.didAnswer(
            question, hosts(2), askedAt: instant(31), at: moment(91), random: 0)
        #expect(newer?.address == address(2))
        let older = book.didAnswer(
            question, hosts(1), askedAt: instant(0), at: moment(92), random: 0)
        #expect(older == nil && book.address(question) == address(2))
        #expect(book.takeDue(at: instant(102)) == [question])
    }

    /// For what a start waits: before any answer, with an address from before, and after an answer of
    /// no use.
    @Test(
        arguments: [
            ([.last, .dns], true, false, false), ([.dns, .last], true, true, false),
            ([.dns], true, true, false), ([.last], false, false, false), ([], false, false, false),
        ] as [([InitialAddress.Source], Bool, Bool, Bool)])
    func whatAStartWaitsFor(
        _ sources: [InitialAddress.Source], unknown: Bool, known: Bool, failed: Bool
    ) throws {
        let backend = backend { $0.initialAddress = InitialAddress(sources: sources) }
        let servers = backend.servers
        var (book, question) = try asked(backend)
        #expect(book.awaits(servers, since: instant(0)) == unknown)
        var other = book
        _ = other.didAnswer(question, .failed(.unavailable), at: moment(0.5), random: 0)
        #expect(other.awaits(servers, since: instant(0)) == failed)
        _ = book.didAnswer(question, hosts(1), at: moment(0.5), random: 0)
        #expect(!book.awaits(servers, since: instant(0)))

        // The next start. Only what is asked first is asked before its time.
        book.use(Configuration(backends: [backend]), at: instant(1))
        #expect(book.awaits(servers, since: instant(1)) == known)
        #expect(book.takeDue(at: instant(1)) == (known ? [question] : []))
        _ = book.didAnswer(question, .failed(.unavailable), at: moment(2), random: 0)
        #expect(!book.awaits(servers, since: instant(1)))
        #expect(book.address(question) == address(1), "nothing takes away what is known")
    }

    /// The answer to a question that was on its way when the start began is one to that start.
    @Test func anAnswerOnItsWayIsGoodForAStart() throws {
        let backend = backend { $0.initialAddress = InitialAddress(sources: [.dns]) }
        var (book, question) = try asked(backend)
        book.use(Configuration(backends: [backend]), at: instant(1))
        #expect(book.takeDue(at: instant(1)) == [])
        #expect(book.awaits(backend.servers, since: instant(1)))
        _ = book.didAnswer(question, hosts(1), askedAt: instant(0), at: moment(2), random: 0)
        #expect(!book.awaits(backend.servers, since: instant(1)))
    }
}
