// Clients that come back to their servers, in a running loop: what they are told, what the servers
// see of it, and what becomes of them when their server is full, drained or gone.

import Model
import SharedState
import Testing

@testable import DataPlane

@Suite struct EngineStickinessTests {
    private static func key(_ place: Int) -> String {
        StickyCookie.key(backend: "b", server: "s\(place)")
    }

    private static func cookie(
        _ mode: StickyCookie.Mode = .insert, _ change: (inout StickyCookie) -> Void = { _ in }
    ) -> Stickiness {
        var cookie = StickyCookie(name: "SRV")
        cookie.mode = mode
        change(&cookie)
        return .cookie(cookie)
    }

    /// Says in each answer who it is and which cookies it got.
    private static func origin(_ place: Int, sets: [String] = []) throws -> EngineOrigin {
        let fields = sets.map { "Set-Cookie: \($0)\r\n" }.joined()
        return try EngineOrigin { connection in
            while let request = connection.takeMessage() {
                let cookies = request.fields.filter { $0.name.lowercased() == "cookie" }
                    .map(\.value).joined(separator: "|")
                connection.send(
                    "HTTP/1.1 200 OK\r\nX-Server: \(place)\r\nX-Cookie: [\(cookies)]\r\n\(fields)"
                        + "Content-Length: 0\r\n\r\n")
            }
        }
    }

    private struct Setting {
        let origins: [EngineOrigin]
        let harness: EngineHarness

        init(
            servers: Int = 3, sets: [String] = [], _ stickiness: Stickiness,
            shared: SharedPlace? = nil, _ change: (inout EngineHarness.Options) -> Void = { _ in }
        ) throws {
            origins = try (0..<servers).map { try EngineStickinessTests.origin($0, sets: sets) }
            var options = EngineHarness.Options()
            options.stickiness = stickiness
            options.shared = shared
            change(&options)
            harness = try EngineHarness(origins: origins.map(\.port), options)
        }

        /// One request, over a connection of its own.
        func ask(_ fields: String...) throws -> Answer {
            let client = try harness.connect()
            let lines = fields.map { $0 + "\r\n" }.joined()
            client.send("GET / HTTP/1.1\r\nHost: a\r\n\(lines)\r\n")
            return Answer(try #require(client.takeMessage()))
        }

        func set(_ place: Int, _ word: ServerWord, _ value: UInt64) throws {
            try #require(harness.serverRecord(place)).set(word, value)
            harness.attend()
        }
    }

    private struct Answer {
        let status: Int
        let server: Int
        let cookies: String
        let set: [String]

        init(_ message: EngineMessage) {
            status = message.status
            server = message.field("x-server").flatMap { Int($0) } ?? -1
            cookies = message.field("x-cookie") ?? ""
            set = message.fields.filter { $0.name.lowercased() == "set-cookie" }.map(\.value)
        }
    }

    // MARK: Cookies

    /// Set once, kept, and nothing that the server sees.
    @Test func insert() throws {
        let setting = try Setting(
            sets: ["a=1; Path=/x"],
            Self.cookie {
                $0.secure = true
                $0.sameSite = .lax
                $0.domain = "example.com"
                $0.maxAge = .seconds(3_600)
            })
        let first = try setting.ask("Cookie: a=1")
        let own = Self.key(first.server)
        #expect(
            first.set == [
                "a=1; Path=/x",
                "SRV=\(own); Path=/; Domain=example.com; Max-Age=3600; HttpOnly; Secure; "
                    + "SameSite=Lax",
            ])
        for _ in 0..<6 {
            let next = try setting.ask("Cookie: a=1; SRV=\(own); b=2", "Cookie: SRV=\(own)")
            #expect(next.server == first.server)
            #expect(next.set == ["a=1; Path=/x"])
            #expect(next.cookies == "[a=1; b=2]")
        }
        // Nobody else is kept there.
        #expect(Set(try (0..<6).map { _ in try setting.ask().server }).count == 3)
    }

    /// For who has a script that wants it.
    @Test func scriptsMaySeeIt() throws {
        let setting = try Setting(Self.cookie { $0.httpOnly = false })
        let answer = try setting.ask()
        #expect(answer.set == ["SRV=\(Self.key(answer.server)); Path=/"])
    }

    @Test func theServerMaySeeIt() throws {
        let setting = try Setting(Self.cookie { $0.forward = true })
        let answer = try setting.ask("Cookie: SRV=\(Self.key(1)); x=y")
        #expect(answer.server == 1 && answer.set == [])
        #expect(answer.cookies == "[SRV=\(Self.key(1)); x=y]")
    }

