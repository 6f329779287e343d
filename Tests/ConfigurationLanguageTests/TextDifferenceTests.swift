// The difference of two texts, as patch(1) would take it.

import Testing

@testable import ConfigurationLanguage

@Suite struct TextDifferenceTests {
    private static func difference(_ old: String, _ new: String) -> String {
        TextDifference(
            from: ConfigurationText(old), named: "old", to: ConfigurationText(new), named: "new"
        ).unified
    }

    @Test func equalTextsHaveNone() {
        #expect(Self.difference("a\nb\n", "a\nb\n") == "")
        #expect(Self.difference("", "") == "")
    }

    @Test func aLineAmongOthers() {
        let old = (1...12).map { "\($0)\n" }.joined()
        let new = old.replacing("6\n", with: "six\nseven\n")
        #expect(
            Self.difference(old, new) == """
                --- old
                +++ new
                @@ -3,7 +3,8 @@
                 3
                 4
                 5
                -6
                +six
                +seven
                 7
                 8
                 9

                """)
    }

    @Test func changesFarApartAreTwoHunks() {
        let old = (1...20).map { "\($0)\n" }.joined()
        let new = old.replacing("\n2\n", with: "\n").replacing("19\n", with: "19\nmore\n")
        #expect(
            Self.difference(old, new) == """
                --- old
                +++ new
                @@ -1,5 +1,4 @@
                 1
                -2
                 3
                 4
                 5
                @@ -17,4 +16,5 @@
                 17
                 18
                 19
                +more
                 20

                """)
    }

    @Test func anEmptySideAndAMissingLineEnd() {
        #expect(Self.difference("", "a\n") == "--- old\n+++ new\n@@ -0,0 +1,1 @@\n+a\n")
        #expect(Self.difference("a\n", "") == "--- old\n+++ new\n@@ -1,1 +0,0 @@\n-a\n")
        #expect(
            Self.difference("a\n", "a")
                == "--- old\n+++ new\n@@ -1,1 +1,1 @@\n-a\n+a\n\\ No newline at end of file\n")
    }

    /// Whatever the two lists are, the edits lead from one to the other, and are as few as those
    /// of the standard library's search.
    @Test(arguments: 0..<200)
    func editsLeadFromOneToTheOther(_ seed: Int) {
        var state = UInt64(seed) &+ 0x9E37_79B9_7F4A_7C15
        func random(_ count: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(count))
        }
        let old = (0..<random(30)).map { _ in "\(random(4))" }
        let new = (0..<random(30)).map { _ in "\(random(4))" }
        let edits = LineEdits.between(old, new)
        #expect(edits.filter { $0.kind != .insert }.map(\.line) == old)
        #expect(edits.filter { $0.kind != .remove }.map(\.line) == new)
        #expect(edits.count { $0.kind != .keep } == new.difference(from: old).count)
    }

    @Test func textsWithNothingInCommonEndSoon() {
        let old = (0..<50_000).map { "old \($0)" }
        let new = (0..<50_000).map { "new \($0)" }
        #expect(LineEdits.between(old, new).count == 100_000)
    }
}
