// The TLS side of a listener, made of the files that the configuration names and made again when
// they change: a renewed certificate needs no new master. Any thread; may block for the time of the
// disk.

import Logging
import Model
import NIOCore
import NIOSSL
import Syscalls

struct ServerTLS: Sendable {
    private static let fileBytesMax = 1 << 20

    private let context: WatchedFiles<NIOSSLContext>

    /// - Parameter allowsStrangers: a client without a certificate is let in, to show a token.
    init(
        _ files: AdminTLS, allowsStrangers: Bool, logger: Logger
    ) throws(AdminServerError) {
        let paths = [files.chain, files.key] + (files.clientCA.map { [$0] } ?? [])
        context = try WatchedFiles(paths) { () throws(AdminServerError) in
            try Self.context(files, allowsStrangers: allowsStrangers)
        } renew: { before in
            do throws(AdminServerError) {
                let context = try Self.context(files, allowsStrangers: allowsStrangers)
                logger.notice("certificates of the admin API read again")
                return context
            } catch {
                logger.error(
                    "certificates of the admin API stay as they were",
                    metadata: ["error": "\(error)"])
                return before
            }
        }
    }

    /// For a connection that begins now.
    func handler() -> NIOSSLServerHandler { NIOSSLServerHandler(context: context.current()) }

    private static func context(
        _ files: AdminTLS, allowsStrangers: Bool
    ) throws(AdminServerError) -> NIOSSLContext {
        let chain = try certificates(files.chain)
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) },
            privateKey: .privateKey(try key(files.key)))
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        configuration.shutdownTimeout = .seconds(1)
        if let path = files.clientCA {
            configuration.trustRoots = .certificates(try certificates(path))
            configuration.certificateVerification =
                allowsStrangers ? .optionalVerification : .noHostnameVerification
            configuration.sendCANameList = true
        }
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw .tls("\(files.key) is not the key of the certificate in \(files.chain)")
        }
    }

    private static func certificates(_ path: String) throws(AdminServerError) -> [NIOSSLCertificate]
    {
        let bytes = try read(path)
        guard let certificates = try? NIOSSLCertificate.fromPEMBytes(bytes), !certificates.isEmpty
        else { throw .tls("\(path) holds no certificate in PEM, or one that is broken") }
        return certificates
    }

    private static func key(_ path: String) throws(AdminServerError) -> NIOSSLPrivateKey {
        if let mode = try? Files.status(of: path).mode, mode & 0o007 != 0 {
            throw .tls(
                "\(path) has the mode \(String(mode & 0o777, radix: 8)): everybody may have the key "
                    + "then; chmod 640 or 600")
        }
        guard let key = try? NIOSSLPrivateKey(bytes: try read(path), format: .pem) else {
            throw .tls("\(path) holds no private key in PEM, or one with a passphrase")
        }
        return key
    }

    private static func read(_ path: String) throws(AdminServerError) -> [UInt8] {
        do throws(SystemError) {
            return try Files.read(path, maxBytes: fileBytesMax)
        } catch {
            throw .tls("\(error)")
        }
    }
}
