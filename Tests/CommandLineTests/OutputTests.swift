// What people see on a terminal.

import Clock
import JSON
import Testing

@testable import apus

struct OutputTests {
    private static let now = WallTime(milliseconds: 1_795_219_803_412)

    private static func style(isWide: Bool = false, colour: Bool = false) -> Printer.Style {
        Printer.Style(isWide: isWide, colour: colour, now: now)
    }

    private func generation(
        _ number: Int, _ phase: String, pid: Int, revision: Int, reloads: Int, sessions: Int,
        ageSeconds: Int, sigtermSecondsAgo: Int? = nil
    ) -> JSONValue {
        let created = Self.now + .seconds(-ageSeconds)
        let sigterm = sigtermSecondsAgo.map { Self.now + .seconds(-$0) }
        return [
            "generation": .integer(Int64(number)), "status": "READY", "phase": .string(phase),
            "pid": .integer(Int64(pid)), "config_revision": .integer(Int64(revision)),
            "created_at": .string(created.rfc3339), "reloads": .integer(Int64(reloads)),
            "max_reloads": 5, "sigterm_sent": .bool(sigterm != nil),
            "sigterm_at": sigterm.map { .string($0.rfc3339) } ?? .null,
            "sessions": ["current": .integer(Int64(sessions)), "oldest_age_s": 0],
        ]
    }

    /// The sample of the contract, byte for byte.
    @Test func generationTable() {
        let table = GenerationTable.text(
            [
                generation(
                    13, "SERVING", pid: 28640, revision: 42, reloads: 0, sessions: 1204,
                    ageSeconds: 185),
                generation(
                    12, "LEAVING", pid: 28113, revision: 41, reloads: 1, sessions: 17,
                    ageSeconds: 1450),
                generation(
                    7, "LEAVING", pid: 21990, revision: 33, reloads: 6, sessions: 3,
                    ageSeconds: 32_500, sigtermSecondsAgo: 2),
            ], Self.style())
        let expected = """
            GEN  STATUS PHASE    PID    REV  RELOADS  SIGTERM  SESSIONS  AGE
            13   READY  SERVING  28640  42   0/5      -        1204      3m
            12   READY  LEAVING  28113  41   1/5      -        17        24m
            7    READY  LEAVING  21990  33   6/5      sent 2s  3         9h

            """
        #expect(table == expected)
    }

