// The last events as they are written, so that ten thousand watchers of one event have it written
// once. Bounded: an old event that somebody comes back for is written again. Any thread.

import Master
import Synchronization

final class EventFrames: Sendable {
    /// Of each format; a power of two.
    private static let countMax = 256

    private struct Frame {
        var sequence: UInt64
        var bytes: [UInt8]
    }
    private let frames = Mutex<[EventFormat: [Frame?]]>([:])

    func bytes(of event: MasterEvent, as format: EventFormat) -> [UInt8] {
        let place = Int(event.sequence % UInt64(Self.countMax))
        let known = frames.withLock { frames in
            let frame = frames[format]?[place]
            return frame?.sequence == event.sequence ? frame?.bytes : nil
        }
        if let known { return known }
        let bytes = format.event(event)
        frames.withLock { frames in
            frames[format, default: Array(repeating: nil, count: Self.countMax)][place] =
                Frame(sequence: event.sequence, bytes: bytes)
        }
        return bytes
    }
}
