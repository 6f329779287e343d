// Path patterns, compiled: one walk over the path, a comparison for each segment, no way back. Hot;
// read-only.

import Model

struct CompiledPathPattern: BitwiseCopyable {
    private enum Segment: BitwiseCopyable {
        case literal(Bytes)
        /// The number of the name, -1: nobody asks for it.
        case capture(Int)
        case rest(Int)
    }

    private let segments: Run<Segment>
    private let names: Int

    /// `numbers` are those of the names.
    init(_ pattern: PathPattern, numbers: [String: Int], arena: ConfigurationArena) {
        names = pattern.names.count { numbers[$0] != nil }
        segments = arena.run(
            pattern.segments.map { segment in
                switch segment {
                case .literal(let text): Segment.literal(arena.bytes(text))
                case .capture(let name): .capture(numbers[name] ?? -1)
                case .rest(let name): .rest(numbers[name] ?? -1)
                }
            })
    }

    /// Whether it takes the path; only then is anything noted.
    func takes(_ path: Bytes, _ captures: inout Captures) -> Bool {
        var nowhere = Captures()
        return walk(path, &nowhere) && (names == 0 || walk(path, &captures))
    }

    private func walk(_ path: Bytes, _ captures: inout Captures) -> Bool {
        guard path.count > 0, path[0] == ASCII.slash else { return false }
        var start = 1
        var index = 0
        while index < segments.count {
            // Behind the last segment of the path stands one more than its length.
            guard start <= path.count else { return false }
            if case .rest(let number) = segments[index] {
                captures.note(path.suffix(from: start), as: number)
                return true
            }
            let end = path.firstIndex(of: ASCII.slash, from: start) ?? path.count
            let part = path.slice(start, end &- start)
            switch segments[index] {
            case .literal(let text): guard part.equals(text) else { return false }
            case .capture(let number):
                guard !part.isEmpty else { return false }
                captures.note(part, as: number)
            case .rest: break
            }
            start = end &+ 1
            index &+= 1
        }
        return start > path.count
    }
}
