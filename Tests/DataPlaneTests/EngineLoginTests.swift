// Routes that ask for a password: who passes, who is asked, and who waits for that meanwhile.

import Model
import Passwords
import SharedState
import Synchronization
import Testing

@testable import DataPlane

@Suite struct EngineLoginTests {
    /// Of `secret`.
    private static let hash =
        "$6$saltsalt$TVLlQcbpFVof5W3Yz4DTP6gRstiNuHwwTt6GLc1E5n0U0aDehy0S5knV8wiOQSpT0Y77vwPZN"
        + ".Pq.H91p5hVO1"

    private static func match(_ path: String) -> RouteMatch {
        var match = RouteMatch()
        match.paths = [path]
        return match
    }

    private func harness(
        _ origin: EngineOrigin, loopCount: Int = 1,
        _ change: (inout EngineHarness.Options) -> Void = { _ in }
    ) throws -> EngineHarness {
        var options = EngineHarness.Options()
        options.loopCount = loopCount
        options.log = true
        options.users = [
            UserList(
                name: "staff",
                users: ["bob", "alice", "zoë"].map { .init(name: $0, hash: Self.hash) }),
            UserList(name: "other", users: [.init(name: "alice", hash: Self.hash)]),
        ]
        var guarded = Route(id: "guarded", match: Self.match("/guarded"), action: .backend("b"))
        guarded.authentication = Authentication(users: "staff", realm: "The Office")
        guarded.headers.request = [
            HeaderEdit(
                action: .set, name: "X-User", value: Template(parts: [.variable(.user)]))
        ]
        var first = Route(id: "first", match: Self.match("/twice"))
        first.authentication = Authentication(users: "staff")
        var second = Route(id: "second", match: Self.match("/twice"), action: .backend("b"))
        second.authentication = Authentication(users: "other")
        options.routes = [guarded, first, second, Route(id: "open", action: .backend("b"))]
        change(&options)
        return try EngineHarness(origins: [origin.port], options)
    }

    /// Says who the request says it is from.
    private func origin() throws -> EngineOrigin {
        try EngineOrigin { connection in
            while let request = connection.takeMessage() {
                let user = request.field("x-user") ?? "nobody"
                let body = user + " " + request.text
                connection.send(
                    "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
            }
        }
    }

    private static func encoded(_ text: String) -> String {
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        let bytes = Array(text.utf8)
        return stride(from: 0, to: bytes.count, by: 3).map { start -> String in
            let group = Array(bytes[start..<min(start + 3, bytes.count)])
            var word = 0
            for place in 0..<3 { word = word << 8 | (place < group.count ? Int(group[place]) : 0) }
            let all = [18, 12, 6, 0].map { digits[word >> $0 & 63] }
            return String(all.prefix(group.count + 1))
                + String(repeating: "=", count: 3 - group.count)
        }.joined()
    }

    private func ask(
        _ client: EngineSocket, _ target: String = "/guarded", _ fields: String = ""
    ) -> EngineMessage? {
        client.send(
            "POST \(target) HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\(fields)\r\nbody")
        return client.takeMessage()
    }

    private static func basic(_ text: String) -> String {
        "Authorization: Basic \(encoded(text))\r\n"
    }

    @Test func rightPasswords() throws {
        let origin = try origin()
        let harness = try harness(origin)
        for user in ["alice", "bob", "zoë", "alice"] {
            let client = try harness.connect()
            // The second one is known, and the connection goes on.
            for _ in 0..<2 {
                let answer = ask(client, "/guarded", Self.basic("\(user):secret"))
                #expect(answer?.status == 200 && answer?.text == "\(user) body", "\(user)")
            }
        }
        #expect(ask(try harness.connect(), "/open")?.text == "nobody body")
        let lines = harness.logLines(9)
        #expect(lines.first?.contains("\"user\":\"alice\"") == true)
        #expect(lines.count == 9 && lines.last?.contains("\"user\"") == false)
    }

    @Test(arguments: [
        "", basic("alice:wrong"), basic("alice:secret "), basic("alice:"), basic("alice"),
        basic(":secret"), basic("mallory:secret"), basic("Alice:secret"),
        basic("alice:" + String(repeating: "s", count: 129)),
        basic(String(repeating: "s", count: 2_000) + ":secret"),
        "Authorization: Basic\r\n", "Authorization: Basic \r\n",
        "Authorization: Bearer \(encoded("alice:secret"))\r\n",
        "Authorization: Basic \(encoded("alice:secret").dropLast())\r\n",
        "Authorization: Basic \(encoded("alice:secret"))=\r\n",
        "Authorization: Basic YWxpY2U6c2VjcmV0YR==\r\n", "Authorization: Basic ====\r\n",
        "Authorization: Basic A===\r\n", "Authorization: Basic !!!!\r\n",
        basic("alice:secret") + basic("alice:secret"), basic("alice:se\0cret"),
    ])
    func others(_ fields: String) throws {
        let origin = try origin()
        let harness = try harness(origin)
        // Also where the right one is known.
        for isKnown in [false, true] {
            if isKnown {
                let client = try harness.connect()
                #expect(ask(client, "/guarded", Self.basic("alice:secret"))?.status == 200)
            }
            let client = try harness.connect()
            let answer = ask(client, "/guarded", fields)
            #expect(answer?.status == 401)
            #expect(
                answer?.field("www-authenticate")
                    == "Basic realm=\"The Office\", charset=\"UTF-8\"")
            #expect(answer?.text.contains("unauthorized") == true)
            // The request was here in full: the next one is answered.
            #expect(ask(client, "/open")?.status == 200)
        }
    }

