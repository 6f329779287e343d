// Opens the files that a configuration names for the admin API and says what is wrong with them, as
// a master would that starts with it. Any thread; blocks for the time of the disk, and reads only.

public import Clock
public import ConfigurationLanguage
import NIOSSL

/// What a look into the files of `admin` has found.
public struct AdminFileFinding: Sendable, Equatable {
    /// How bad it is depends on who looks.
    public enum Kind: Sendable {
        /// It is not there, or this process may not read it.
        case absent
        /// A master does not start with it.
        case unfit
        /// A certificate that is not valid now: a master starts with it, clients do not take it.
        case invalidNow
        /// A certificate that is over soon.
        case expiring
    }

    public var kind: Kind
    private var file: AdminFile
    private var code: ConfigurationProblem.Code
    private var message: String

    fileprivate init(
        _ kind: Kind, _ file: AdminFile, _ code: ConfigurationProblem.Code, _ message: String
    ) {
        self.kind = kind
        self.file = file
        self.code = code
        self.message = message
    }

    /// Whether a master starts all the same.
    public var keepsFromStart: Bool {
        switch kind {
        case .absent, .unfit: true
        case .invalidNow, .expiring: false
        }
    }

    /// At the place that names the file.
    public func problem(_ severity: ConfigurationProblem.Severity) -> ConfigurationProblem {
        file.problem(code, severity: severity, message)
    }
}

/// Looks into the files of `admin`.
public enum AdminFileCheck {
    /// Lines of a token file that are told of.
    private static let tokenProblemCountMax = 20

    /// In the order of the files.
    public static func findings(
        in files: [AdminFile], at now: WallTime = .now()
    ) -> [AdminFileFinding] {
        var findings: [AdminFileFinding] = []
        // What belongs together, by listener.
        var chains: [String: (file: AdminFile, certificates: [NIOSSLCertificate])] = [:]
        for file in files {
            do throws(FileFault) {
                switch file.purpose {
                case .chain:
                    let chain = try PEMFiles.certificates(file.path)
                    chains[file.listener] = (file, chain)
                    findings += life(file, CertificateLife(chain), now)
                case .key:
                    let key = try PEMFiles.key(file.path)
                    if let chain = chains[file.listener],
                        ServerTLS.context(chain.certificates, key) == nil
                    {
                        findings.append(
                            AdminFileFinding(
                                .unfit, file, .certificateInvalid,
                                "\(ServerTLS.keyMismatch) \(chain.file.pointer)"))
                    }
                case .clientCA:
                    let authorities = try PEMFiles.certificates(file.path)
                    // One that is over may stand beside its successor.
                    if let last = authorities.max(by: { $0.notValidAfter < $1.notValidAfter }) {
                        findings += life(file, CertificateLife([last]), now)
                    }
                case .tokens: findings += try tokens(file)
                }
            } catch {
                findings.append(finding(error, file))
            }
        }
        return findings
    }

    private static func finding(_ fault: FileFault, _ file: AdminFile) -> AdminFileFinding {
        switch fault.kind {
        case .missing: AdminFileFinding(.absent, file, .fileMissing, fault.message)
        case .unreadable: AdminFileFinding(.absent, file, .unreadableFile, fault.message)
        case .unfit:
            AdminFileFinding(
                .unfit, file, file.purpose == .tokens ? .tokensInvalid : .certificateInvalid,
                fault.message)
        }
    }

    private static func life(
        _ file: AdminFile, _ life: CertificateLife, _ now: WallTime
    ) -> [AdminFileFinding] {
        func finding(_ kind: AdminFileFinding.Kind, _ message: String) -> [AdminFileFinding] {
            [AdminFileFinding(kind, file, .certificateExpiring, message)]
        }
        if now < life.notBefore {
            return finding(.invalidNow, "is not valid before \(life.notBefore.rfc3339)")
        }
        switch life.notice(at: now) {
        case nil: return []
        case 0: return finding(.invalidNow, "has expired at \(life.notAfter.rfc3339)")
        case .some: return finding(.expiring, "expires at \(life.notAfter.rfc3339)")
        }
    }

    private static func tokens(_ file: AdminFile) throws(FileFault) -> [AdminFileFinding] {
        if let absence = PEMFiles.absence(file.path) { throw absence }
        return TokenFile.read(file.path).problems.prefix(tokenProblemCountMax).map { problem in
            let place = problem.line.map { "has a fault in line \($0): " } ?? "is of no use: "
            return AdminFileFinding(.unfit, file, .tokensInvalid, place + problem.message)
        }
    }
}
