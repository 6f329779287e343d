// Where servers are, on its way into their records: by their names, by operators, over generations.

import Clock
import Model
import SharedState
import Store
import Supervisor
import Synchronization
import Syscalls
import TestKit
import Testing

@testable import Master

@Suite struct ServerAddressTests {
    private let region: SharedRegion

    init() throws { region = try SharedRegion.create().region }

    private func configuration(_ address: ServerAddress, disabled: Bool = false) -> Configuration {
        var server = Server(name: "a", at: address)
        server.isDisabled = disabled
        return Configuration(backends: [Backend(name: "api", mode: .http, servers: [server])])
    }

    private static let name = NamedAddress(name: "app.internal", port: 80)
    private static let fixed = SocketAddress(host: .ipv4(9), port: 99)

    private func raw(_ word: UInt32, port: UInt16 = 80) -> RawSocketAddress {
        RawSocketAddress(host: .ipv4(word), port: port)
    }

    private func record(_ numbers: TrafficNumbers) throws -> ServerRecord {
        try #require(ServerRecord(region, number: numbers.servers[0][0]))
    }

    private func answer(_ word: UInt32, of configuration: Configuration, in table: TrafficTable) {
        guard let question = NameQuestion(configuration.backends[0].servers[0]) else { return }
        let now = Moment(instant: .now(), wall: .now())
        table.names.withBook { book in
            book.use(configuration, at: now.instant)
            _ = book.didAnswer(question, .found([.ipv4(word)]), at: now, random: 0)
        }
        table.publishAddresses()
    }

    @Test func aGenerationBeginsWithWhatIsKnown() throws {
        let table = TrafficTable(region)
        let named = configuration(.named(Self.name))
        let first = table.numbers(for: named, generation: 1)
        #expect(first.addresses == [[nil]])
        // Nobody serves: no record is touched, so a start that fails has changed nothing.
        answer(5, of: named, in: table)
        #expect(try record(first).address == nil)
        _ = table.dropOverrides(serving: 1)
        #expect(try record(first).address == PublishedAddress(raw(5), tag: Self.name.tag))
        let second = table.numbers(for: named, generation: 2)
        #expect(second.addresses == [[SocketAddress(host: .ipv4(5), port: 80)]])
        answer(6, of: named, in: table)
        #expect(try record(second).address?.address == raw(6))
        // A server with an address of its own has no use for it; leavers that have the name do.
        let third = table.numbers(for: configuration(.fixed(Self.fixed)), generation: 3)
        #expect(third.addresses == [])
        _ = table.dropOverrides(serving: 3)
        #expect(try record(third).address?.tag == Self.name.tag)
        let view = try #require(table.backends(of: 3, now: .now()).first?.servers.first)
        #expect(view.address == "0.0.0.9:99" && view.resolution == nil)
    }

    /// A name that is not found, and then is; one that is known needs no other address.
    @Test func anotherAddressUntilTheNameIsFound() throws {
        let table = TrafficTable(region)
        var named = configuration(.named(Self.name))
        named.backends[0].servers[0].initialAddress = InitialAddress(
            sources: [.dns], fallback: .ipv4(7))
        let numbers = table.numbers(for: named, generation: 1)
        #expect(numbers.addresses == [[SocketAddress(host: .ipv4(7), port: 80)]])
        _ = table.dropOverrides(serving: 1)
        table.publishAddresses()
        #expect(try record(numbers).address == PublishedAddress(raw(7), tag: Self.name.tag))
        answer(5, of: named, in: table)
        #expect(try record(numbers).address == PublishedAddress(raw(5), tag: Self.name.tag))
        named.backends[0].servers[0].initialAddress.fallback = .ipv4(8)
        let next = table.numbers(for: named, generation: 2)
        #expect(next.addresses == [[SocketAddress(host: .ipv4(5), port: 80)]])
    }