    /// One after the other, also where a loop has forgotten the first.
    @Test func twoLists() throws {
        let origin = try origin()
        let harness = try harness(origin)
        let client = try harness.connect()
        #expect(ask(client, "/twice", Self.basic("alice:secret"))?.status == 200)
        #expect(ask(client, "/twice", Self.basic("bob:secret"))?.status == 401)
        #expect(ask(client, "/twice", Self.basic("alice:secret"))?.status == 200)
    }

    /// A request waits once for a limit's word, not once more when it is routed anew.
    @Test func limitsAreAskedOnce() throws {
        let origin = try origin()
        let harness = try harness(origin) { options in
            options.rateLimits = [
                RateLimit(
                    name: "l", key: .path, rate: Rate(count: 1, period: .seconds(3_600)),
                    burst: 3, entries: 16)
            ]
            var limited = Route(id: "limited")
            limited.rateLimit = RateLimitUse(limit: "l")
            options.routes?.insert(limited, at: 0)
            options.routes?[1].rateLimit = RateLimitUse(limit: "l")
        }
        let client = try harness.connect()
        // Two tokens a request.
        #expect(ask(client, "/guarded", Self.basic("alice:secret"))?.status == 200)
        #expect(ask(client, "/guarded", Self.basic("alice:secret"))?.status == 429)
    }

    /// A route that took no part before the password was waited for, and does after, asks its limit.
    @Test func aRouteThatComesUpMeanwhile() throws {
        let origin = try origin()
        let slow = try #require(Self.slowHash)
        var match = RouteMatch()
        match.serversUp = [BackendLeast(backend: "b", least: 1)]
        var early = Route(id: "early", match: match, action: .backend("b"))
        early.rateLimit = RateLimitUse(limit: "l")
        let harness = try harness(origin) { options in
            options.users[0].users[0].hash = slow
            options.rateLimits = [
                RateLimit(
                    name: "l", key: .path, rate: Rate(count: 1, period: .seconds(3_600)),
                    burst: 1, entries: 16)
            ]
            options.routes?.insert(early, at: 0)
        }
        let client = try harness.connect()
        #expect(ask(client)?.status == 200)
        let server = try #require(harness.serverRecord(0))
        func set(_ state: ServerAdminState) {
            server.set(.adminState, UInt64(state.rawValue))
            harness.attend()
        }
        set(.maintenance)
        #expect(Wait.until(10) { ask(client)?.status == 401 })
        client.send("GET /guarded HTTP/1.1\r\nHost: a\r\n\(Self.basic("bob:wrong"))\r\n")
        // It is at the desk, for about a second.
        #expect(client.staysSilent(for: 0.1))
        set(.ready)
        #expect(client.takeMessage()?.status == 429)
    }

