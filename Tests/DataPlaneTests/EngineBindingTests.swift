// Logins that are good for a connection (NTLM, Negotiate): nobody else ever speaks over it, and its
// client comes back to it.

import Glibc
import Model
import SharedState
import Synchronization
import Testing

@testable import DataPlane

@Suite struct EngineBindingTests {
    /// Who has shown who it is speaks for the connection from then on, as with NTLM.
    private static func origin(challenge: String, status: Int = 401) throws -> EngineOrigin {
        try EngineOrigin { connection in
            var user = ""
            while let request = connection.takeHead() {
                if let shown = request.field("authorization") {
                    user = String(shown.split(separator: " ").last ?? "")
                }
                let head =
                    user.isEmpty
                    ? "HTTP/1.1 \(status) Who\r\n\(challenge)\r\n" : "HTTP/1.1 200 OK\r\n"
                connection.send("\(head)Content-Length: \(user.utf8.count)\r\n\r\n\(user)")
            }
        }
    }

    private static func request(_ authorization: String = "") -> String {
        "GET / HTTP/1.1\r\nHost: a\r\n\(authorization)\r\n"
    }

    private func ask(_ client: EngineSocket, _ authorization: String = "") -> String? {
        client.send(Self.request(authorization))
        return client.takeMessage().map { "\($0.status) \($0.text)" }
    }

    @Test(
        arguments: [
            ("WWW-Authenticate: NTLM", 401, "NTLM"),
            ("www-authenticate: Negotiate", 401, "negotiate"),
            ("WWW-Authenticate: Basic realm=\"x\",\tNegotiate a==, Bearer", 401, "Negotiate"),
            ("WWW-Authenticate: Basic\r\nWWW-Authenticate: ntlm", 401, "ntlm"),
            ("Proxy-Authenticate: NTLM", 407, "NTLM"),
            ("WWW-Authenticate: Kerberos", 401, "kerberos"),
        ], [(ReuseSettings.Policy.safe, 2), (.aggressive, 1), (.aggressive, 2), (.always, 2)])
    func nobodySpeaksForAnother(
        offer: (field: String, status: Int, scheme: String),
        way: (policy: ReuseSettings.Policy, loops: Int)
    ) throws {
        let origin = try Self.origin(challenge: offer.field, status: offer.status)
        var options = EngineHarness.Options()
        options.reuse.policy = way.policy
        options.loopCount = way.loops
        let harness = try EngineHarness(origins: [origin.port], options)
        let one = try harness.connect()
        let other = try harness.connect()
        #expect(ask(one) == "\(offer.status) ")
        #expect(ask(one, "Authorization: \(offer.scheme) one\r\n") == "200 one")
        #expect(ask(one) == "200 one")
        // In `safe` others may have it after a second of silence.
        if way.policy == .safe { usleep(1_200_000) }
        #expect(ask(other) == "\(offer.status) ")
        #expect(ask(one) == "200 one")
        #expect(ask(other, "Authorization: \(offer.scheme) other\r\n") == "200 other")
        #expect(ask(one) == "200 one")
        // They go with their clients; the third's own is left.
        one.close()
        other.close()
        let third = try harness.connect()
        #expect(ask(third) == "\(offer.status) ")
        #expect(harness.connections(of: 0) { $0 == ServerConnectionCounts(idle: 1) })
    }

    /// Kerberos may come without being asked for.
    @Test(arguments: ["Authorization", "Proxy-Authorization"]) func shownUnasked(field: String)
        throws
    {
        let origin = try EngineOrigin { connection in
            var user = "nobody"
            while let request = connection.takeHead() {
                if let shown = request.field(field.lowercased()) { user = shown }
                connection.send(
                    "HTTP/1.1 200 OK\r\nContent-Length: \(user.utf8.count)\r\n\r\n\(user)")
            }
        }
        var options = EngineHarness.Options()
        options.reuse.policy = .always
        let harness = try EngineHarness(origins: [origin.port], options)
        let one = try harness.connect()
        #expect(ask(one, "\(field): Negotiate one\r\n") == "200 Negotiate one")
        #expect(ask(try harness.connect()) == "200 nobody")
        #expect(ask(one) == "200 Negotiate one")
    }

    /// However many there are, others find what they may have.
    @Test(arguments: [ReuseSettings.Policy.safe, .aggressive])
    func manyDoNotStandInTheWay(policy: ReuseSettings.Policy) throws {
        let origin = try EngineOrigin.echo()
        var options = EngineHarness.Options()
        options.reuse.policy = policy
        let harness = try EngineHarness(origins: [origin.port], options)
        let plain = try harness.connect()
        #expect(ask(plain)?.hasPrefix("200") == true)
        let bound = try (0..<20).map { _ in try harness.connect() }
        for client in bound {
            #expect(ask(client, "Authorization: NTLM x\r\n")?.hasPrefix("200") == true)
        }
        // In `aggressive` the first of them took what was there.
        let count = origin.connectionCount
        #expect(count == (policy == .safe ? 21 : 20))
        if policy == .safe { usleep(1_200_000) }
        for _ in 0..<(policy == .safe ? 1 : 5) {
            #expect(ask(try harness.connect())?.hasPrefix("200") == true)
        }
        #expect(origin.connectionCount == 21)
        for client in bound { client.close() }
        #expect(harness.connections(of: 0) { $0 == ServerConnectionCounts(idle: 1) })
    }

    /// Nor do they use up what may be kept.
    @Test func manyDoNotKeepOthersFromKeeping() throws {
        let origin = try EngineOrigin.echo()
        var options = EngineHarness.Options()
        options.reuse.policy = .aggressive
        options.reuse.maxIdle = 4
        let harness = try EngineHarness(origins: [origin.port], options)
        let bound = try (0..<4).map { _ in try harness.connect() }
        for client in bound {
            #expect(ask(client, "Authorization: NTLM x\r\n")?.hasPrefix("200") == true)
        }
        for _ in 0..<5 { #expect(ask(try harness.connect())?.hasPrefix("200") == true) }
        #expect(origin.connectionCount == 5)
        #expect(harness.connections(of: 0) { $0 == ServerConnectionCounts(idle: 4) })
        withExtendedLifetime(bound) {}
    }

    /// Where several servers take turns, a client stays where it is known.
    @Test func staysWithItsServer() throws {
        let origins = try (0..<3).map { _ in
            try Self.origin(challenge: "WWW-Authenticate: NTLM")
        }
        let harness = try EngineHarness(origins: origins.map(\.port))
        let clients = try (0..<4).map { number in (try harness.connect(), "user\(number)") }
        for (client, user) in clients {
            #expect(ask(client) == "401 ")
            #expect(ask(client, "Authorization: NTLM \(user)\r\n") == "200 \(user)")
        }
        for _ in 0..<6 { for (client, user) in clients { #expect(ask(client) == "200 \(user)") } }
    }

    /// Passwords that come with each request bind nobody, nor does a scheme that only begins alike.
    @Test(arguments: ["Basic", "Negotiated", "NTLMv3"])
    func othersShare(scheme: String) throws {
        let origin = try EngineOrigin.echo()
        var options = EngineHarness.Options()
        options.reuse.policy = .always
        let harness = try EngineHarness(origins: [origin.port], options)
        for _ in 0..<3 {
            #expect(
                ask(try harness.connect(), "Authorization: \(scheme) x\r\n")?.hasPrefix("200")
                    == true)
        }
        #expect(origin.connectionCount == 1)
    }
}
