// The TLS side of a listener, made of the files that the configuration names and made again when
// they change: a renewed certificate needs no new master. Any thread; may block for the time of the
// disk.

import Logging
import Model
import NIOCore
import NIOSSL

struct ServerTLS: Sendable {
    private struct Material {
        var context: NIOSSLContext
        var life: CertificateLife
    }
    private let material: WatchedFiles<Material>

    /// - Parameter allowsStrangers: a client without a certificate is let in, to show a token.
    init(
        _ files: AdminTLS, allowsStrangers: Bool, logger: Logger
    ) throws(AdminServerError) {
        let paths = [files.chain, files.key] + (files.clientCA.map { [$0] } ?? [])
        material = try WatchedFiles(paths) { () throws(AdminServerError) in
            try Self.material(files, allowsStrangers: allowsStrangers)
        } renew: { before in
            do throws(AdminServerError) {
                let material = try Self.material(files, allowsStrangers: allowsStrangers)
                logger.notice("certificates of the admin API read again")
                return material
            } catch {
                logger.error(
                    "certificates of the admin API stay as they were",
                    metadata: ["error": "\(error)"])
                return before
            }
        }
    }

    /// For a connection that begins now.
    func handler() -> NIOSSLServerHandler {
        NIOSSLServerHandler(context: material.current().context)
    }

    /// Of the chain that such a connection is shown.
    var life: CertificateLife { material.current().life }

    private static func material(
        _ files: AdminTLS, allowsStrangers: Bool
    ) throws(AdminServerError) -> Material {
        let chain = try use(files.chain, PEMFiles.certificates)
        let key = try use(files.key, PEMFiles.key)
        let clientCA = try files.clientCA.map { path throws(AdminServerError) in
            try use(path, PEMFiles.certificates)
        }
        guard
            let context = context(
                chain, key, clientCA: clientCA, allowsStrangers: allowsStrangers)
        else { throw .tls("\(files.key) \(keyMismatch) \(files.chain)") }
        return Material(context: context, life: CertificateLife(chain))
    }

    /// Behind it goes the name of the chain.
    static let keyMismatch = "is not the key of the certificate in"

    /// Nil if the key is not that of the chain's first certificate.
    static func context(
        _ chain: [NIOSSLCertificate], _ key: NIOSSLPrivateKey,
        clientCA: [NIOSSLCertificate]? = nil, allowsStrangers: Bool = false
    ) -> NIOSSLContext? {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        configuration.shutdownTimeout = .seconds(1)
        if let clientCA {
            configuration.trustRoots = .certificates(clientCA)
            configuration.certificateVerification =
                allowsStrangers ? .optionalVerification : .noHostnameVerification
            configuration.sendCANameList = true
        }
        return try? NIOSSLContext(configuration: configuration)
    }

    private static func use<Value>(
        _ path: String, _ read: (String) throws(FileFault) -> Value
    ) throws(AdminServerError) -> Value {
        do throws(FileFault) {
            return try read(path)
        } catch {
            throw .tls("\(path) \(error.message)")
        }
    }
}