    /// While wrong ones are looked at, loops go on; too many are told to come again; whoever leaves is
    /// forgotten; and the right one is still found right.
    @Test func flood() throws {
        let origin = try origin()
        let harness = try harness(origin, loopCount: 2)
        let known = try harness.connect()
        #expect(ask(known, "/guarded", Self.basic("bob:secret"))?.status == 200)
        let clients = try (0..<200).map { number in
            let client = try harness.connect()
            client.send(
                "GET /guarded HTTP/1.1\r\nHost: a\r\n\(Self.basic("alice:wrong\(number)"))\r\n")
            return client
        }
        defer { withExtendedLifetime(clients) {} }
        for _ in 0..<20 {
            #expect(ask(known, "/open")?.status == 200)
            #expect(ask(known, "/guarded", Self.basic("bob:secret"))?.status == 200)
        }
        for client in clients.prefix(20) { client.close(reset: true) }
        let statuses = clients.dropFirst(20).map { $0.takeMessage()?.status ?? -1 }
        #expect(Set(statuses) == [401, 429])
        #expect(ask(known, "/guarded", Self.basic("alice:secret"))?.status == 200)
        #expect(harness.gauge(.exchangesInFlight, becomes: 0))
    }

    /// A thousand who say the same are looked at together, and nobody is told to come again.
    @Test func aBurstOfTheSame() throws {
        let origin = try origin()
        let harness = try harness(origin, loopCount: 2)
        let clients = try (0..<300).map { _ in
            let client = try harness.connect()
            client.send(
                "GET /guarded HTTP/1.1\r\nHost: a\r\n\(Self.basic("alice:secret"))\r\n")
            return client
        }
        #expect(clients.allSatisfy { $0.takeMessage()?.status == 200 })
    }

    /// Whoever is ended while its password is looked at gets its answer and nothing more.
    @Test func endedAtTheDesk() throws {
        let origin = try origin()
        // A hundred times the usual work: it is waited for.
        let slow = try #require(Self.slowHash)
        let harness = try harness(origin) { options in
            options.users[0].users[0].hash = slow
            options.timeouts.queue = .milliseconds(200)
        }
        let client = try harness.connect()
        client.send(
            "GET /guarded HTTP/1.1\r\nHost: a\r\n\(Self.basic("bob:wrong"))\r\n"
                + "GET /open HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(client.takeMessage()?.status == 429)
        #expect(client.takeMessage()?.status == 200)
        #expect(harness.logLines(2).contains { $0.contains("too-many-passwords") })
        #expect(origin.connectionCount == 1)
    }

    /// Of nothing; costs about a second.
    private static let slowHash: String? =
        "$6$rounds=1500000$saltsalt$" + String(repeating: "a", count: 86)

    private func question(
        _ password: StaticString, account: Int?, client: UInt64 = 0, exchange: UInt64 = 16
    ) -> PasswordDesk.Question {
        PasswordDesk.Question(
            account: account, password: Bytes(password),
            hash: PasswordHash(Self.slowHash ?? ""), client: client, loop: 0,
            exchange: exchange)
    }

    /// 64 of all, eight of one client once half are taken; the same question takes no place.
    @Test func placesAtTheDesk() throws {
        let link = try LoopLink(index: 0)
        let desk = PasswordDesk()
        desk.connect([link])
        let words: [StaticString] = [
            "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q",
            "r", "s", "t", "u", "v", "w", "x", "y", "z", "A", "B", "C", "D", "E", "F",
        ]
        var tickets: [UInt64] = []
        func take(_ word: StaticString, account: Int, client: UInt64) {
            if case .wait(let ticket) = desk.ask(
                question(word, account: account, client: client))
            {
                tickets.append(ticket)
            }
        }
        for word in words { take(word, account: 1, client: 1) }
        #expect(tickets.count == 32)
        // Crowded now: this client has had enough, another has places of its own.
        #expect(desk.ask(question("one more", account: 1, client: 1)) == .full)
        guard case .wait(let same) = desk.ask(question("f", account: 1, client: 1)) else {
            Issue.record("it has a place already")
            return
        }
        #expect(!tickets.contains(same))
        for word in words { take(word, account: 2, client: 2) }
        #expect(tickets.count == 40)
        for client in 3..<6 {
            for word in words { take(word, account: client, client: UInt64(client)) }
        }
        #expect(tickets.count == 64)
        #expect(desk.ask(question("a", account: 9, client: 9)) == .full)
        // Who leaves makes room; the first one is being looked at.
        for ticket in tickets.dropFirst() { desk.forget(ticket) }
        guard case .wait = desk.ask(question("one more", account: 1, client: 1)) else {
            Issue.record("there is room again")
            return
        }
    }
}
