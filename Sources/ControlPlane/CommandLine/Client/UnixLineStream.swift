// One GET over a unix socket whose answer goes on and on: its lines are handed over as they come.
// The calling thread blocks until the end; lines are handed over on the NIO event loop's thread.

import NIOCore
import NIOHTTP1
import NIOPosix

struct UnixLineStream: Sendable {
    /// Longer lines are no events of ours.
    static let lineBytesMax = 1 << 20

    /// Never shut down: the process ends after its stream.
    private static let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    let path: String

    /// Returns the whole answer if its status is not 200, and an empty one when the master ended
    /// the stream in good order.
    func read(
        _ target: String, fields: [(String, String)],
        line: @escaping @Sendable ([UInt8]) -> Void
    ) throws(UnixHTTPClient.Failure) -> UnixHTTPClient.Response {
        var head = HTTPRequestHead(version: .http1_1, method: .GET, uri: target)
        head.headers.add(name: "Host", value: "localhost")
        for (name, value) in fields { head.headers.add(name: name, value: value) }
        let request = HTTPClientRequestPart.head(head)
        let loop = Self.group.next()
        let refusal = loop.makePromise(of: UnixHTTPClient.Response.self)
        let bootstrap = ClientBootstrap(group: loop).channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHTTPClientHandlers()
                try channel.pipeline.syncOperations.addHandler(
                    LineCollector(refusal, line: line))
            }
        }
        bootstrap.connect(unixDomainSocketPath: path).whenComplete { result in
            switch result {
            case .failure(let error): refusal.fail(error)
            case .success(let channel):
                channel.write(request, promise: nil)
                channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
            }
        }
        do {
            return try refusal.futureResult.wait()
        } catch let failure as UnixHTTPClient.Failure {
            throw failure
        } catch let error as IOError {
            throw .connect(error.errnoCode)
        } catch {
            throw .broken(String(describing: error))
        }
    }
}

/// Cuts the body into lines; runs on the event loop of its channel.
private final class LineCollector: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart

    private let refusal: EventLoopPromise<UnixHTTPClient.Response>
    private let line: @Sendable ([UInt8]) -> Void
    private var response = UnixHTTPClient.Response(status: 0, body: [])

    init(
        _ refusal: EventLoopPromise<UnixHTTPClient.Response>,
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
            if response.body.count > UnixLineStream.lineBytesMax {
                refusal.fail(UnixHTTPClient.Failure.answerTooLarge)
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
        refusal.fail(UnixHTTPClient.Failure.broken("the master closed the connection"))
    }
}
