// One GET whose answer goes on and on: its lines are handed over as they come. The calling thread
// blocks until the end; lines are handed over on the NIO event loop's thread.

import NIOCore
import NIOHTTP1
import NIOPosix

struct LineStream: Sendable {
    /// Longer lines are no events of ours.
    static let lineBytesMax = 1 << 20

    /// Never shut down: the process ends after its stream.
    private static let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    let address: MasterAddress

    /// Returns the whole answer if its status is not 200, and an empty one when the master ended
    /// the stream in good order.
    func read(
        _ target: String, fields: [(String, String)],
        line: @escaping @Sendable ([UInt8]) -> Void
    ) throws(HTTPExchange.Failure) -> HTTPExchange.Response {
        var head = HTTPRequestHead(version: .http1_1, method: .GET, uri: target)
        for (name, value) in address.fields + fields { head.headers.add(name: name, value: value) }
        let request = HTTPClientRequestPart.head(head)
        let loop = Self.group.next()
        let refusal = loop.makePromise(of: HTTPExchange.Response.self)
        address.connect(on: loop) { channel in
            try channel.pipeline.syncOperations.addHTTPClientHandlers()
            try channel.pipeline.syncOperations.addHandler(LineCollector(refusal, line: line))
        }.whenComplete { result in
            switch result {
            case .failure(let error): refusal.fail(error)
            case .success(let channel):
                channel.write(request, promise: nil)
                channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
            }
        }
        do {
            return try refusal.futureResult.wait()
        } catch {
            throw HTTPExchange.Failure(error, address, on: loop)
        }
    }
}

/// Cuts the body into lines; runs on the event loop of its channel.
private final class LineCollector: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart

    private let refusal: EventLoopPromise<HTTPExchange.Response>
    private let line: @Sendable ([UInt8]) -> Void
    private var response = HTTPExchange.Response(status: 0, body: [])

    init(
        _ refusal: EventLoopPromise<HTTPExchange.Response>,
        line: @escaping @Sendable ([UInt8]) -> Void
    ) {
        self.refusal = refusal
        self.line = line
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): response.status = Int(head.status.code)
        case .body(let buffer):
            response.body.append(contentsOf: buffer.readableBytesView)
            if response.status == 200 { handOver() }
            if response.body.count > LineStream.lineBytesMax {
                refusal.fail(HTTPExchange.Failure.answerTooLarge)
                context.close(promise: nil)
            }
        case .end:
            refusal.succeed(response)
            context.close(promise: nil)
        }
    }

    private func handOver() {
        let lines = response.body.split(
            separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for complete in lines.dropLast() where !complete.isEmpty { line(Array(complete)) }
        response.body = Array(lines.last ?? [])
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        refusal.fail(error)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        refusal.fail(HTTPExchange.Failure.broken("the master closed the connection"))
    }
}
