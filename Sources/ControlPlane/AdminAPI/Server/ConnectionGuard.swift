// Keeps one admin connection honest: a request must be whole in time, bytes that are not HTTP get
// an answer before the end, and a connection that is given up is closed without losing the answer.
// Runs on the connection's event loop. Stands between the HTTP codec and Hummingbird's handlers.

import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// From the end of the head to the end of the body.
    static let bodyDeadline = TimeAmount.seconds(10)
    /// How long a given-up client may take to read its answer.
    static let lingerTime = TimeAmount.milliseconds(500)

    /// Written and not yet taken by the kernel: then a body that goes on must wait.
    static let pendingBytes = ChannelOptions.Types.WriteBufferWaterMark(low: 4096, high: 16_384)
    /// Of the kernel's, for one connection; it takes twice as much (socket(7)).
    static let sendBufferBytes = 32_768

    private enum State {
        case open
        /// The response in progress is the last one.
        case closingAfterResponse
        /// The last byte is sent; what comes in is thrown away.
        case draining
    }

    private var state = State.open
    /// Requests whose response is not complete.
    private var pendingCount = 0
    private var isResponseStarted = false
    private var deadline: Scheduled<Void>?
    /// Runs while the client takes nothing.
    private var stall: Scheduled<Void>?
    private let roster: ConnectionRoster
    private let stallMax: TimeAmount

    init(roster: ConnectionRoster = ConnectionRoster(), stallMax: TimeAmount = .seconds(10)) {
        self.roster = roster
        self.stallMax = stallMax
    }

    func channelActive(context: ChannelHandlerContext) {
        enter(context)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .draining = state { return }
        switch unwrapInboundIn(data) {
        case .head:
            pendingCount += 1
            roster.didBegin(context.channel)
            startDeadline(context)
        case .body:
            break
        case .end:
            stopDeadline()
        }
        context.fireChannelRead(data)
    }

    func write(
        context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?
    ) {
        if case .draining = state {
            promise?.succeed()
            return
        }
        switch unwrapOutboundIn(data) {
        case .head(let head):
            if head.status.kind != .informational { isResponseStarted = true }
            if head.headerFields[.connection] == "close" { state = .closingAfterResponse }
            context.write(data, promise: promise)
        case .body:
            context.write(data, promise: promise)
        case .end:
            isResponseStarted = false
            pendingCount -= 1
            if pendingCount == 0 { roster.didEnd(context.channel) }
            guard case .closingAfterResponse = state else {
                context.write(data, promise: promise)
                return
            }
            context.writeAndFlush(data, promise: promise)
            drain(context)
        }
    }

    /// From the codec: what came is not HTTP/1.1.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard case .open = state else { return }
        let isTooLarge = (error as? HTTPParserError) == .headerOverflow
        giveUp(
            context,
            isTooLarge
                ? Problem(.headersTooLarge, "the request's header fields are too large")
                : Problem(.badRequest, "the request is not valid HTTP/1.1"))
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .draining = state, let event = event as? ChannelEvent, event == .inputClosed {
            context.close(promise: nil)
            return
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        stall?.cancel()
        stall = nil
        if !context.channel.isWritable {
            let channel = context.channel
            stall = context.eventLoop.scheduleTask(in: stallMax) { channel.close(promise: nil) }
        }
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        leave(context)
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        leave(context)
    }

    private func enter(_ context: ChannelHandlerContext) {
        let channel = context.channel
        guard let peer = PeerCredentials.read(channel) else { return }
        // A stalled client holds little, however many of them there are.
        _ = channel.setOption(.writeBufferWaterMark, value: Self.pendingBytes)
        _ = channel.setOption(.socketOption(.so_sndbuf), value: Self.sendBufferBytes)
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        peer.whenComplete { peer in
            let (guardian, context) = bound.value
            let isPrivileged = (try? peer.get().isPrivileged) ?? false
            guard !guardian.roster.enter(context.channel, isPrivileged: isPrivileged) else {
                return
            }
            guardian.giveUp(
                context,
                Problem(.tooManyConnections, "try again later, and close what is not needed"))
        }
    }

    private func leave(_ context: ChannelHandlerContext) {
        roster.leave(context.channel)
        stall?.cancel()
        stopDeadline()
    }

    /// Answers with a problem if no other answer has begun, and closes.
    private func giveUp(_ context: ChannelHandlerContext, _ problem: Problem) {
        stopDeadline()
        // With more than one pending the answer could be taken for another request's.
        if !isResponseStarted, pendingCount <= 1 {
            let requestID = RequestID.fresh()
            let answer = Answer.problem(problem.closing(), requestID: requestID)
            context.write(wrapOutboundOut(.head(answer.head(requestID: requestID))), promise: nil)
            context.write(wrapOutboundOut(.body(ByteBuffer(bytes: answer.body))), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
        drain(context)
        // Whoever reads the body must not take its beginning for the whole.
        context.fireErrorCaught(HTTPParserError.invalidEOFState)
    }

    /// Closing at once while the client still sends could cost it the answer, so first only our
    /// half is closed.
    private func drain(_ context: ChannelHandlerContext) {
        state = .draining
        stopDeadline()
        context.close(mode: .output, promise: nil)
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: Self.lingerTime) { bound.value.close(promise: nil) }
    }

    private func startDeadline(_ context: ChannelHandlerContext) {
        stopDeadline()
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        deadline = context.eventLoop.scheduleTask(in: Self.bodyDeadline) {
            let (guardian, context) = bound.value
            guardian.giveUp(context, Problem(.requestTimeout, "the body did not come in time"))
        }
    }

    private func stopDeadline() {
        deadline?.cancel()
        deadline = nil
    }
}
