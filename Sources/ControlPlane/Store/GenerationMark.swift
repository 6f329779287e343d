// The counter once more, outside the database: should that be damaged or an old one, no number is
// given twice. Not synced, so after a power cut it may lag; it is never above the counter.

internal import Foundation

struct GenerationMark {
    let path: String

    /// 0 if there is none.
    func read() -> Int {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8),
            let generation = Int(text.prefix { $0.isNumber }), Store.numbers.contains(generation)
        else { return 0 }
        return generation
    }

    /// Best effort: the database is what counts. Whether it was written.
    @discardableResult
    func write(_ generation: Int) -> Bool {
        let data = Data("\(generation)\n".utf8)
        return (try? data.write(to: URL(fileURLWithPath: path), options: .atomic)) != nil
    }
}
