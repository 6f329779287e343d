// What leads from one text to another, line by line, for people: the unified format of diff(1).
// Pure, any thread. Bounded: texts that have little in common are told as one large change.

/// The difference of two texts.
public struct TextDifference: Sendable, Equatable {
    /// Lines around a change.
    private static let contextCount = 3

    /// `--- OLD`, `+++ NEW` and hunks; empty for equal texts. Bytes that are not UTF-8 become
    /// U+FFFD.
    public let unified: String

    /// The names stand in the first two lines.
    public init(
        from old: ConfigurationText, named oldName: String, to new: ConfigurationText,
        named newName: String
    ) {
        guard old.bytes != new.bytes else {
            unified = ""
            return
        }
        let edits = LineEdits.between(Self.lines(old), Self.lines(new))
        var text = "--- \(oldName)\n+++ \(newName)\n"
        for hunk in Self.hunks(edits) { text += Self.written(hunk, of: edits) }
        unified = text
    }

    /// A last line without its end is told apart from one with it, as diff(1) does.
    private static func lines(_ text: ConfigurationText) -> [String] {
        var lines = text.bytes
            .split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        let last = lines.removeLast()
        if !last.isEmpty { lines.append(last + "\n\\ No newline at end of file") }
        return lines
    }

    /// Stretches of edits with what surrounds them; those that touch are one.
    private static func hunks(_ edits: [LineEdit]) -> [Range<Int>] {
        var hunks: [Range<Int>] = []
        for (index, edit) in edits.enumerated() where edit.kind != .keep {
            let start = max(0, index - contextCount)
            let end = min(edits.count, index + contextCount + 1)
            if let last = hunks.last, start <= last.upperBound {
                hunks[hunks.count - 1] = last.lowerBound..<end
            } else {
                hunks.append(start..<end)
            }
        }
        return hunks
    }

    /// `@@ -OLD,COUNT +NEW,COUNT @@` and the lines; an empty side is told by the line before it.
    private static func written(_ hunk: Range<Int>, of edits: [LineEdit]) -> String {
        let shown = edits[hunk]
        let oldCount = shown.count { $0.kind != .insert }
        let newCount = shown.count { $0.kind != .remove }
        guard let first = shown.first else { return "" }
        let oldStart = oldCount == 0 ? first.oldIndex : first.oldIndex + 1
        let newStart = newCount == 0 ? first.newIndex : first.newIndex + 1
        var text = "@@ -\(oldStart),\(oldCount) +\(newStart),\(newCount) @@\n"
        for edit in shown { text += "\(edit.kind.rawValue)\(edit.line)\n" }
        return text
    }
}
