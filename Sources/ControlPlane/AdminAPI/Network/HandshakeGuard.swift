// Sees to it that a TLS connection begins: within its time, or not at all. Stands right behind the
// TLS handler, so nothing above it hears of a handshake that failed. Runs on the connection's loop.

import NIOCore
import NIOSSL
import NIOTLS

final class HandshakeGuard: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer

    /// From the connection to the end of the handshake.
    static let limit = TimeAmount.seconds(10)

    private enum State {
        case begun
        case complete
        case failed
    }

    private var state = State.begun
    private var deadline: Scheduled<Void>?
    private let limit: TimeAmount
    private let failed: @Sendable (any Channel, String) -> Void

    /// - Parameter failed: is told once what became of a handshake that came to nothing.
    init(
        limit: TimeAmount = HandshakeGuard.limit,
        failed: @escaping @Sendable (any Channel, String) -> Void
    ) {
        self.limit = limit
        self.failed = failed
    }

    func channelActive(context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        deadline = context.eventLoop.scheduleTask(in: limit) {
            let (guardian, context) = bound.value
            guardian.fail(context, "it was not over in time")
        }
        context.fireChannelActive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted? = event as? TLSUserEvent, case .begun = state {
            state = .complete
            deadline?.cancel()
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch state {
        case .begun: fail(context, Self.words(error))
        case .failed: break
        // A peer that closes without a word (RFC 8446 §6.1) is gone, and that is all.
        case .complete where error is NIOSSLError || error is BoringSSLError:
            context.close(promise: nil)
        case .complete: context.fireErrorCaught(error)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        if case .begun = state { fail(context, "the client went away") }
        context.fireChannelInactive()
    }

    private func fail(_ context: ChannelHandlerContext, _ why: String) {
        guard case .begun = state else { return }
        state = .failed
        deadline?.cancel()
        failed(context.channel, why)
        context.close(promise: nil)
    }

    private static func words(_ error: any Error) -> String {
        let text = String(describing: error)
        let known = [
            ("HTTP_REQUEST", "this is HTTP without TLS"),
            ("WRONG_VERSION_NUMBER", "this is not TLS"),
            ("UNSUPPORTED_PROTOCOL", "the client speaks no version of TLS that is allowed here"),
            ("CERTIFICATE_VERIFY_FAILED", "no CA of clients vouches for the client's certificate"),
            ("PEER_DID_NOT_RETURN_A_CERTIFICATE", "the client has shown no certificate"),
            ("UNKNOWN_CA", "the client does not trust this certificate"),
            ("CERTIFICATE_UNKNOWN", "the client does not trust this certificate"),
            ("BAD_CERTIFICATE", "the client does not trust this certificate"),
        ].first { text.contains($0.0) }
        return known?.1 ?? RequestTrace.shown(text)
    }
}
