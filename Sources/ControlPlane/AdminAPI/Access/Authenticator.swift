// Who asks over TCP: the holder of a token, or of a certificate. Guesses are numbered: an address
// that has made too many waits. Any thread.

import Clock
import HTTPTypes
import JSON
import Logging
import NIOCore
import NIOSSL

struct Authenticator: Sendable {
    /// Wrong tokens of one address: ten at once, then one in six seconds.
    private let failures = ClientAllowance(burst: 10, period: .seconds(6))
    /// Nil: there are no tokens, certificates only.
    private let tokens: WatchedFiles<TokenTable>?

    /// - Throws: `AdminServerError.tokens` for a file with problems: nobody starts with half of it.
    init(tokenFile path: String?, logger: Logger) throws(AdminServerError) {
        guard let path else {
            tokens = nil
            return
        }
        tokens = try WatchedFiles([path]) { () throws(AdminServerError) in
            let file = TokenFile.read(path)
            guard file.problems.isEmpty else { throw .tokens(file.problems) }
            return TokenTable(tokens: file.tokens)
        } renew: { before in
            let file = TokenFile.read(path)
            // What cannot be read grants nothing: whoever takes a token away must be able to trust
            // that it is gone.
            for problem in file.problems { logger.error("\(problem)") }
            logger.notice(
                "token file read again",
                metadata: ["before": "\(before.tokens.count)", "now": "\(file.tokens.count)"])
            return TokenTable(tokens: file.tokens)
        }
    }

    /// A token that is shown counts, whatever the certificate says: it is the narrower one.
    func principal(
        of authorization: String?, on channel: any Channel, from address: PeerAddress?
    ) async throws -> Principal {
        if let authorization {
            return .token(try token(authorization, from: address), from: address)
        }
        guard let certificate = try await certificate(of: channel) else {
            let ways = tokens == nil ? "a client certificate" : "a bearer token"
            throw Self.unauthenticated("show who you are: \(ways)")
        }
        return .certificate(CertificateSubject(certificate), from: address)
    }

    private func token(
        _ authorization: String, from address: PeerAddress?
    ) throws(Problem) -> AccessToken {
        let client = address?.client ?? .everybody
        // Taken before it is known whether it was needed, so that guesses at the same time count.
        if let wait = failures.take(client) {
            let seconds = wait.wholeSeconds + 1
            throw Problem(
                .tooManyFailures, "too many wrong tokens from this address; wait \(seconds) s"
            ).adding(field: "Retry-After", "\(seconds)")
                .adding("retry_after_s", .integer(seconds)).closing()
        }
        guard let secret = Self.secret(authorization),
            let token = tokens?.current().token(with: secret)
        else {
            throw Self.unauthenticated("this token is not known here", isWrong: true)
        }
        guard !token.isExpired(at: .now()) else {
            throw Self.unauthenticated("the token \(token.name) has expired", isWrong: true)
        }
        failures.giveBack(client)
        return token
    }

    /// `Bearer` and one word (RFC 6750 §2.1); no secret of ours is longer than 512 bytes.
    private static func secret(_ authorization: String) -> String? {
        let words = authorization.split(separator: " ", omittingEmptySubsequences: true)
        guard words.count == 2, words[0].lowercased() == "bearer", words[1].utf8.count <= 512
        else { return nil }
        return String(words[1])
    }

    /// Of the handshake; one that has expired since is none.
    private func certificate(of channel: any Channel) async throws -> NIOSSLCertificate? {
        guard let certificate = try? await channel.nioSSL_peerCertificate().get() else {
            return nil
        }
        let now = WallTime.now().milliseconds / 1000
        guard certificate.notValidBefore <= now, now <= certificate.notValidAfter else {
            throw Self.unauthenticated("the client certificate has expired")
        }
        return certificate
    }

    /// RFC 9110 §11.6.1, RFC 6750 §3.
    private static func unauthenticated(_ detail: String, isWrong: Bool = false) -> Problem {
        Problem(.unauthenticated, detail)
            .adding(
                field: "WWW-Authenticate",
                "Bearer realm=\"apus\"" + (isWrong ? ", error=\"invalid_token\"" : "")
            ).closing()
    }
}
