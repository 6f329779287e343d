// The tools that prove Apus must themselves be able to fail.

internal import Foundation
internal import TestKit
internal import Testing

@Suite struct LedgerTests {
    private static let kinds = [
        "new-connection", "busy-get", "busy-post", "idle", "upload", "tunnel",
    ]

    @Test func perfectPathHasPerfectVerdict() throws {
        let verdict = try run(dropping: false)
        #expect(verdict.isPerfect, "\(verdict)")
        for kind in Self.kinds {
            #expect((verdict.countByClient[kind] ?? 0) > 0, "no request of \(kind)")
        }
    }

    @Test func oneDroppedRequestIsFound() throws {
        let verdict = try run(dropping: true)
        #expect(verdict.sentNotAnswered.count == 1, "\(verdict)")
        #expect(!verdict.isPerfect)
    }

    @Test func joinFindsDoubledAndInventedRequests() {
        let entries = ["once", "twice", "invented"].map {
            LedgerEntry(
                id: $0, client: "post", isOnceOnly: true, fate: .answered(status: 200),
                milliseconds: 1, at: 0)
        }
        let verdict = LedgerVerdict(entries) { ["once": 1, "twice": 2][$0] ?? 0 }
        #expect(verdict.duplicates == ["twice"])
        #expect(verdict.answeredUnseen == ["invented"])
    }

    private func run(dropping: Bool) throws -> LedgerVerdict {
        let server = try EchoServer()
        let proxy = try DroppingProxy(serverPort: server.port)
        let load = MixedLoad(port: proxy.port)
        load.start()
        try eventually("some requests of every kind", within: 30) {
            let counts = load.ledger.verdict(server: server).countByClient
            return server.requestCount > 300 && Self.kinds.allSatisfy { counts[$0] ?? 0 > 0 }
        }
        if dropping {
            proxy.dropNext()
            try eventually("the drop", within: 5) {
                load.ledger.verdict(server: server).sentNotAnswered.count == 1
            }
        }
        try load.stop()
        try proxy.stop()
        server.stop()
        return load.ledger.verdict(server: server)
    }
}
