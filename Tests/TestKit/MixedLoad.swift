// The load under which reloads must lose nothing: every kind of client that a proxy has, each
// request with an id in the ledger.

internal import Foundation
internal import Synchronization

/// Clients on threads of their own, from `start` to `stop`.
public final class MixedLoad: Sendable {
    /// How many of each kind.
    public struct Mix: Sendable {
        public var newConnection = 2
        public var busyGET = 2
        public var busyPOST = 2
        /// Send at a random moment after up to `idleMilliseconds` of silence.
        public var idle = 24
        public var idleMilliseconds = 1500
        public var upload = 2
        public var tunnel = 1

        public init() {}
        /// All zero but what is set afterwards.
        public static var none: Mix {
            var mix = Mix()
            (mix.newConnection, mix.busyGET, mix.busyPOST) = (0, 0, 0)
            (mix.idle, mix.upload, mix.tunnel) = (0, 0, 0)
            return mix
        }
    }

    public let ledger = Ledger()
    /// Told to idle clients: send now. For the exact race with a reload.
    public let trigger = Counter()
    private let port: Int
    /// Of a unix socket, instead of the port.
    private let path: String?
    private let mix: Mix
    private let threads = Threads()
    private let stopped = OnceFlag()

    public init(port: Int, mix: Mix = Mix()) {
        self.port = port
        path = nil
        self.mix = mix
    }

    public init(path: String, mix: Mix = Mix()) {
        port = 0
        self.path = path
        self.mix = mix
    }

    public func start() {
        run(mix.newConnection) { [self] in newConnection() }
        run(mix.busyGET) { [self] in keepAlive("busy-get") { _ in nil } }
        run(mix.busyPOST) { [self] in keepAlive("busy-post") { _ in Array("order".utf8) } }
        run(mix.idle) { [self] in idle() }
        run(mix.upload) { [self] in upload() }
        run(mix.tunnel) { [self] in tunnel() }
    }

    /// Ends the load; running requests are finished and counted.
    public func stop() throws {
        stopped.set()
        try threads.join(within: 40)
    }

    private func run(_ count: Int, _ body: @escaping @Sendable () -> Void) {
        for _ in 0..<count { threads.start(body) }
    }

    // MARK: Kinds of clients

    private func newConnection() {
        while !stopped.isSet {
            if let connection = connect("new-connection") {
                request(connection, "new-connection", fields: ["Connection: close"])
                connection.socket.close()
            }
            pause(milliseconds: 1)
        }
    }

    private func keepAlive(
        _ kind: String, body: @Sendable (Int) -> [UInt8]?
    ) {
        var connection: HTTPClient?
        var count = 0
        while !stopped.isSet {
            if connection == nil { connection = connect(kind) }
            guard let open = connection else { continue }
            let isReusable = request(open, kind, body: body(count))
            if !isReusable { connection = nil }
            count += 1
            pause(milliseconds: 2)
        }
    }

    /// Silent most of the time: the case in which a proxy that closes idle connections while it
    /// leaves loses requests.
    private func idle() {
        var connection: HTTPClient?
        var isPost = false
        while !stopped.isSet {
            if connection == nil { connection = connect("idle") }
            guard let open = connection else { continue }
            wait(upTo: Int.random(in: 20...max(21, mix.idleMilliseconds)))
            if open.isStale {
                let id = ledger.nextID("idle")
                ledger.record(
                    id, client: "idle", isOnceOnly: false, fate: .notSent, milliseconds: 0)
                connection = nil
                continue
            }
            isPost.toggle()
            let body = isPost ? Array("late".utf8) : nil
            if !request(open, "idle", body: body) { connection = nil }
        }
    }

    private func upload() {
        let body = EchoServer.pattern(200_000)
        var isChunked = false
        while !stopped.isSet {
            isChunked.toggle()
            guard let connection = connect("upload") else { continue }
            let id = ledger.nextID("upload")
            var fields = ["\(EchoServer.ledgerField): \(id)", "Connection: close"]
            if isChunked { fields.append("Transfer-Encoding: chunked") }
            let head = HTTPClient.request(
                "POST", "/upload", fields: fields + (isChunked ? [] : ["Content-Length: 200000"]))
            let wire = isChunked ? HTTPClient.chunked(body, chunkBytes: 7000) : body
            record(id, "upload", isOnceOnly: true) {
                try connection.socket.send(head)
                for offset in stride(from: 0, to: wire.count, by: 40_000) {
                    try connection.socket.send(
                        Array(wire[offset..<min(offset + 40_000, wire.count)]))
                    pause(milliseconds: 20)
                }
                let response = try connection.response(to: "POST")
                guard response.status != 200 || response.text == EchoServer.checksum(body) else {
                    throw ResponseFailure.malformed("the upload arrived changed")
                }
                return response
            }
            connection.socket.close()
        }
    }