    /// A star where an operator has said something else than the configuration, be it the same.
    @Test func serverTable() {
        func server(_ weight: JSONValue, _ limit: JSONValue) -> JSONValue {
            [
                "backend": "web", "name": "one", "address": "10.0.0.1:80", "admin_state": "READY",
                "operational_state": "NO_CHECK", "check": .null, "weight": weight,
                "max_connections": limit, "ejection": ["left_ms": .null, "count": 0],
            ]
        }
        let table = ServerTable.text(
            [
                server(
                    ["configured": 100, "effective": 100, "override": .null],
                    ["configured": .null, "effective": .null, "override": .null]),
                server(
                    ["configured": 100, "effective": 0, "override": .null],
                    ["configured": 9, "effective": 9, "override": .null]),
                server(
                    ["configured": 100, "effective": 50, "override": 50],
                    ["configured": .null, "effective": 7, "override": 7]),
                server(
                    ["configured": 100, "effective": 100, "override": 100],
                    ["configured": 9, "effective": 7, "override": 7]),
            ], Self.style())
        let cells = table.split(separator: "\n").map {
            $0.split(separator: " ").filter { !$0.isEmpty }.map(String.init)
        }
        #expect(cells[0][5...6] == ["WEIGHT", "LIMIT"])
        #expect(
            cells.dropFirst().map { Array($0[5...6]) } == [
                ["100", "-"], ["0/100", "9"], ["50*/100", "7*/-"], ["100*/100", "7*/9"],
            ])
    }

    @Test func colourDoesNotMoveColumns() {
        let table = TextTable(
            columns: [.init(title: "A"), .init(title: "B")],
            rows: [[.init("x", .red), "y"], ["long", "z"]])
        #expect(table.text(colour: true) == "A     B\n\u{1B}[31mx\u{1B}[0m     y\nlong  z\n")
        #expect(table.text(colour: false) == "A     B\nx     y\nlong  z\n")
    }

    @Test func anEmptyTableIsItsHeader() {
        let text = GenerationTable.text([], Self.style(isWide: true, colour: true))
        #expect(text.hasPrefix("GEN  STATUS PHASE"))
        #expect(text.split(separator: "\n").count == 1)
    }

    @Test(arguments: [
        (0, "0s"), (59, "59s"), (60, "1m"), (3599, "59m"), (3600, "1h"), (86_399, "23h"),
        (86_400, "1d"), (-5, "0s"),
    ])
    func ages(_ seconds: Int, _ expected: String) {
        let then = Self.now + .seconds(-seconds)
        #expect(Age.since(then.rfc3339, now: Self.now) == expected)
    }

    @Test func timesReadAsTheyAreWritten() {
        for milliseconds: Int64 in [
            0, 1, 951_782_399_999, 951_782_400_000, 1_709_164_800_123, 1_795_219_803_412,
            4_102_444_799_999,
        ] {
            let time = WallTime(milliseconds: milliseconds)
            #expect(Age.time(time.rfc3339) == time)
        }
        for text in ["", "2026-11-21", "2026-13-21T00:10:03.412Z", "2026-11-21T00:10:03.412+"] {
            #expect(Age.time(text) == nil, "\(text)")
        }
    }

    @Test func aFailedReloadSaysWhatServes() {
        let problem: JSONValue = [
            "code": "config-invalid", "detail": "1 error",
            "errors": [
                [
                    "code": "unknown-field", "severity": "error", "file": "conf.d/api.yaml",
                    "line": 14, "column": 9, "pointer": "/backends/api/servers/api-1/wieght",
                    "message": "unknown field \"wieght\"", "suggestion": "weight", "owner": nil,
                ]
            ],
            "serving_generation": 13, "serving_revision": 42,
            "operation": [
                "id": "rl_01JD5M2T", "status": "FAILED",
                "steps": [["name": "VALIDATE", "status": "FAILED", "ms": 21]],
            ],
        ]
        #expect(
            ProblemText.lines(problem) == [
                "conf.d/api.yaml:14:9: error: unknown field \"wieght\", did you mean \"weight\"? "
                    + "(/backends/api/servers/api-1/wieght)"
            ])
        #expect(
            ReloadText.failure(problem)
                == "reload rl_01JD5M2T FAILED at VALIDATE; generation 13 keeps serving revision 42")
    }

    @Test func aFailureWithoutAListHasItsReason() {
        let problem: JSONValue = [
            "errors": [],
            "operation": [
                "error": ["code": "ready-timeout", "detail": "not READY in 30 s", "pointer": nil]
            ],
        ]
        #expect(ProblemText.lines(problem) == ["error: not READY in 30 s"])
    }

    @Test func aSuccessSaysWhatServes() {
        let reload: JSONValue = [
            "id": "rl_1", "status": "SUCCEEDED", "duration_ms": 24, "to_generation": 14,
            "config_revision": 43,
        ]
        #expect(
            ReloadText.sentence(reload)
                == "reload rl_1 SUCCEEDED in 24 ms; generation 14 serves revision 43")
    }

    @Test func controlCharactersDoNotReachTheTerminal() {
        let evil: JSONValue = [
            "errors": [["severity": "error", "message": "\u{1B}[2J\u{202E}x\n", "file": "a\u{7}"]]
        ]
        let line = ProblemText.lines(evil)[0]
        #expect(line == "a\\u{7}: error: \\u{1b}[2J\\u{202e}x\\u{a}")
    }

    @Test func statusShowsConditions() {
        let status: JSONValue = [
            "instance_id": "01JD5H", "version": "0.1.0", "desired_revision": 43,
            "applied_revision": 42, "serving_generation": 13, "max_reloads": 5,
            "generations": ["starting": 0, "serving": 1, "leaving": 2],
            "reloads": [
                "succeeded": 12, "failed": 1,
                "last": [
                    "id": "rl_1", "status": "FAILED", "finished_at": .string(Self.now.rfc3339),
                ],
            ],
            "conditions": [
                [
                    "type": "ConfigCurrent", "status": "False", "reason": "ListenerBindFailed",
                    "observed_revision": 43, "message": "address already in use",
                ]
            ],
        ]
        let expected = """
            version      0.1.0
            instance     01JD5H
            serving      generation 13, revision 42 (desired 43)
            generations  0 starting, 1 serving, 2 leaving (max_reloads 5)
            reloads      12 succeeded, 1 failed; last rl_1 FAILED 0s ago

            CONDITION      STATUS  REASON              MESSAGE
            ConfigCurrent  False   ListenerBindFailed  address already in use

            """
        #expect(StatusText.text(status, Self.style()) == expected)
    }
}
