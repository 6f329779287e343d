// Events as people see them, and what the command accepts.

import ArgumentParser
import JSON
import Testing

@testable import apus

struct EventTextTests {
    @Test func oneLineAnEvent() {
        let event: JSONValue = [
            "id": 4182, "type": "generation.sigterm", "at": "2026-11-21T00:10:03.412Z",
            "generation": 7, "reason": "MAX_RELOADS", "exit": nil, "expected": true,
            "words": "two words",
        ]
        #expect(
            EventText.line(event)
                == "00:10:03.412  generation.sigterm  generation=7 reason=MAX_RELOADS "
                + "expected=true words=\"two words\"\n")
    }

    @Test func heartbeatsAreNotShownAndGapsAre() {
        #expect(EventText.line(["type": "stream.heartbeat"]) == nil)
        let gap = EventText.line(["type": "stream.gap", "id": 8, "next": 9])
        #expect(gap?.contains("lost") == true)
        #expect(EventText.line([]) == nil)
    }

    @Test func aTerminalIsNotDriven() {
        let line = EventText.line(["type": "reload.queued", "reason": "\u{1B}[2J\nx"])
        #expect(line?.contains("\u{1B}") == false)
        #expect(line?.dropLast().contains("\n") == false)
    }

    @Test func arguments() throws {
        let parsed = try Apus.parseAsRoot(["events", "--type", "reload.*", "-o", "ndjson"])
        let events = try #require(parsed as? EventsCommand)
        #expect(events.type == "reload.*")
        #expect(events.global.output == .ndjson)
        let logs = try Apus.parseAsRoot(["generations", "logs", "12"])
        #expect((logs as? GenerationsCommand.Logs)?.generation == 12)
        #expect(throws: (any Error).self) { try Apus.parseAsRoot(["generations", "logs", "x"]) }
    }
}
