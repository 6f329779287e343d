// Sends a body that goes on: ends with its source or its client, and gives up on a client that
// takes nothing. Runs on the server's threads; a full connection suspends only its own task.

import Clock
import HummingbirdCore
import NIOCore
import Synchronization

struct StreamedBody: Sendable {
    let stream: any AnswerStream
    let channel: any Channel
    /// How long the client may take nothing while something is to be sent.
    let stallMax: Duration

    func send(_ writer: inout any ResponseBodyWriter) async throws {
        let write = PendingWrite()
        let (channel, stallMax) = (channel, stallMax)
        let watch = Task {
            while (try? await Task.sleep(for: stallMax / 4)) != nil {
                if write.lasts(longerThan: stallMax) { channel.close(promise: nil) }
            }
        }
        defer { watch.cancel() }
        while channel.isActive, let bytes = await stream.next() {
            if bytes.isEmpty { continue }
            write.begin()
            try await writer.write(ByteBuffer(bytes: bytes))
            write.end()
        }
        try await writer.finish(nil)
    }
}

/// Since when a write waits for its client.
private final class PendingWrite: Sendable {
    private let begun = Mutex<Instant?>(nil)

    func begin() { begun.withLock { $0 = .now() } }

    func end() { begun.withLock { $0 = nil } }

    func lasts(longerThan limit: Duration) -> Bool {
        begun.withLock { begun in begun.map { .now() - $0 > limit } ?? false }
    }
}
