// The steps of a reload, as somebody who waits for it sees them.

import Clock
import JSON
import Testing

@testable import apus

struct StepLinesTests {
    private static let start = Instant(nanoseconds: 1_000_000_000)
    private static let erase = "\r\u{1B}[K"

    private func reload(_ steps: (String, String, Int?)...) -> JSONValue {
        [
            "status": steps.isEmpty ? "QUEUED" : "RUNNING",
            "steps": .array(
                steps.map { name, status, ms in
                    [
                        "name": .string(name), "status": .string(status),
                        "ms": ms.map { .integer(Int64($0)) } ?? .null,
                    ]
                }),
        ]
    }

    @Test func plainLinesAreStepsThatEnded() {
        var lines = StepLines(isLive: false, colour: false)
        let start = Self.start
        #expect(lines.text(reload(), now: start) == "")
        #expect(lines.text(reload(("VALIDATE", "RUNNING", nil)), now: start) == "")
        let two = reload(("VALIDATE", "SUCCEEDED", 21), ("SPAWN", "RUNNING", nil))
        #expect(lines.text(two, now: start) == "  VALIDATE    SUCCEEDED  21 ms\n")
        #expect(lines.text(two, now: start) == "")
        let three = reload(
            ("VALIDATE", "SUCCEEDED", 21), ("SPAWN", "SUCCEEDED", 9), ("WAIT_READY", "FAILED", 611))
        #expect(
            lines.text(three, now: start)
                == "  SPAWN       SUCCEEDED  9 ms\n  WAIT_READY  FAILED  611 ms\n")
        #expect(lines.end == "")
    }

    @Test func aTerminalSeesWhatRuns() {
        var lines = StepLines(isLive: true, colour: false)
        #expect(lines.text(reload(), now: Self.start).contains("QUEUED"))
        let spawn = reload(("VALIDATE", "SUCCEEDED", 21), ("SPAWN", "RUNNING", nil))
        #expect(
            lines.text(spawn, now: Self.start)
                == "\(Self.erase)  VALIDATE    SUCCEEDED  21 ms\n\(Self.erase)  SPAWN       RUNNING"
        )
        #expect(
            lines.text(spawn, now: Self.start + .seconds(3))
                == "\(Self.erase)  SPAWN       RUNNING  3 s")
        let wait = reload(
            ("VALIDATE", "SUCCEEDED", 21), ("SPAWN", "SUCCEEDED", 9), ("WAIT_READY", "RUNNING", nil)
        )
        #expect(lines.text(wait, now: Self.start + .seconds(4)).hasSuffix("WAIT_READY  RUNNING"))
        #expect(lines.end == Self.erase)
    }

    @Test func foreignTextDoesNotDriveTheTerminal() {
        var lines = StepLines(isLive: true, colour: true)
        let text = lines.text(reload(("\u{1B}[2J", "\u{7}", 1)), now: Self.start)
        #expect(text == "\(Self.erase)  \\u{1b}[2J   \\u{7}  1 ms\n")
    }
}
