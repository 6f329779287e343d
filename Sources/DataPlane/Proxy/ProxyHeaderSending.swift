// What a server is told about the client before its first byte, where the configuration asks for
// it: a PROXY header, which waits in the server connection and leaves together with what follows.

internal import Model
internal import Syscalls

extension Engine {
    /// Puts the header in front of a new connection's bytes. From then on the connection is this
    /// client's alone. False: the system has no memory for it.
    mutating func addProxyHeader(
        _ version: ProxyProtocolVersion, to server: Ref<ServerConnection>,
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>
    ) -> Bool {
        server[].carriesOneClient = true
        guard buffers.fill(&server[].preface, .record) else { return false }
        let destination =
            client[].destination ?? (try? TCPSocket.localAddress(client[].transport.fd))
            ?? RawSocketAddress(host: .ipv4(0), port: 0)
        var writer = server[].preface.freeWriter()
        switch version {
        case .v1: ProxyHeaderWriter.writeLine(client[].peer, destination, to: &writer)
        case .v2:
            // A host that a request names is no name that a TLS client asked for.
            let isTCP = exchange[].isTCP && exchange[].capture.hasMemory
            let name = isTCP ? exchange[].capture.bytes.slice(exchange[].captured.host) : .empty
            ProxyHeaderWriter.writeBinary(
                client[].peer, destination, id: exchange[].requestID, authority: name,
                to: &writer)
        }
        server[].preface.didWrite(writer.count)
        return true
    }

    /// Sends what there is of the header, and the request's bytes behind it with the same call.
    /// The count is of the latter, and may be none.
    mutating func sendBehindPreface(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>, _ server: Ref<ServerConnection>
    ) -> TransferResult {
        let preface = server[].preface.count
        let result = server[].sendPreface(
            then: client[].input, offset: exchange[].upload.sent, count: exchange[].upload.unsent)
        guard case .moved(let count) = result else { return result }
        server[].preface.consume(min(count, preface))
        if server[].preface.isEmpty { buffers.empty(&server[].preface) }
        return .moved(max(0, count - preface))
    }
}
