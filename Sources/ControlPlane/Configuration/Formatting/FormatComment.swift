// The comments of a YAML text. libyaml drops them, but says where every scalar is; whatever begins
// with # outside of those is a comment. Pure.

struct FormatComment: Equatable {
    /// From # to the end of the line, without the spaces there.
    var text: String
    var offset: Int
    /// From 1.
    var line: Int
    /// From 1, in bytes; only spaces are before it where it counts.
    var column: Int
    /// Nothing else is in its line.
    var isAlone: Bool
    /// The line before is empty.
    var hasBlankBefore: Bool
}

/// A text cut at its line feeds, with what the formatter asks of it.
struct FormatLines {
    let bytes: [UInt8]
    private var starts: [Int] = [0]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        for index in bytes.indices where bytes[index] == 0x0A { starts.append(index + 1) }
    }

    /// From 1.
    func line(of offset: Int) -> Int {
        var low = 0
        var high = starts.count
        while low + 1 < high {
            let middle = (low + high) / 2
            if starts[middle] <= offset { low = middle } else { high = middle }
        }
        return low + 1
    }

    func start(ofLine line: Int) -> Int { starts[min(max(line, 1), starts.count) - 1] }

    /// Without the line feed.
    func content(ofLine line: Int) -> ArraySlice<UInt8> {
        guard (1...starts.count).contains(line) else { return [] }
        let end = line < starts.count ? starts[line] - 1 : bytes.count
        return bytes[starts[line - 1]..<end]
    }

    func isBlank(line: Int) -> Bool {
        line >= 1 && content(ofLine: line).allSatisfy { [0x20, 0x09, 0x0D].contains($0) }
    }

    /// The comments outside of these ranges, which are in order and do not overlap.
    func comments(outside scalars: [Range<Int>]) -> [FormatComment] {
        var comments: [FormatComment] = []
        var index = 0
        var next = scalars.makeIterator()
        var scalar = next.next()
        while index < bytes.count {
            while let current = scalar, current.upperBound <= index { scalar = next.next() }
            if let current = scalar, current.contains(index) {
                index = current.upperBound
            } else if bytes[index] == UInt8(ascii: "#") {
                let comment = comment(at: index)
                comments.append(comment)
                index += comment.text.utf8.count
            } else {
                index += 1
            }
        }
        return comments
    }

    func comment(at offset: Int) -> FormatComment {
        let line = line(of: offset)
        let start = start(ofLine: line)
        let content = content(ofLine: line)
        var end = content.endIndex
        while end > offset, [0x20, 0x09, 0x0D].contains(bytes[end - 1]) { end -= 1 }
        return FormatComment(
            text: String(decoding: bytes[offset..<end], as: UTF8.self), offset: offset, line: line,
            column: offset - start + 1,
            isAlone: bytes[start..<offset].allSatisfy { $0 == 0x20 || $0 == 0x09 },
            hasBlankBefore: isBlank(line: line - 1))
    }
}
