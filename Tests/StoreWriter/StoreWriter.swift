// The program's work, on its one thread: every call whose needs were met, whatever became of the
// others, as the master goes on when its disk refuses.

import Glibc
import Store

struct StoreWriter {
    let directory: String
    /// Says that a call is durable before it is made.
    let isEarly: Bool

    /// The exit status: 0 if every call was made, 3 if one was not, 4 if the store did not open.
    func run() -> Int32 {
        guard let store = try? Store.open(directory: directory) else { return 4 }
        var made: Set<StoreCall> = []
        for call in StoreCall.allCases where call.needs.isSubset(of: made) {
            if isEarly { say(call) }
            do {
                try call.make(store)
            } catch {
                continue
            }
            made.insert(call)
            if !isEarly { say(call) }
        }
        return made.count == StoreCall.allCases.count ? 0 : 3
    }

    /// One write(2), so that a line is there or not.
    private func say(_ call: StoreCall) {
        let line = Array("\(call.rawValue)\n".utf8)
        // SAFETY: the array outlives the call.
        _ = unsafe write(1, line, line.count)
    }
}
