// What `apus top` shows of the answers that it got.

import Clock
import JSON
import Testing

@testable import apus

struct TopFrameTests {
    private static let now = WallTime(milliseconds: 1_795_219_803_412)

    private func sample(secondsAgo: Int, requests: Int64, instance: String = "i") -> TopFrame.Sample
    {
        TopFrame.Sample(
            status: [
                "version": "1.0", "serving_generation": 2, "applied_revision": 4,
                "desired_revision": 4,
                "reloads": [
                    "last": [
                        "id": "rl_1", "status": "FAILED", "finished_at": .string(Self.now.rfc3339),
                    ]
                ],
                "conditions": [
                    ["type": "Serving", "status": "True", "reason": "GenerationReady"],
                    ["type": "ConfigCurrent", "status": "False", "reason": "ReadyTimeout"],
                ],
            ],
            generations: [
                "items": [
                    ["generation": 2, "status": "READY", "phase": "SERVING", "reloads": 0],
                    ["generation": 1, "status": "READY", "phase": "EXITED", "reloads": 1],
                ]
            ],
            stats: [
                "instance_id": .string(instance),
                "taken_at": .string((Self.now + .seconds(-secondsAgo)).rfc3339),
                "totals": [
                    "requests": .integer(requests), "responses_2xx": .integer(requests),
                    "bytes_out": .integer(requests * 2000),
                ],
                "now": ["client_connections": 12, "exchanges": 3, "tunnels": 1],
            ])
    }

    private func frame(_ previous: TopFrame.Sample?, colour: Bool = false) -> TopFrame {
        TopFrame(
            sample: sample(secondsAgo: 0, requests: 5200), previous: previous,
            style: .init(isWide: false, colour: colour, now: Self.now))
    }

    @Test func ratesAreOfTheTimeBetweenTwo() {
        #expect(
            frame(sample(secondsAgo: 2, requests: 200)).text
                == """
                generation 2, revision 4 · apus 1.0

                REQUESTS/s  CONNECTIONS  REQUESTS NOW  TUNNELS  IN/s  OUT/s
                2.5k        12           3             1        -     5M

                RESPONSES   2xx   3xx  4xx  5xx
                per second  2.5k  -    -    -
                in all      5200  -    -    -

                CONDITION      STATUS  REV  REASON        MESSAGE
                ConfigCurrent  False   -    ReadyTimeout  -

                GEN  STATUS PHASE    PID  REV  RELOADS  SIGTERM  SESSIONS  AGE
                2    READY  SERVING  -    -    0        -        -         -

                last reload: rl_1 FAILED 0s ago
                """.replacing("STATUS  REV  REASON        ", with: "STATUS  REASON        ")
                .replacing("False   -    Ready", with: "False   Ready"))
    }

    /// A counter that begins anew is no rate, and neither is one without time.
    @Test func ratesThatCannotBe() {
        for previous in [
            nil, sample(secondsAgo: 2, requests: 200, instance: "other"),
            sample(secondsAgo: 2, requests: 6000), sample(secondsAgo: 0, requests: 1),
        ] {
            #expect(frame(previous).text.contains("\n-           12 "))
        }
    }

    @Test func aSmallTerminalGetsWhatFits() {
        let small = frame(nil, colour: true).text(within: .init(lines: 14, columns: 20))
        let lines = small.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count == 13)
        #expect(lines[0] == "generation 2, revisi")
        #expect(lines[2] == "REQUESTS/s  CONNECTI")
        #expect(
            small.contains("\u{1B}[31mFals\u{1B}[0m") || small.contains("\u{1B}[31mFalse\u{1B}[0m"))
        #expect(!frame(nil).text(within: .init(lines: 0, columns: 0)).contains("g"))
    }

    @Test(arguments: [
        (0, "0"), (7.4, "7"), (999, "999"), (1000, "1k"), (1234, "1.2k"), (12_345, "12.3k"),
        (123_456, "123k"), (4_100_000, "4.1M"), (5e15, "5000T"), (1e30, "922337203685477580T"),
    ])
    func shortNumbers(_ number: Double, _ text: String) {
        #expect(TopFrame.short(number) == text)
    }
}
