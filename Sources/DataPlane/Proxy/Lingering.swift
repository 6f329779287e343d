// The end of a client connection behind its last answer (RFC 9112 §9.6): closing a socket with
// unread bytes sends a reset, which may destroy the answer on its way. So our half is ended first,
// and what the client still sends is read and thrown away, for a bounded time and amount.

internal import Syscalls

extension Engine {
    private static var lingerMilliseconds: Int64 { 1_000 }
    /// What a client in the middle of an upload sends before it looks at the answer.
    private static var lingerBytesMax: Int { 8 << 20 }

    /// True: there is something to throw away.
    mutating func beginLingering(
        _ client: Ref<ClientConnection>, clientCloses: Bool
    ) -> Bool {
        let hasUnread = !client[].input.isEmpty || client[].transport.isReadable
        buffers.empty(&client[].input)
        buffers.empty(&client[].output)
        if clientCloses, !hasUnread {
            close(client)
            return false
        }
        client.change(to: .lingering)
        client[].lingerBytes = Self.lingerBytesMax
        client[].transport.endSending()
        clientTimers.arm(client, at: now + Self.lingerMilliseconds)
        return client[].transport.isReadable
    }

    /// True: there may be more.
    mutating func linger(_ client: Ref<ClientConnection>) -> Bool {
        guard client[].transport.isReadable else {
            if client[].transport.hasFailed { close(client) }
            return false
        }
        guard client[].input.hasMemory || buffers.fill(&client[].input) else {
            close(client)
            return false
        }
        client[].input.removeAll()
        switch client[].receive() {
        case .moved(let count):
            client[].lingerBytes -= count
            if client[].lingerBytes > 0 { return true }
            close(client)
        case .blocked: buffers.empty(&client[].input)
        case .ended, .failed: close(client)
        }
        return false
    }
}
