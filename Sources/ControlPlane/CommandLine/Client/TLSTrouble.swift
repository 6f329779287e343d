// Why a TLS connection to a master did not come about, so that somebody can mend it.

import Clock
import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS

/// What a client can say of a handshake that failed.
enum TLSTrouble: Error, Equatable {
    /// No authority that is trusted here vouches for the master's certificate.
    case untrusted
    /// It was good until then.
    case expired(WallTime)
    case notValidBefore(WallTime)
    /// The certificate is for other names.
    case wrongName
    /// Whoever answers does not speak TLS.
    case noTLS
    /// The master wants a client certificate, or another one; in its words.
    case clientRefused(String)
    case other(String)

    /// - Parameter error: of NIOSSL; nil for what is none of its.
    init?(_ error: any Error) {
        switch error {
        case let error as NIOSSLExtraError where error == .failedToValidateHostname:
            self = .wrongName
        case let error as NIOSSLError:
            if case .uncleanShutdown = error { return nil }
            self.init(text: String(describing: error))
        case is BoringSSLError, is NIOSSLExtraError:
            self.init(text: String(describing: error))
        default: return nil
        }
    }

    private init(text: String) {
        let alerts = [
            ("CERTIFICATE_REQUIRED", "it wants a client certificate"),
            ("ALERT_CERTIFICATE_EXPIRED", "it says that this client's certificate has expired"),
            ("ALERT_UNKNOWN_CA", "it does not know the CA of this client's certificate"),
            ("ALERT_BAD_CERTIFICATE", "it refuses this client's certificate"),
            ("ALERT_CERTIFICATE_UNKNOWN", "it refuses this client's certificate"),
            ("ALERT_CERTIFICATE_REVOKED", "it says that this client's certificate is revoked"),
            ("ALERT_HANDSHAKE_FAILURE", "it wants a client certificate, or another version of TLS"),
            ("ALERT_DECRYPT_ERROR", "it refuses this client's certificate"),
        ]
        if let alert = alerts.first(where: { text.contains($0.0) }) {
            self = .clientRefused(alert.1)
        } else if text.contains("CERTIFICATE_VERIFY_FAILED") {
            self = .untrusted
        } else if text.contains("WRONG_VERSION_NUMBER") || text.contains("HTTP_REQUEST") {
            self = .noTLS
        } else {
            self = .other(text)
        }
    }

    /// For the verdict of a verification that says no more than no: the dates of the certificate,
    /// which a second handshake shows. It sends nothing and believes nothing.
    static func examined(
        _ network: MasterAddress.Network, on loop: any EventLoop, within limit: TimeAmount
    ) -> TLSTrouble {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateVerification = .none
        guard let context = try? NIOSSLContext(configuration: configuration) else {
            return .untrusted
        }
        let shown = loop.makePromise(of: Optional<NIOSSLCertificate>.self)
        let timer = loop.scheduleTask(in: limit) { shown.succeed(nil) }
        network.connect(on: loop, context) { channel in
            try channel.pipeline.syncOperations.addHandler(CertificateWitness(shown))
        }.whenFailure { _ in shown.succeed(nil) }
        defer { timer.cancel() }
        guard let certificate = (try? shown.futureResult.wait()) ?? nil else { return .untrusted }
        let now = WallTime.now().milliseconds / 1000
        if certificate.notValidAfter < now {
            return .expired(WallTime(milliseconds: Int64(certificate.notValidAfter) * 1000))
        }
        if certificate.notValidBefore > now {
            return .notValidBefore(WallTime(milliseconds: Int64(certificate.notValidBefore) * 1000))
        }
        return .untrusted
    }
}

/// Notes the certificate of the other end, and hangs up.
private final class CertificateWitness: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let shown: EventLoopPromise<NIOSSLCertificate?>

    init(_ shown: EventLoopPromise<NIOSSLCertificate?>) {
        self.shown = shown
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case .handshakeCompleted? = event as? TLSUserEvent else { return }
        shown.succeed(try? context.pipeline.syncOperations.nioSSL_peerCertificate())
        context.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        shown.succeed(nil)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        shown.succeed(nil)
    }
}
