// Who must go when there is no room, and that somebody who wants something always finds some.

import NIOCore
import NIOEmbedded
import TestKit
import Testing

@testable import AdminAPI

struct ConnectionRosterTests {
    private func channels(_ count: Int) throws -> [EmbeddedChannel] {
        try (0..<count).map { _ in
            let channel = EmbeddedChannel()
            try channel.connect(to: SocketAddress(unixDomainSocketPath: "x")).wait()
            return channel
        }
    }

    @Test func theOldestIdleOneMakesRoom() throws {
        let roster = ConnectionRoster(limit: 3)
        let all = try channels(6)
        for channel in all[..<3] { #expect(roster.enter(channel, isPrivileged: false)) }
        // The first has a request, the second had one.
        roster.didBegin(all[0])
        roster.didBegin(all[1])
        roster.didEnd(all[1])
        #expect(roster.enter(all[3], isPrivileged: false))
        #expect(all.map(\.isActive) == [true, true, false, true, true, true])
        #expect(roster.enter(all[4], isPrivileged: false))
        #expect(all.map(\.isActive) == [true, false, false, true, true, true])
        roster.leave(all[3])
        #expect(roster.enter(all[5], isPrivileged: false))
        #expect(roster.count == 3)
        #expect(roster.shedCount == 2)
        #expect(roster.refusedCount == 0)
    }

    @Test func privilegedOnesGoLastAndHaveAReserve() throws {
        let roster = ConnectionRoster(limit: 2)
        let all = try channels(5)
        #expect(roster.enter(all[0], isPrivileged: true))
        #expect(roster.enter(all[1], isPrivileged: false))
        #expect(roster.enter(all[2], isPrivileged: false))
        #expect(all.map(\.isActive) == [true, false, true, true, true])
        roster.didBegin(all[0])
        roster.didBegin(all[2])
        // Both work: there is room for root only.
        #expect(!roster.enter(all[3], isPrivileged: false))
        #expect(roster.enter(all[4], isPrivileged: true))
        #expect(roster.refusedCount == 1)
        #expect(roster.count == 3)
    }

    /// A connection that is reused a million times leaves no trace of each.
    @Test func requestsDoNotGrowIt() throws {
        let roster = ConnectionRoster(limit: 2)
        let all = try channels(3)
        for channel in all[..<2] { #expect(roster.enter(channel, isPrivileged: false)) }
        for _ in 0..<100_000 {
            roster.didBegin(all[1])
            roster.didEnd(all[1])
        }
        #expect(roster.enter(all[2], isPrivileged: false))
        #expect(all.map(\.isActive) == [false, true, true])
    }

    @Test func idleClientsDoNotLockOutOneThatAsks() async throws {
        let admin = try await AdminInstance(change: { $0.connectionLimit = 8 })
        let path = admin.socketPath
        let idle = try await AdminInstance.blocking {
            try (0..<50).map { _ in try TestSocket.connect(path: path) }
        }
        #expect(try await admin.get("/healthz").status == 200)
        let isFirstClosed = try await AdminInstance.blocking {
            try idle[0].receive(within: 5).isEmpty
        }
        #expect(isFirstClosed)
        let text = String(decoding: try await admin.get("/metrics").body, as: UTF8.self)
        let values = try MetricsText(text).values
        #expect((values["apus_admin_connections"].flatMap { Int($0) } ?? 99) <= 8)
        await admin.stop()
    }

    /// Who asks and asks, and reads no answer, is closed like a watcher who does not read.
    @Test func aClientThatReadsNoAnswerIsClosed() async throws {
        let admin = try await AdminInstance(stallMax: .milliseconds(300))
        let path = admin.socketPath
        let deaf = try await AdminInstance.blocking {
            let socket = try TestSocket.connect(path: path)
            let request = HTTPClient.request("GET", "/v1/openapi.json", host: "localhost")
            try socket.send((0..<40).flatMap { _ in request })
            return socket
        }
        let deadline = Deadline(seconds: 10)
        var count = 0
        while count != 1, !deadline.isOver {
            let text = String(decoding: try await admin.get("/metrics").body, as: UTF8.self)
            count = try MetricsText(text).values["apus_admin_connections"].flatMap { Int($0) } ?? 0
        }
        #expect(count == 1)
        deaf.close()
        await admin.stop()
    }

    @Test func aConnectionWithoutRoomIsToldSo() async throws {
        let admin = try await AdminInstance(change: { $0.connectionLimit = 1 })
        var watchers: [EventReader] = []
        for _ in 0...ConnectionRoster.reservedCount {
            watchers.append(try await EventReader(admin))
        }
        let answer = try await admin.get("/healthz")
        #expect(answer.status == 503)
        #expect(answer.json["code"].text == "too-many-connections")
        watchers.removeLast()
        let deadline = Deadline(seconds: 5)
        var status = 0
        while status != 200, !deadline.isOver { status = try await admin.get("/healthz").status }
        #expect(status == 200)
        await admin.stop()
    }
}
