// From an accepted connection to a client that is served: the PROXY header of one that comes
// through another proxy, then the first request, or the choice of a TCP route (`TCPRouting`).

internal import Model
internal import SharedState
internal import Syscalls

extension Engine {
    /// A connection has come. Who is trusted to say where a client is must say it; who is not is
    /// never listened to.
    mutating func welcome(_ client: Ref<ClientConnection>) {
        guard let input = client[].frontend?[].proxyInput else {
            begin(client, authority: .empty)
            return
        }
        // Who may connect to a unix socket, its file says.
        if client[].peer.isUnspecified || input.trusted.contains(ClientAddress(client[].peer.host))
        {
            client.change(to: .readingProxyHeader)
            client[].stateSince = nowNanoseconds
            clientTimers.arm(client, at: now + inspectWait(client))
        } else if input.refusesOthers {
            refuseArrival(client, "proxy-header-untrusted")
        } else {
            begin(client, authority: .empty)
        }
    }

    /// The client's address is known.
    ///
    /// - Parameter authority: the name that it asked the proxy before us for; empty: none is known.
    private mutating func begin(_ client: Ref<ClientConnection>, authority: Bytes) {
        guard let frontend = client[].frontend else { return }
        if frontend[].isHTTP { becomeIdle(client) } else { beginTCP(client, authority: authority) }
    }

    func inspectWait(_ client: Ref<ClientConnection>) -> Int64 {
        client[].frontend?[].waits.inspect ?? 1
    }

    /// Closes a connection before anything is served on it, with a line in the log.
    private mutating func refuseArrival(_ client: Ref<ClientConnection>, _ error: StaticString) {
        record.add(.proxyHeaderErrors)
        let exchange = makeExchange(client)
        exchange[].keepsClient = false
        exchange[].isTCP = client[].frontend?[].isHTTP == false
        exchange[].bytesIn = Int64(client[].input.count)
        abort(exchange, client, .refused, error)
    }
}

// MARK: The PROXY header

extension Engine {
    /// True: it is over, go on with what follows.
    mutating func readProxyHeader(_ client: Ref<ClientConnection>) -> Bool {
        guard client[].transport.isReadable else { return false }
        if !client[].input.hasMemory {
            guard buffers.fill(&client[].input, startingAt: Buffer.headroomBytes) else {
                close(client)
                return false
            }
        }
        switch client[].receive() {
        case .moved(let count):
            record.add(.bytesIn, UInt64(count))
            return takeProxyHeader(client)
        case .blocked:
            if client[].input.isEmpty { buffers.empty(&client[].input) }
        // Whoever only looks whether somebody listens says nothing and is gone.
        case .ended, .failed:
            if client[].input.isEmpty {
                close(client)
            } else {
                refuseArrival(client, "proxy-header-cut")
            }
        }
        return false
    }

    /// What follows the header stays in the buffer.
    private mutating func takeProxyHeader(_ client: Ref<ClientConnection>) -> Bool {
        var header = ProxyHeader()
        let received = client[].input.bytes
        switch ProxyHeaderParser.parse(received, into: &header) {
        case .incomplete: return client[].transport.isReadable
        case .failed(let error):
            refuseArrival(client, error.name)
            return false
        case .complete(let length):
            // No client has the address that stands for all.
            if let source = header.source, source.host != .ipv6(high: 0, low: 0) {
                client[].peer = RawSocketAddress(
                    host: source.host.unmapped, port: source.port)
                client[].destination = header.destination
            }
            client[].isSecure = header.isSecure
            let authority = received.slice(header.authority)
            client[].input.consume(length)
            client[].hasUnreadInput = !client[].input.isEmpty
            clientTimers.arm(client, at: .max)
            begin(client, authority: authority)
            return client[].state != .closed
        }
    }

    mutating func refuseSlowProxyHeader(_ client: Ref<ClientConnection>) {
        refuseArrival(client, "proxy-header-timeout")
    }
}
