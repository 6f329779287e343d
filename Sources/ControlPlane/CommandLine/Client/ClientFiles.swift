// The files that a client of a remote master needs: its token, whom to trust, its certificate and
// key. Blocks for the time of the disk; main thread.

import NIOCore
import NIOSSL
import Syscalls

struct ClientFiles {
    /// All by path; nil: there is none.
    var token: String?
    var authorities: String?
    var certificate: String?
    var key: String?

    private static let bytesMax = 1 << 20

    /// The first line of the file, which must be one that others cannot read.
    func readToken() throws(CommandFailure) -> String? {
        guard let token else { return nil }
        if let mode = try? Files.status(of: token).mode, mode & 0o007 != 0 {
            throw CommandFailure(
                .usage,
                "\(token) has the mode \(String(mode & 0o777, radix: 8)): everybody may have the "
                    + "token then; chmod 600")
        }
        let line = try Self.read(token).split(separator: UInt8(ascii: "\n")).first ?? []
        guard !line.isEmpty, line.count <= 512, line.allSatisfy({ (0x21...0x7E).contains($0) })
        else {
            throw CommandFailure(
                .usage, "\(token) does not hold a token: one word on its first line")
        }
        return String(decoding: line, as: UTF8.self)
    }

    func context() throws(CommandFailure) -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        configuration.shutdownTimeout = .seconds(1)
        if let authorities {
            configuration.trustRoots = .certificates(try Self.certificates(authorities))
        }
        guard (certificate == nil) == (key == nil) else {
            throw CommandFailure(.usage, "--client-certificate and --client-key go together")
        }
        if let certificate, let key {
            configuration.certificateChain = try Self.certificates(certificate)
                .map { .certificate($0) }
            let bytes = try Self.read(key)
            guard let privateKey = try? NIOSSLPrivateKey(bytes: bytes, format: .pem) else {
                throw CommandFailure(
                    .usage, "\(key) holds no private key in PEM, or one with a passphrase")
            }
            configuration.privateKey = .privateKey(privateKey)
        }
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw CommandFailure(
                .usage, "\(key ?? "") is not the key of the certificate in \(certificate ?? "")")
        }
    }

    private static func certificates(_ path: String) throws(CommandFailure) -> [NIOSSLCertificate] {
        guard let certificates = try? NIOSSLCertificate.fromPEMBytes(try read(path)),
            !certificates.isEmpty
        else { throw CommandFailure(.usage, "\(path) holds no certificate in PEM") }
        return certificates
    }

    private static func read(_ path: String) throws(CommandFailure) -> [UInt8] {
        do throws(SystemError) {
            return try Files.read(path, maxBytes: bytesMax)
        } catch {
            throw CommandFailure(.usage, "\(error)")
        }
    }
}
