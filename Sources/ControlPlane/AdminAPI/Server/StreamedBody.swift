// Sends a body that goes on: ends with its source or its client. `ConnectionGuard` closes the
// connection of a client that takes nothing. Runs on the server's threads; a full connection
// suspends only its own task.

import HummingbirdCore
import NIOCore

struct StreamedBody: Sendable {
    let stream: any AnswerStream
    let channel: any Channel

    func send(_ writer: inout any ResponseBodyWriter) async throws {
        let stream = stream
        channel.closeFuture.whenComplete { _ in stream.end() }
        while channel.isActive, let bytes = await stream.next() {
            try await writer.write(ByteBuffer(bytes: bytes))
        }
        try await writer.finish(nil)
    }
}
