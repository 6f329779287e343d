// Bytes in both directions of an exchange, out of the buffer they were received into. A side is not
// received from while what it sent before is not passed on: that is the back-pressure, and one
// buffer is all that a direction ever holds. Hot.

internal import SharedState
internal import Syscalls

extension Engine {
    /// Fillings of a buffer that one turn may pass on.
    private static var roundsMax: Int { 2 }

    /// Moves an exchange as far as it goes now. True: come again, for the next request or for more.
    mutating func advance(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>
    ) -> Bool {
        clientMoved = 0
        serverMoved = false
        if client[].transport.hasFailed {
            if exchange[].phase == .queued { endWait(exchange) }
            abort(exchange, client, .clientAbort, "client-abort")
            return false
        }
        if exchange[].phase == .request {
            // In a tarpit, or while a password is looked at: a timer or the desk goes on, and what
            // the client says meanwhile, its end among it, waits in the kernel.
            return exchange[].isTCP && readOpening(exchange, client)
        }
        if exchange[].phase == .queued { askWhetherGone(exchange, client) }
        if exchange[].phase == .awaitingResponse, let server = exchange[].server {
            readResponseHead(exchange, client, server)
        }
        var hasMore = false
        if exchange[].phase == .responding || exchange[].phase == .tunnelling,
            let server = exchange[].server
        {
            hasMore = moveDownload(exchange, client, server)
            if client[].exchange == nil { return false }
        }
        if let server = exchange[].server, server[].state == .inUse,
            moveUpload(exchange, client, server)
        {
            hasMore = true
        }
        if client[].exchange == nil { return false }
        if exchange[].phase != .responding, !client[].output.isEmpty {
            if !sendAnswer(exchange, client) { return false }
        }
        if isOver(exchange, client) { return finish(exchange, client) }
        updateDeadlines(exchange, client)
        return hasMore
    }

    private func isOver(_ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>) -> Bool {
        switch exchange[].phase {
        case .request, .connecting, .queued, .awaitingResponse: false
        case .responding:
            exchange[].download.isComplete && !exchange[].download.hasUnsent
        case .answering: client[].output.isEmpty
        case .tunnelling:
            exchange[].downloadEnded && (exchange[].uploadEnded || exchange[].uploadIsBroken)
                || exchange[].uploadEnded && client[].transport.takesNothing
                || exchange[].downloadEnded && exchange[].server?[].transport.takesNothing == true
        }
    }

    /// From the server to the client. True: there may be more.
    private mutating func moveDownload(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>, _ server: Ref<ServerConnection>
    ) -> Bool {
        // Interim responses go first.
        if !client[].output.isEmpty, !sendAnswer(exchange, client) { return false }
        guard client[].output.isEmpty else { return false }
        for _ in 0..<Self.roundsMax {
            if exchange[].download.unsent > 0 {
                guard sendDownload(exchange, client, server) else { return false }
            }
            if exchange[].download.piped > 0 {
                guard drainDownload(exchange, client) else { return false }
            }
            if exchange[].download.isComplete {
                if exchange[].phase == .tunnelling { endDownload(exchange, client) }
                return false
            }
            guard server[].transport.isReadable else {
                if server[].input.isEmpty { buffers.empty(&server[].input) }
                givePipe(&exchange[].downloadPipe)
                return false
            }
            guard receiveDownload(exchange, client, server) else { return false }
        }
        return true
    }

    /// True: all that was approved is sent.
    private mutating func sendDownload(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>, _ server: Ref<ServerConnection>
    ) -> Bool {
        guard client[].transport.isWritable else { return false }
        switch client[].transport.send(
            server[].input, offset: 0, count: exchange[].download.unsent)
        {
        case .moved(let count):
            exchange[].download.didSend(count, from: &server[].input, keeps: false)
            exchange[].hasResponded = true
            clientMoved &+= count
            record.add(.bytesOut, UInt64(count))
            return exchange[].download.unsent == 0
        case .blocked, .ended: return false
        case .failed:
            abort(exchange, client, .clientAbort, "client-abort")
            return false
        }
    }

    /// True: go on.
    private mutating func receiveDownload(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>, _ server: Ref<ServerConnection>
    ) -> Bool {
        let result: TransferResult
        let limit = exchange[].download.pipeLimit
        if limit > 0, let pipe = exchange[].downloadPipe ?? pipes.take() {
            exchange[].downloadPipe = pipe
            buffers.empty(&server[].input)
            result = pipe.fill(from: &server[].transport, limit: limit)
            if case .moved(let count) = result { exchange[].download.didPipe(count) }
        } else {
            guard makeRoom(&server[].input, isLong: exchange[].download.isLong) else {
                abort(exchange, client, .resource, "out-of-memory")
                return false
            }
            let room = server[].input.room
            result = server[].receive()
            if case .moved(let count) = result {
                exchange[].download.didReceive(count, room: room)
            }
        }
        switch result {
        case .moved:
            serverMoved = true
            guard let error = exchange[].download.approve(&server[].input) else { return true }
            countServerFailure(exchange)
            abort(exchange, client, .serverAbort, error.name)
            return false
        case .blocked: return true
        case .ended:
            if exchange[].download.sourceDidEnd() { return true }
            countServerFailure(exchange)
            abort(exchange, client, .serverAbort, "server-cut")
            return false
        case .failed:
            countServerFailure(exchange)
            abort(exchange, client, .serverAbort, "server-reset")
            return false
        }
    }