    /// One tunnel for the whole run, through all reloads; each echo is a request in the book.
    private func tunnel() {
        guard let connection = connect("tunnel") else { return }
        let first = ledger.nextID("tunnel")
        let isOpen = record(first, "tunnel", isOnceOnly: false, expect: 101) {
            try connection.socket.send(
                HTTPClient.request(
                    "GET", "/upgrade",
                    fields: [
                        "Connection: Upgrade", "Upgrade: echo",
                        "\(EchoServer.ledgerField): \(first)",
                    ]))
            return try connection.response()
        }
        guard isOpen else { return }
        while !stopped.isSet {
            let word = ledger.nextID("tunnel-echo")
            let elapsed = Elapsed()
            do {
                try connection.socket.send(word)
                let echo = try connection.raw(atLeast: word.utf8.count)
                if echo != Array(word.utf8) {
                    throw ResponseFailure.malformed("the tunnel changed bytes")
                }
            } catch {
                ledger.record(
                    word, client: "tunnel", isOnceOnly: false,
                    fate: .lost(wasReset: false, "tunnel: \(error)"),
                    milliseconds: elapsed.milliseconds)
                return
            }
            pause(milliseconds: 50)
        }
    }

    // MARK: One request

    private func connect(_ kind: String) -> HTTPClient? {
        do {
            return try path.map { try HTTPClient(path: $0) } ?? HTTPClient(port: port)
        } catch {
            ledger.record(
                ledger.nextID(kind), client: kind, isOnceOnly: false, fate: .refused,
                milliseconds: 0)
            pause(milliseconds: 5)
            return nil
        }
    }

    @discardableResult
    private func request(
        _ connection: HTTPClient, _ kind: String, fields: [String] = [], body: [UInt8]? = nil
    ) -> Bool {
        let id = ledger.nextID(kind)
        let method = body == nil ? "GET" : "POST"
        return record(id, kind, isOnceOnly: body != nil) {
            try connection.exchange(
                method, "/\(id)", fields: fields + ["\(EchoServer.ledgerField): \(id)"], body: body)
        }
    }

    /// Runs one exchange and writes what came of it. True if the connection can go on.
    @discardableResult
    private func record(
        _ id: String, _ kind: String, isOnceOnly: Bool, expect: Int? = nil,
        _ exchange: () throws -> HTTPResponse
    ) -> Bool {
        let elapsed = Elapsed()
        var isReusable = false
        let fate: RequestFate
        do {
            let response = try exchange()
            isReusable = expect.map { $0 == response.status } ?? response.isReusable
            fate = .answered(status: response.status == expect ? 200 : response.status)
        } catch ResponseFailure.endedBefore(let wasReset) {
            fate = .lost(wasReset: wasReset, "before the response")
        } catch ResponseFailure.endedInside(let wasReset) {
            fate = .lost(wasReset: wasReset, "inside the response")
        } catch let failure as SocketFailure {
            fate = .lost(wasReset: failure.isReset, "\(failure)")
        } catch {
            fate = .lost(wasReset: false, "\(error)")
        }
        ledger.record(
            id, client: kind, isOnceOnly: isOnceOnly, fate: fate,
            milliseconds: elapsed.milliseconds)
        return isReusable
    }

    private func pause(milliseconds: Int) {
        Thread.sleep(forTimeInterval: Double(milliseconds) / 1000)
    }

    /// That long, or until `trigger` moves.
    private func wait(upTo milliseconds: Int) {
        let before = trigger.value
        let deadline = Deadline(seconds: Double(milliseconds) / 1000)
        while !deadline.isOver, !stopped.isSet, trigger.value == before { pause(milliseconds: 2) }
    }
}
