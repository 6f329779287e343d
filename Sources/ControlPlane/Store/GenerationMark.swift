// The counter once more, outside the database: should that be damaged, no number is given twice.
// Not synced, so after a power cut it may lag; it only counts when the database is lost as well.

internal import Foundation

struct GenerationMark {
    let path: String

    /// 0 if there is none.
    func read() -> Int {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return 0 }
        return Int(text.prefix { $0.isNumber }) ?? 0
    }

    /// Best effort: the database is what counts.
    func write(_ generation: Int) {
        try? Data("\(generation)\n".utf8).write(
            to: URL(fileURLWithPath: path), options: .atomic)
    }
}
