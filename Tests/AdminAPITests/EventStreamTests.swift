// The event stream: formats, filters, replay, gaps, and readers that do not read.

import Clock
import TestKit
import Testing

@testable import AdminAPI
@testable import Master

struct EventStreamTests {
    @Test func serverSentEventsAreWrittenByTheStandard() {
        let bytes = EventFormat.serverSentEvents.event(.example)
        #expect(
            String(decoding: bytes, as: UTF8.self) == """
                id: 4182
                event: generation.sigterm
                data: {"at":"2026-11-21T00:10:03.412Z","generation":7,"reason":"a\\nb"}


                """)
    }

    @Test func everyLineOfNDJSONIsAnObject() throws {
        let format = EventFormat.ndjson
        let lines = [format.event(.example), format.gap(before: 9), format.heartbeat]
        let values = try lines.map { line in
            #expect(line.last == UInt8(ascii: "\n") && line.count(where: { $0 == 10 }) == 1)
            return try JSONValue(parsing: line)
        }
        #expect(values[0]["id"].int == 4182)
        #expect(values[0]["type"].text == "generation.sigterm")
        #expect(values[1]["id"].int == 8)
        #expect(values[1]["type"].text == "stream.gap")
        #expect(values[1]["next"].int == 9)
        #expect(values[2]["type"].text == "stream.heartbeat")
    }

    @Test(arguments: [
        (nil, "text/event-stream"), ("*/*", "text/event-stream"),
        ("application/x-ndjson", "application/x-ndjson"),
        ("text/html, application/NDJSON;q=0.9", "application/x-ndjson"),
    ])
    func formatByAccept(_ accept: String?, _ type: String) {
        #expect(EventFormat(accept: accept).contentType == type)
    }

    @Test(arguments: [
        (nil, MasterEvent.Kind.allCases.count), ("", MasterEvent.Kind.allCases.count),
        ("*", MasterEvent.Kind.allCases.count), ("generation.*", 7), ("generation.sigterm", 1),
        ("reload.failed,generation.*", 8), ("config.*,config.revision", 1),
    ])
    func filters(_ text: String?, _ count: Int) throws {
        let filter = try EventFilter(text)
        let accepted = MasterEvent.Kind.allCases.filter { kind in
            var event = MasterEvent.example
            event.kind = kind
            return filter.accepts(event)
        }
        #expect(accepted.count == count)
    }

    @Test(arguments: ["generation", "generation.sigtrem", "x.*", ",", "reload.failed,"])
    func unknownTypesAreRefused(_ text: String) async throws {
        let admin = try await AdminInstance()
        let answer = try await admin.get("/v1/events?type=\(text)")
        #expect(answer.status == 400)
        #expect(answer.json["code"].text == "invalid-parameter")
        if text == "generation.sigtrem" {
            #expect(answer.json["errors"].list[0]["suggestion"].text == "generation.sigterm")
        }
        await admin.stop()
    }

    @Test func aMalformedPositionIsRefused() async throws {
        let admin = try await AdminInstance()
        let answer = try await admin.get("/v1/events", fields: ["Last-Event-ID: x"])
        #expect(answer.status == 400)
        await admin.stop()
    }

    @Test func aWatcherSeesWhatComesAndOnlyThat() async throws {
        let admin = try await AdminInstance()
        admin.master.emit(.generationInit, count: 3)
        let stream = try await EventReader(admin, fields: ["Accept: application/x-ndjson"])
        #expect(stream.head.contains("application/x-ndjson"))
        admin.master.emit(.generationReady)
        admin.master.emit(.reloadFailed)
        let lines = try await stream.lines(2)
        #expect(lines.map { $0["type"].text } == ["generation.ready", "reload.failed"])
        #expect(lines.map { $0["id"].int } == [103, 104])
        await admin.stop()
    }

    @Test func aReaderWhoComesBackMissesNothing() async throws {
        let admin = try await AdminInstance()
        admin.master.emit(.generationInit, count: 200)
        let stream = try await EventReader(
            admin, target: "/v1/events?type=generation.*",
            fields: ["Accept: application/x-ndjson", "Last-Event-ID: 120"])
        let lines = try await stream.lines(179)
        #expect(lines.map { $0["id"].int } == Array(121...299))
        await admin.stop()
    }

    @Test func lostEventsAreAGapFirst() async throws {
        let admin = try await AdminInstance()
        admin.master.emit(.generationInit, count: 5000)
        for position in ["100", "7", "999999"] {
            let stream = try await EventReader(
                admin, fields: ["Accept: application/x-ndjson", "Last-Event-ID: \(position)"])
            let lines = try await stream.lines(2)
            #expect(lines[0]["type"].text == "stream.gap")
            #expect(lines[0]["next"].int == 100 + 5000 - 4096)
            #expect(lines[1]["id"].int == 100 + 5000 - 4096)
        }
        await admin.stop()
    }

    @Test func whoDoesNotFollowGetsWhatIsThereAndTheEnd() async throws {
        let admin = try await AdminInstance()
        admin.master.emit(.generationInit, count: 200)
        for (position, count) in [("298", 1), ("299", 0), ("100", 199), ("0", 201), ("700", 201)] {
            let stream = try await EventReader(
                admin, target: "/v1/events?follow=false",
                fields: ["Accept: application/x-ndjson", "Last-Event-ID: \(position)"])
            if count > 0 { #expect(try await stream.lines(count).count == count) }
            try await stream.waitForEnd()
        }
        let all = try await EventReader(
            admin, target: "/v1/events?follow=false", fields: ["Accept: application/x-ndjson"])
        #expect(try await all.lines(201).first?["type"].text == "stream.gap")
        try await all.waitForEnd()
        await admin.stop()
    }

    @Test func aSlowReaderHoldsNobodyUp() async throws {
        let admin = try await AdminInstance()
        let slow = try await EventReader(admin, fields: ["Accept: application/x-ndjson"])
        let quick = try await EventReader(admin, fields: ["Accept: application/x-ndjson"])
        for _ in 0..<6 {
            admin.master.emit(.generationInit, count: 1000, padding: 500)
            admin.master.emit(.reloadSucceeded)
            let seen = try await quick.lines(until: "reload.succeeded")
            #expect(seen.count == 1001 && seen.first?["type"].text == "generation.init")
        }
        #expect(try await admin.get("/healthz").status == 200)
        let late = try await slow.lines(until: "stream.gap")
        #expect(late.count > 1)
        await admin.stop()
    }

    @Test(arguments: ["text/event-stream", "application/x-ndjson"])
    func silenceIsAHeartbeat(_ type: String) async throws {
        let admin = try await AdminInstance(change: { $0.heartbeatPeriod = .milliseconds(300) })
        let stream = try await EventReader(admin, fields: ["Accept: \(type)"])
        let expected = type == "text/event-stream" ? ": heartbeat\n\n" : "stream.heartbeat"
        for _ in 0..<2 { try await stream.text(containing: expected) }
        // What happens is still told, and puts the next heartbeat off.
        admin.master.emit(.generationReady)
        try await stream.text(containing: "generation.ready")
        try await stream.text(containing: expected)
        await admin.stop()
    }

    /// Thousands of watchers cost the master one reader and one frame.
    @Test func allWatchersHearTheSameBell() async throws {
        let admin = try await AdminInstance()
        var streams: [EventReader] = []
        for _ in 0..<100 {
            streams.append(
                try await EventReader(admin, fields: ["Accept: application/x-ndjson"]))
        }
        for _ in 0..<3 {
            admin.master.emit(.generationInit, count: 300)
            admin.master.emit(.reloadSucceeded)
            for stream in streams {
                #expect(try await stream.lines(until: "reload.succeeded").count == 301)
            }
        }
        await admin.stop()
    }

    @Test func anEventIsWrittenOnce() {
        let frames = EventFrames()
        var event = MasterEvent.example
        for format in [EventFormat.serverSentEvents, .ndjson] {
            #expect(frames.bytes(of: event, as: format) == format.event(event))
            #expect(frames.bytes(of: event, as: format) == format.event(event))
        }
        let first = event
        // In the place of the first.
        event.sequence += 256
        #expect(frames.bytes(of: event, as: .ndjson) == EventFormat.ndjson.event(event))
        #expect(frames.bytes(of: first, as: .ndjson) == EventFormat.ndjson.event(first))
    }

    @Test func placesAreBoundedAndComeBack() async throws {
        let places = WatcherPlaces()
        var taken = (0..<WatcherPlaces.countMax).compactMap { _ in places.take() }
        #expect(taken.count == WatcherPlaces.countMax)
        #expect(places.take() == nil)
        taken.removeLast()
        #expect(places.take() != nil)
        places.close()
        taken.removeAll()
        #expect(places.take() == nil)
        #expect(places.count == 0)
    }

    @Test func aClientThatLeavesFreesItsPlace() async throws {
        let admin = try await AdminInstance()
        do {
            let stream = try await EventReader(admin)
            #expect(try await Self.watchers(admin) == 1)
            stream.close()
        }
        #expect(try await Self.isUnwatched(admin))
        await admin.stop()
    }

    /// Its place is for somebody who reads.
    @Test func aClientThatTakesNothingIsClosed() async throws {
        let admin = try await AdminInstance(stallMax: .milliseconds(400))
        let idle = try await EventReader(admin)
        let stalled = try await EventReader(admin)
        admin.master.emit(.generationInit)
        #expect(try await Self.watchers(admin) == 2)
        idle.close()
        admin.master.emit(.generationInit, count: 4000, padding: 500)
        #expect(try await Self.isUnwatched(admin))
        stalled.close()
        await admin.stop()
    }

    private static func watchers(_ admin: AdminInstance) async throws -> Int? {
        let text = String(decoding: try await admin.get("/metrics").body, as: UTF8.self)
        return try MetricsText(text).values["apus_event_watchers"].flatMap { Int($0) }
    }

    private static func isUnwatched(_ admin: AdminInstance) async throws -> Bool {
        let deadline = Deadline(seconds: 10)
        while !deadline.isOver {
            if try await watchers(admin) == 0 { return true }
            try await Task.sleep(for: .milliseconds(50))
        }
        return false
    }

    @Test func theStreamEndsWithTheServer() async throws {
        let admin = try await AdminInstance()
        let stream = try await EventReader(admin)
        let start = Instant.now()
        await admin.stop()
        try await stream.waitForEnd()
        #expect(Instant.now() - start < .seconds(3))
    }

    @Test func logsAndTotals() async throws {
        let admin = try await AdminInstance()
        admin.master.change { $0.totals = ["responses2xx": 7, "bytesIn": 9] }
        admin.master.say(["first", "last"], generation: 12)
        let logs = try await admin.get("/v1/generations/12/logs").json
        #expect(logs["generation"].int == 12)
        #expect(logs["items"].list == [.text("first"), .text("last")])
        #expect(try await admin.get("/v1/generations/99/logs").status == 404)
        #expect(try await admin.get("/v1/reloads/rl_none/logs").status == 404)
        let stats = try await admin.get("/v1/stats").json
        #expect(stats["totals"]["responses_2xx"].int == 7)
        #expect(stats["now"]["client_connections"].int == 0)
        await admin.stop()
    }
}
