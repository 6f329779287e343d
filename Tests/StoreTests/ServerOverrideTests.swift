// What operators said of servers, over the end of the master.

import Foundation
import GRDB
import SharedState
import TestKit
import Testing

@testable import Store

struct ServerOverrideTests {
    private let directory: TemporaryDirectory
    private let store: Store

    init() throws {
        directory = try TemporaryDirectory()
        store = try Store.open(directory: directory.path)
    }

    private static func override(
        _ server: String, _ change: (inout ServerOverride) -> Void = { _ in }
    ) -> ServerOverride {
        var override = ServerOverride(backend: "web", server: server)
        change(&override)
        return override
    }

    private var rowCount: Int {
        get throws {
            try store.database.read {
                try Int.fetchOne($0, sql: "SELECT count(*) FROM server_override") ?? 0
            }
        }
    }

    @Test func theLastWordStands() throws {
        let all = Self.override("b") { override in
            override.adminState = .maintenance
            override.weight = .init(value: 0, configured: 100)
            override.maxConnections = .init(value: 7, configured: nil)
        }
        try store.save(all)
        try store.save(Self.override("a") { $0.adminState = .drain })
        try store.save(Self.override("c") { $0.weight = .init(value: 256, configured: 1) })
        try store.save(Self.override("c"))
        var later = all
        later.weight = nil
        #expect(try store.serverOverrides().map(\.server) == ["a", "b"])
        #expect(try store.serverOverrides()[1] == all)
        try store.save(later)
        try store.close()
        let again = try Store.open(directory: directory.path)
        #expect(again.findings.isEmpty)
        #expect(
            try again.serverOverrides() == [Self.override("a") { $0.adminState = .drain }, later])
        try again.close()
    }

    /// They are remembered for salvage only; what is set is never pushed out by them.
    @Test func ofWhatWasTakenBackTheNewestAreKept() throws {
        try store.save(Self.override("set") { $0.adminState = .maintenance })
        try store.database.write { database in
            try database.execute(
                sql: """
                    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500)
                    INSERT INTO server_override (is_set, backend, server, payload, sha256)
                    SELECT 0, 'web', 'gone-' || i, x'', '' FROM n
                    """)
        }
        try store.save(Self.override("last"))
        #expect(try rowCount == Store.emptyOverrideCountMax + 1)
        #expect(try store.serverOverrides().map(\.server) == ["set"])
        try store.close()
    }

    @Test(arguments: [
        #"{"backend":"web","server":"a","adminState":"AWAY"}"#,
        #"{"backend":"web","server":"a","adminState":"MAINT","weight":{"value":257}}"#,
        #"{"backend":"web","server":"a","adminState":"MAINT","maxConnections":{"value":0}}"#,
        #"{"backend":"web"}"#, "",
    ])
    func whatNoVersionOfOursStoredIsNotBelieved(payload: String) {
        #expect(StoredOverride.decode(Array(payload.utf8)) == nil)
    }
}
