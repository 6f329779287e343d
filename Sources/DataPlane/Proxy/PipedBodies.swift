// Bulk through a pipe: what was moved in from one side goes out to the other, with the counts and
// ends of a copied body. Hot.

internal import SharedState
internal import Syscalls

extension Engine {
    /// True: the pipe is empty.
    mutating func drainDownload(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>
    ) -> Bool {
        while exchange[].download.piped > 0, let pipe = exchange[].downloadPipe {
            guard client[].transport.isWritable else { return false }
            switch pipe.drain(to: &client[].transport) {
            case .moved(let count):
                exchange[].download.didSendPiped(count)
                exchange[].hasResponded = true
                clientMoved &+= count
                record.add(.bytesOut, UInt64(count))
            case .blocked, .ended: return false
            case .failed:
                abort(exchange, client, .clientAbort, "client-abort")
                return false
            }
        }
        return true
    }

    /// The same towards the server.
    mutating func drainUpload(
        _ exchange: Ref<Exchange>, _ server: Ref<ServerConnection>
    ) -> Bool {
        while exchange[].upload.piped > 0, let pipe = exchange[].uploadPipe {
            guard server[].transport.isWritable else { return false }
            switch pipe.drain(to: &server[].transport) {
            case .moved(let count):
                exchange[].upload.didSendPiped(count)
                serverMoved = true
                exchange[].sentAt = nowNanoseconds
            case .blocked, .ended: return false
            case .failed:
                // What the server said before it went is still to be read.
                exchange[].uploadIsBroken = true
                server[].transport.expectEnd()
                return false
            }
        }
        return true
    }

    /// A silent transfer holds no pipe.
    mutating func givePipe(_ pipe: inout Ref<Pipe>?) {
        guard let given = pipe else { return }
        pipe = nil
        pipes.give(given)
    }
}
