// Reads the files of a TLS listener, for whoever serves with them and for whoever only wants to know
// whether they are any good. Any thread; blocks for the time of the disk.

import NIOSSL
import Syscalls

/// What keeps a file from being of use, in words that go behind its name.
struct FileFault: Error, Equatable {
    enum Kind {
        case missing
        /// This process may not read it; another one may.
        case unreadable
        case unfit
    }
    var kind: Kind
    var message: String
}

enum PEMFiles {
    private static let bytesMax = 1 << 20

    /// At least one certificate.
    static func certificates(_ path: String) throws(FileFault) -> [NIOSSLCertificate] {
        let bytes = try read(path)
        guard let certificates = try? NIOSSLCertificate.fromPEMBytes(bytes), !certificates.isEmpty
        else { throw unfit("holds no certificate in PEM, or one that is broken") }
        return certificates
    }

    /// A private key that not everybody may have.
    static func key(_ path: String) throws(FileFault) -> NIOSSLPrivateKey {
        let bytes = try read(path)
        if let mode = try? Files.status(of: path).mode, mode & 0o007 != 0 {
            throw unfit(
                "has the mode \(String(mode & 0o777, radix: 8)): everybody may have the key then; "
                    + "chmod 640 or 600")
        }
        guard let key = try? NIOSSLPrivateKey(bytes: bytes, format: .pem) else {
            throw unfit("holds no private key in PEM, or one with a passphrase")
        }
        return key
    }

    /// Nil if the file can be opened by this process.
    static func absence(_ path: String) -> FileFault? {
        do throws(SystemError) {
            guard try Files.status(of: path).isRegular else { return nil }
            _ = try Files.openRead(path)
            return nil
        } catch {
            return fault(error)
        }
    }

    private static func read(_ path: String) throws(FileFault) -> [UInt8] {
        do throws(SystemError) {
            // A FIFO would hold whoever opens it.
            if try Files.status(of: path).isRegular {
                return try Files.read(path, maxBytes: bytesMax)
            }
        } catch {
            throw fault(error)
        }
        throw unfit("is not a regular file")
    }

    private static func fault(_ error: SystemError) -> FileFault {
        switch error.name {
        case "ENOENT", "ENOTDIR": FileFault(kind: .missing, message: "is not there")
        case "EACCES", "EPERM":
            FileFault(
                kind: .unreadable,
                message: "may not be read by this user (uid \(Accounts.ownUserID))")
        case "EFBIG": unfit("has more than \(bytesMax) bytes")
        default: unfit("cannot be read: \(error.name)")
        }
    }

    private static func unfit(_ message: String) -> FileFault {
        FileFault(kind: .unfit, message: message)
    }
}
