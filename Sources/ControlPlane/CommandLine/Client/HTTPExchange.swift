// One HTTP/1.1 request to the master, with a deadline and a bound on the answer. The calling thread
// blocks; the work is done on a NIO event loop that lives as long as the process.

import Clock
import NIOCore
import NIOHTTP1
import NIOPosix

struct HTTPExchange: Sendable {
    struct Response: Sendable, Equatable {
        var status: Int
        var body: [UInt8]
    }

    enum Failure: Error, Equatable {
        /// errno of connect(2).
        case connect(Int32)
        /// There is no such host.
        case unresolved
        case tls(TLSTrouble)
        case deadline
        case answerTooLarge
        case broken(String)
    }

    static let answerBytesMax = 16 << 20

    /// Never shut down: a connection may still be closing when its answer is complete.
    private static let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    let address: MasterAddress

    func exchange(
        _ method: HTTPMethod, _ target: String, fields: [(String, String)] = [],
        body: [UInt8]? = nil, within limit: Duration
    ) throws(Failure) -> Response {
        var head = HTTPRequestHead(version: .http1_1, method: method, uri: target)
        head.headers.add(name: "Connection", value: "close")
        for (name, value) in address.fields + fields { head.headers.add(name: name, value: value) }
        if let body { head.headers.add(name: "Content-Length", value: String(body.count)) }
        do {
            return try run(head, body, on: Self.group.next(), within: limit)
        } catch {
            throw Failure(error, address, on: Self.group.next())
        }
    }

    private func run(
        _ head: HTTPRequestHead, _ body: [UInt8]?, on loop: any EventLoop, within limit: Duration
    ) throws -> Response {
        let answer = loop.makePromise(of: Response.self)
        let timer = loop.scheduleTask(in: .milliseconds(limit.wholeMilliseconds)) {
            answer.fail(Failure.deadline)
        }
        address.connect(on: loop) { channel in
            try channel.pipeline.syncOperations.addHTTPClientHandlers()
            try channel.pipeline.syncOperations.addHandler(AnswerCollector(answer))
        }.whenComplete { result in
            switch result {
            case .failure(let error):
                answer.fail(error)
            case .success(let channel):
                // What fails to be written is told by the collector, when the channel ends.
                channel.write(HTTPClientRequestPart.head(head), promise: nil)
                if let body {
                    channel.write(
                        HTTPClientRequestPart.body(.byteBuffer(ByteBuffer(bytes: body))),
                        promise: nil)
                }
                channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
            }
        }
        defer { timer.cancel() }
        return try answer.futureResult.wait()
    }
}

extension HTTPExchange.Failure {
    /// Of whatever a connection failed with; blocks for a second look at a certificate.
    init(_ error: any Error, _ address: MasterAddress, on loop: any EventLoop) {
        switch error {
        case let failure as HTTPExchange.Failure: self = failure
        case let error as IOError: self = .connect(error.errnoCode)
        case let error as NIOConnectionError:
            let code = error.connectionErrors.lazy.compactMap { ($0.error as? IOError)?.errnoCode }
                .first
            self = code.map { .connect($0) } ?? .unresolved
        default:
            guard let trouble = TLSTrouble(error) else {
                self = .broken(String(describing: error))
                return
            }
            if trouble == .untrusted, case .network(let network) = address {
                self = .tls(.examined(network, on: loop, within: .seconds(3)))
            } else {
                self = .tls(trouble)
            }
        }
    }
}

/// Gathers one answer; runs on the event loop of its channel.
private final class AnswerCollector: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart

    private let answer: EventLoopPromise<HTTPExchange.Response>
    private var response = HTTPExchange.Response(status: 0, body: [])

    init(_ answer: EventLoopPromise<HTTPExchange.Response>) {
        self.answer = answer
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            response.status = Int(head.status.code)
        case .body(let buffer):
            guard
                response.body.count + buffer.readableBytes <= HTTPExchange.answerBytesMax
            else {
                answer.fail(HTTPExchange.Failure.answerTooLarge)
                context.close(promise: nil)
                return
            }
            response.body.append(contentsOf: buffer.readableBytesView)
        case .end:
            answer.succeed(response)
            context.close(promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        answer.fail(error)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        answer.fail(HTTPExchange.Failure.broken("the master closed the connection"))
    }
}
