// Certificates for tests, made anew by openssl each time: an authority, a server of this machine,
// clients, and what is wrong with some of them.

/// PEM files in a folder of their own. Names of files are those of the certificates.
public final class TLSFiles: Sendable {
    public let directory: TemporaryDirectory

    /// With the authority `ca` and the server `server` for localhost, 127.0.0.1 and ::1.
    public init() throws {
        directory = try TemporaryDirectory()
        try authority("ca")
        try issue("server", by: "ca", subject: "/CN=apus test")
    }

    /// The certificate of that name; its chain.
    public func certificate(_ name: String) -> String { directory.path("\(name).pem") }
    public func key(_ name: String) -> String { directory.path("\(name).key") }

    /// Makes an authority that nobody vouches for.
    public func authority(_ name: String) throws {
        try run(
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 "
                + "-subj '/CN=\(name)' -keyout \(name).key -out \(name).pem")
    }

    /// Makes a certificate. Its days are counted from now; fewer than none are over.
    public func issue(
        _ name: String, by authority: String, subject: String, days: Int = 2,
        names: String = "DNS:localhost,IP:127.0.0.1,IP:::1"
    ) throws {
        try run(
            """
            openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
                -subj '\(subject)' -keyout \(name).key -out \(name).csr
            printf 'subjectAltName=\(names)\\n' > \(name).ext
            openssl x509 -req -in \(name).csr -CA \(authority).pem -CAkey \(authority).key \
                -CAcreateserial -days \(days) -extfile \(name).ext -out \(name).pem
            """)
    }

    private func run(_ script: String) throws {
        let result = try CommandResult.run(
            "/bin/sh", ["-ec", "umask 077; cd '\(directory.path)'\n\(script)"])
        guard result.code == 0 else { throw TLSFilesFailure(text: "\(result)") }
    }
}

struct TLSFilesFailure: Error {
    var text: String
}