    /// What a server was given while its name was of no use goes with the configuration that gave it.
    @Test func anAddressOfLastResortIsNotKept() throws {
        let table = TrafficTable(region)
        var named = configuration(.named(Self.name))
        for (generation, word) in ([7, 8, nil, 9] as [UInt32?]).enumerated() {
            named.backends[0].servers[0].initialAddress = InitialAddress(
                sources: [.dns], fallback: word.map { .ipv4($0) })
            let numbers = table.numbers(for: named, generation: generation + 1)
            _ = table.dropOverrides(serving: generation + 1)
            table.publishAddresses()
            #expect(
                try record(numbers).address
                    == word.map { PublishedAddress(raw($0), tag: Self.name.tag) })
        }
    }

    @Test func anOperatorGoesBefore() throws {
        let table = TrafficTable(region)
        let named = configuration(.named(Self.name))
        let numbers = table.numbers(for: named, generation: 1)
        _ = table.dropOverrides(serving: 1)
        var view = try #require(table.backends(of: 1, now: .now()).first?.servers.first)
        #expect(view.operationalState == .unresolved && view.address == nil && !view.isUp)
        var wish = ServerWish(backend: "api", server: "a", principal: "test")
        wish.address = .value(Self.fixed)
        #expect(table.carryOut(try table.plan(wish).get()))
        #expect(try record(numbers).address == PublishedAddress(raw(9, port: 99), tag: 0))
        view = try #require(table.backends(of: 1, now: .now()).first?.servers.first)
        #expect(view.address == "0.0.0.9:99" && view.addressOverride == "0.0.0.9:99")
        #expect(view.configuredAddress == "app.internal:80" && view.isUp)
        answer(5, of: named, in: table)
        #expect(try record(numbers).address?.tag == 0)
        wish.address = .configured
        #expect(table.carryOut(try table.plan(wish).get()))
        #expect(try record(numbers).address == PublishedAddress(raw(5), tag: Self.name.tag))
        #expect(table.override(backend: "api", server: "a").isEmpty)
    }

    @Test func takenBackFromAServerWithAnAddress() throws {
        let stored = ServerOverride.AddressSetting(
            value: "0.0.0.7:70", configured: Self.fixed.description)
        var remembered = ServerOverride(backend: "api", server: "a")
        remembered.address = stored
        let table = TrafficTable(region, overrides: [remembered])
        let numbers = table.numbers(for: configuration(.fixed(Self.fixed)), generation: 1)
        #expect(try record(numbers).address == PublishedAddress(raw(7, port: 70), tag: 0))
        #expect(table.dropOverrides(serving: 1) == [])
        // The file says something new of it.
        let other = configuration(.fixed(SocketAddress(host: .ipv4(8), port: 80)))
        _ = table.numbers(for: other, generation: 2)
        #expect(table.dropOverrides(serving: 2).map(\.fields) == [["address"]])
        #expect(try record(numbers).address == nil)
    }

    /// What was allowed when an operator said it is asked about again: this configuration does not
    /// allow link-local addresses.
    @Test func whatIsNotAllowedAnyMore() throws {
        let stored = ServerOverride.AddressSetting(
            value: "169.254.169.254:80", configured: Self.fixed.description)
        var remembered = ServerOverride(backend: "api", server: "a")
        remembered.address = stored
        let table = TrafficTable(region, overrides: [remembered])
        let numbers = table.numbers(for: configuration(.fixed(Self.fixed)), generation: 1)
        #expect(try record(numbers).address == nil)
    }

    @Test func whereNoServerMayBe() throws {
        let table = TrafficTable(region)
        _ = table.numbers(for: configuration(.fixed(Self.fixed)), generation: 1)
        _ = table.dropOverrides(serving: 1)
        var wish = ServerWish(backend: "api", server: "a", principal: "test")
        wish.address = .value(SocketAddress(host: .ipv4(0xA9FE_A9FE), port: 80))
        guard case .failure(let refusal) = table.plan(wish) else {
            Issue.record("it is granted")
            return
        }
        #expect(refusal.outcome == .protectedAddress)
    }

    /// READY is a wish like another where the configuration says maintenance.
    @Test func disabledServers() throws {
        let table = TrafficTable(region)
        let numbers = table.numbers(
            for: configuration(.fixed(Self.fixed), disabled: true), generation: 1)
        _ = table.dropOverrides(serving: 1)
        func state(_ generation: Int) -> ServerAdminState? {
            table.backends(of: generation, now: .now()).first?.servers.first?.adminState
        }
        #expect(state(1) == .maintenance)
        #expect(try record(numbers).adminStateOverride == nil)
        var wish = ServerWish(backend: "api", server: "a", principal: "test")
        wish.adminState = .ready
        #expect(table.carryOut(try table.plan(wish).get()))
        #expect(state(1) == .ready && !table.override(backend: "api", server: "a").isEmpty)
        #expect(try record(numbers).adminStateOverride == .ready)
        wish.adminState = .maintenance
        #expect(table.carryOut(try table.plan(wish).get()))
        #expect(table.override(backend: "api", server: "a").isEmpty, "as configured")
        wish.adminState = .ready
        #expect(table.carryOut(try table.plan(wish).get()))
        _ = table.numbers(for: configuration(.fixed(Self.fixed)), generation: 2)
        #expect(table.dropOverrides(serving: 2).map(\.fields) == [["admin_state"]])
        #expect(state(2) == .ready && table.override(backend: "api", server: "a").isEmpty)
    }

    /// The real shell with a resolver of our own: it waits a moment for the first answer, and the
    /// records have it when it returns. One that hangs keeps nobody.
    @Test func theResolver() throws {
        let table = TrafficTable(region)
        let mailbox = try Mailbox()
        let hangs = Hold()
        let resolver = NameResolver(traffic: table, mailbox: mailbox) { name in
            if name == "slow.internal" { hangs.wait() }
            return name == "none.internal" ? .failed(.notFound) : .found([.ipv4(5)])
        }
        var configuration = configuration(.named(Self.name))
        configuration.backends[0].servers += ["none.internal", "slow.internal"].map {
            Server(name: $0, at: .named(NamedAddress(name: $0, port: 80)))
        }
        let start = Instant.now()
        resolver.prepare(configuration)
        #expect(Instant.now() - start < .seconds(10))
        let numbers = table.numbers(for: configuration, generation: 1)
        #expect(numbers.addresses == [[SocketAddress(host: .ipv4(5), port: 80), nil, nil]])
        _ = table.dropOverrides(serving: 1)
        hangs.end()
        try eventually(
            "the slow one is found",
            isTrue: {
                table.backends(of: 1, now: .now()).first?.servers.last?.address == "0.0.0.5:80"
            })
        let told = mailbox.take().compactMap { message -> String? in
            guard case .resolved(let change) = message else { return nil }
            return "\(change.name.name) \(change.failure?.rawValue ?? "found")"
        }
        #expect(
            Set(told).isSuperset(of: [
                "app.internal found", "none.internal NOT_FOUND", "slow.internal found",
            ]), "\(told)")
    }
}

/// Whoever waits goes on when it ends.
private final class Hold: Sendable {
    private let isOver = Mutex(false)

    func wait() { try? eventually("it is over", isTrue: { isOver.withLock { $0 } }) }
    func end() { isOver.withLock { $0 = true } }
}