    /// The name is ours: what a server says under it does not reach the client.
    @Test func theServersOwnIsDropped() throws {
        let setting = try Setting(sets: ["SRV=evil", "SRVX=1", "srv=2"], Self.cookie())
        #expect(
            try setting.ask("Cookie: SRV=\(Self.key(0))").set == ["SRVX=1", "srv=2"])
    }

    /// Values that name nobody: balanced like everybody else, and told a good one.
    @Test(arguments: [
        "SRV=", "SRV", "SRV=s0", "SRV=127.0.0.1", "SRV=KEY0x", "SRV=KEY", "SRV=\"KEY0\"",
        "srv=KEY0",
        "SRV=KEY0~", "SRV==KEY0", "SRV=%31", "XSRV=KEY0", "SRV=,KEY0", ";;;=;SRV=;=SRV=KEY0",
    ])
    func hostileCookies(text: String) throws {
        let setting = try Setting(Self.cookie())
        let cookie = text.replacing("KEY0", with: Self.key(0))
            .replacing("KEY", with: String(Self.key(0).dropLast()))
        var seen: Set<Int> = []
        for _ in 0..<3 {
            let answer = try setting.ask("Cookie: \(cookie)")
            seen.insert(answer.server)
            #expect(answer.set == ["SRV=\(Self.key(answer.server)); Path=/; HttpOnly"])
            #expect(!answer.cookies.contains("[SRV=") && !answer.cookies.contains(";SRV="))
        }
        #expect(seen == [0, 1, 2])
    }

    /// A head full of cookies, of which one is good.
    @Test func manyCookies() throws {
        let setting = try Setting(Self.cookie())
        let many = (0..<1_500).map { "SRV=\($0 % 10)" }.joined(separator: ";")
        let answer = try setting.ask("Cookie: \(many);SRV=\(Self.key(2));z=1")
        #expect(answer.server == 2 && answer.set == [] && answer.cookies == "[z=1]")
    }

    @Test func rewrite() throws {
        let setting = try Setting(
            sets: ["SRV=abc; Path=/; HttpOnly", "b=2", "SRV = ;Max-Age=0"], Self.cookie(.rewrite))
        let first = try setting.ask()
        let own = Self.key(first.server)
        #expect(first.set == ["b=2", "SRV=\(own); Path=/; HttpOnly", "SRV=\(own);Max-Age=0"])
        let next = try setting.ask("Cookie: SRV=\(own)")
        #expect(next.server == first.server && next.cookies == "[SRV=\(own)]")
        // Where a server sets none, there is none.
        let silent = try Setting(Self.cookie(.rewrite))
        #expect(try silent.ask().set == [])
    }

    @Test func prefix() throws {
        let setting = try Setting(sets: ["SRV=a~b; Path=/", "SRV=\"q\""], Self.cookie(.prefix))
        let first = try setting.ask()
        let own = Self.key(first.server)
        #expect(first.set == ["SRV=\(own)~a~b; Path=/", "SRV=\(own)~\"q\""])
        for (sent, seen, isKept) in [
            ("x=1; SRV=\(own)~a~b; y=2", "[x=1; SRV=a~b; y=2]", true),
            ("SRV=\(own)~", "[SRV=]", true),
            ("SRV=gone~a", "[SRV=a]", false), ("SRV=plain; a=~", "[SRV=plain; a=~]", false),
        ] {
            let answers = try (0..<3).map { _ in try setting.ask("Cookie: \(sent)") }
            #expect(answers.allSatisfy { $0.cookies == seen })
            #expect(Set(answers.map(\.server)).count == (isKept ? 1 : 3))
        }
    }

    // MARK: Servers

    @Test(arguments: [true, false]) func drainKeepsAndMaintenanceDoesNot(byCookie: Bool) throws {
        var table = StickyTableSettings()
        table.key = .header("x-user")
        let setting = try Setting(byCookie ? Self.cookie() : .table(table))
        let user = ["X-User: u", "Cookie: SRV=\(Self.key(0))"]
        func ask() throws -> Answer { try setting.ask(user[0], user[1]) }
        let own = try ask().server
        #expect(!byCookie || own == 0)
        try setting.set(own, .adminState, UInt64(ServerAdminState.drain.rawValue))
        let drained = try (0..<4).map { _ in try ask() }
        #expect(drained.allSatisfy { $0.server == own && $0.set == [] })
        #expect(!(try (0..<6).map { _ in try setting.ask().server }).contains(own))
        // Weight 0 is the same.
        try setting.set(own, .adminState, UInt64(ServerAdminState.ready.rawValue))
        try setting.set(own, .weightOverride, 1)
        #expect(try ask().server == own)
        try setting.set(own, .weightOverride, 0)
        try setting.set(own, .adminState, UInt64(ServerAdminState.maintenance.rawValue))
        let moved = try ask()
        #expect(moved.status == 200 && moved.server != own)
        if byCookie {
            #expect(moved.set == ["SRV=\(Self.key(moved.server)); Path=/; HttpOnly"])
        } else {
            // It belongs there from now on, also when the first one is back.
            try setting.set(own, .adminState, UInt64(ServerAdminState.ready.rawValue))
            for _ in 0..<3 { #expect(try ask().server == moved.server) }
        }
    }

    /// Nobody listens where the client belongs: it is served elsewhere, and belongs there.
    @Test func aServerThatFails() throws {
        let alive = try Self.origin(1)
        var options = EngineHarness.Options()
        options.stickiness = Self.cookie()
        let harness = try EngineHarness(origins: [1, alive.port], options)
        let client = try harness.connect()
        client.send("GET / HTTP/1.1\r\nHost: a\r\nCookie: SRV=\(Self.key(0))\r\n\r\n")
        let answer = Answer(try #require(client.takeMessage()))
        #expect(answer.server == 1 && answer.set == ["SRV=\(Self.key(1)); Path=/; HttpOnly"])
    }

    /// A full server's own clients wait for it, while others have room; when it goes they go there.
    @Test(arguments: [false, true]) func aFullServerIsWaitedFor(isTakenOut: Bool) throws {
        let origins = try [CountingOrigin(work: nil), CountingOrigin(work: nil)]
        var options = EngineHarness.Options()
        options.stickiness = Self.cookie()
        options.limit = 1
        options.timeouts.queue = .seconds(30)
        let harness = try EngineHarness(origins: origins.map(\.port), options)
        let clients = try (0..<2).map { number in
            let client = try harness.connect()
            client.send(
                "GET /\(number) HTTP/1.1\r\nHost: a\r\nCookie: SRV=\(Self.key(0))\r\n\r\n")
            #expect(Wait.until(5) { origins[0].present + harness.queueLength == number + 1 })
            return client
        }
        #expect(origins[0].present == 1 && harness.queueLength == 1)
        if isTakenOut {
            let record = try #require(harness.serverRecord(0))
            record.set(.adminState, UInt64(ServerAdminState.maintenance.rawValue))
            harness.attend()
            #expect(Wait.until(5) { origins[1].order == ["/1"] })
            origins[1].letGo(1)
            #expect(
                clients[1].takeMessage()?.field("set-cookie")
                    == "SRV=\(Self.key(1)); Path=/; HttpOnly")
        }
        origins[0].letGo(2)
        #expect(clients[0].takeMessage()?.field("set-cookie") == nil)
        if !isTakenOut {
            let answer = clients[1].takeMessage()
            #expect(answer?.status == 200 && answer?.field("set-cookie") == nil)
            #expect(origins[0].order == ["/0", "/1"] && origins[1].order == [])
        }
        #expect(Wait.until(5) { harness.heldPermits(0) + harness.heldPermits(1) == 0 })
    }

    /// Nobody else may wait for it either: then it is another server that serves them, and whose
    /// they are from then on.
    @Test(arguments: [0, 1]) func theLineIsFull(length: Int) throws {
        let origins = try [CountingOrigin(work: nil), CountingOrigin(work: nil)]
        var options = EngineHarness.Options()
        options.stickiness = Self.cookie()
        options.limit = 1
        options.queue.max = length
        options.timeouts.queue = .seconds(30)
        let harness = try EngineHarness(origins: origins.map(\.port), options)
        func ask(_ number: Int) throws -> EngineSocket {
            let client = try harness.connect()
            client.send(
                "GET /\(number) HTTP/1.1\r\nHost: a\r\nCookie: SRV=\(Self.key(0))\r\n\r\n")
            return client
        }
        let own = try (0...length).map { number in
            let client = try ask(number)
            #expect(Wait.until(5) { origins[0].present + harness.queueLength == number + 1 })
            return client
        }
        let moved = try ask(8)
        #expect(Wait.until(5) { origins[1].order == ["/8"] })
        #expect(try ask(9).takeMessage()?.text.contains("queue-full") == true)
        origins[1].letGo(1)
        #expect(
            moved.takeMessage()?.field("set-cookie") == "SRV=\(Self.key(1)); Path=/; HttpOnly")
        origins[0].letGo(length + 1)
        for client in own { #expect(client.takeMessage()?.status == 200) }
        #expect(origins[0].order == (0...length).map { "/\($0)" })
    }

    /// Its own line is full, the backend's is not: whoever comes first is served by the next server
    /// that has room, whichever that is.
    @Test func theServersOwnLineIsFull() throws {
        let origins = try [CountingOrigin(work: nil), CountingOrigin(work: nil)]
        var options = EngineHarness.Options()
        options.stickiness = Self.cookie()
        options.limit = 1
        options.timeouts.queue = .seconds(30)
        options.changeServer = { $0.maxQueue = 1 }
        let harness = try EngineHarness(origins: origins.map(\.port), options)
        func ask(_ number: Int, of server: Int) throws -> EngineSocket {
            let client = try harness.connect()
            client.send(
                "GET /\(number) HTTP/1.1\r\nHost: a\r\nCookie: SRV=\(Self.key(server))\r\n\r\n")
            return client
        }
        func present() -> Int { origins.map(\.present).reduce(harness.queueLength, +) }
        var clients: [EngineSocket] = []
        for (number, server) in [0, 1, 0, 0].enumerated() {
            clients.append(try ask(number, of: server))
            #expect(Wait.until(5) { present() == number + 1 })
        }
        // `/2` waits for server 0 alone, `/3` for any.
        origins[1].letGo(2)
        #expect(Wait.until(5) { origins[1].order == ["/1", "/3"] })
        #expect(origins[0].order == ["/0"])
        origins[0].letGo(2)
        for client in clients { #expect(client.takeMessage()?.status == 200) }
        #expect(origins[0].order == ["/0", "/2"])
    }

    /// A server without a limit always has room: nobody waits beside it.
    @Test func theServersOwnLineIsFullBesideOneWithoutALimit() throws {
        let origins = try [CountingOrigin(work: nil), CountingOrigin(work: nil)]
        var options = EngineHarness.Options()
        options.stickiness = Self.cookie()
        options.timeouts.queue = .seconds(30)
        options.changeServer = { server in
            server.maxQueue = 0
            server.maxConnections = server.name == "s0" ? 1 : nil
        }
        let place = try SharedPlace()
        try place.provide(1, number: EngineHarness.server(0))
        options.shared = place
        let harness = try EngineHarness(origins: origins.map(\.port), options)
        var clients: [EngineSocket] = []
        for number in 0..<3 {
            let client = try harness.connect()
            client.send(
                "GET /\(number) HTTP/1.1\r\nHost: a\r\nCookie: SRV=\(Self.key(0))\r\n\r\n")
            clients.append(client)
            #expect(Wait.until(5) { origins.map(\.present).reduce(0, +) == number + 1 })
        }
        #expect(origins[0].order == ["/0"] && origins[1].order == ["/1", "/2"])
        withExtendedLifetime(clients) { for origin in origins { origin.letGo(2) } }
    }

    // MARK: Tables

    /// Keys are apart, also for another worker with the same table; who has none is anybody.
    @Test func byHeader() throws {
        var table = StickyTableSettings()
        table.key = .header("x-user")
        let place = try SharedPlace()
        let setting = try Setting(.table(table), shared: place)
        var owners: [Int] = []
        for number in 0..<12 { owners.append(try setting.ask("X-User: u\(number)").server) }
        #expect(Set(owners).count == 3)
        for (number, owner) in owners.enumerated() {
            #expect(try setting.ask("x-user: u\(number)").server == owner)
        }
        let other = try Setting(.table(table), shared: place)
        for (number, owner) in owners.enumerated() {
            #expect(try other.ask("x-user: u\(number)").server == owner)
        }
        #expect(Set(try (0..<6).map { _ in try setting.ask().server }).count == 3)
    }

    @Test func tcpByAddress() throws {
        let origins = try (0..<3).map { place in
            try EngineOrigin { connection in
                connection.send("\(place)\n")
                _ = connection.takeAll()
            }
        }
        var options = EngineHarness.Options()
        options.mode = .tcp
        options.stickiness = .table(StickyTableSettings())
        let harness = try EngineHarness(origins: origins.map(\.port), options)
        func ask() throws -> String? { try harness.connect().take(through: "\n") }
        let first = try #require(try ask()?.first?.wholeNumberValue)
        for _ in 0..<5 { #expect(try ask() == "\(first)\n") }
        try #require(harness.serverRecord(first))
            .set(.adminState, UInt64(ServerAdminState.maintenance.rawValue))
        harness.attend()
        let second = try ask()
        #expect(second != nil && second != "\(first)\n")
        for _ in 0..<3 { #expect(try ask() == second) }
    }
}