    /// From the client to the server. True: there may be more.
    private mutating func moveUpload(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>, _ server: Ref<ServerConnection>
    ) -> Bool {
        if exchange[].uploadIsBroken { return false }
        for _ in 0..<Self.roundsMax {
            if exchange[].upload.unsent > 0 || !server[].preface.isEmpty {
                guard sendUpload(exchange, client, server) else {
                    return exchange[].uploadIsBroken
                }
            }
            if exchange[].upload.piped > 0 {
                guard drainUpload(exchange, server) else { return exchange[].uploadIsBroken }
            }
            if exchange[].upload.isComplete {
                if exchange[].phase == .tunnelling { endUpload(exchange, server) }
                return false
            }
            guard client[].transport.isReadable else {
                if client[].input.isEmpty { buffers.empty(&client[].input) }
                givePipe(&exchange[].uploadPipe)
                return false
            }
            guard receiveUpload(exchange, client) else { return false }
        }
        return true
    }

    /// True: all that was approved is sent.
    private mutating func sendUpload(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>, _ server: Ref<ServerConnection>
    ) -> Bool {
        guard server[].transport.isWritable else { return false }
        let result =
            server[].preface.isEmpty
            ? server[].transport.send(
                client[].input, offset: exchange[].upload.sent, count: exchange[].upload.unsent)
            : sendBehindPreface(exchange, client, server)
        switch result {
        case .moved(let count):
            let keeps = exchange[].phase == .awaitingResponse && !exchange[].uploadIsForgotten
            if exchange[].upload.totalSent == 0 { exchange[].firstSentAt = nowNanoseconds }
            exchange[].upload.didSend(count, from: &client[].input, keeps: keeps)
            serverMoved = true
            exchange[].sentAt = nowNanoseconds
            return exchange[].upload.unsent == 0 && server[].preface.isEmpty
        case .blocked, .ended: return false
        case .failed:
            // What the server said before it went is still to be read.
            exchange[].uploadIsBroken = true
            server[].transport.expectEnd()
            return false
        }
    }

    /// True: go on.
    private mutating func receiveUpload(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>
    ) -> Bool {
        let keeps = keepsSent(exchange, client)
        if !keeps, exchange[].upload.sent > 0 {
            exchange[].upload.forgetSent(&client[].input)
            exchange[].uploadIsForgotten = true
        }
        let result: TransferResult
        let limit = exchange[].upload.pipeLimit
        if limit > 0, let pipe = exchange[].uploadPipe ?? pipes.take() {
            exchange[].uploadPipe = pipe
            exchange[].uploadIsForgotten = true
            buffers.empty(&client[].input)
            result = pipe.fill(from: &client[].transport, limit: limit)
            if case .moved(let count) = result { exchange[].upload.didPipe(count) }
        } else {
            guard keeps || makeRoom(&client[].input, isLong: exchange[].upload.isLong) else {
                abort(exchange, client, .resource, "out-of-memory")
                return false
            }
            let room = client[].input.room
            result = client[].receive()
            if case .moved(let count) = result {
                exchange[].upload.didReceive(count, room: room)
            }
        }
        switch result {
        case .moved(let count):
            clientMoved &+= count
            record.add(.bytesIn, UInt64(count))
            guard let error = exchange[].upload.approve(&client[].input) else { return true }
            refuseBody(exchange, client, error)
            return false
        case .blocked: return true
        case .ended:
            if exchange[].upload.sourceDidEnd() { return true }
            exchange[].note(.clientAbort, "client-cut")
            fail(exchange, client, 400, "client-cut")
            return false
        case .failed:
            abort(exchange, client, .clientAbort, "client-abort")
            return false
        }
    }

    /// The buffer is empty: everything in it was passed on. False: the system has no memory.
    private mutating func makeRoom(_ buffer: inout Buffer, isLong: Bool) -> Bool {
        let size = isLong ? BufferSize.large : .small
        if buffer.hasMemory, buffer.capacity < size.bytes { buffers.empty(&buffer) }
        if !buffer.hasMemory { return buffers.fill(&buffer, size) }
        buffer.removeAll()
        return true
    }
}
