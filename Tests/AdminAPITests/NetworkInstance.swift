// An admin API by TLS, and clients of it that are none of ours: openssl and curl.

import Foundation
import Logging
import Model
import Synchronization
import TestKit

@testable import AdminAPI

final class NetworkInstance: Sendable {
    /// Of all instances; made once, since keys take their time.
    static let files = Result { try TLSFiles() }

    let files: TLSFiles
    let directory: TemporaryDirectory
    let master = ScriptedMaster()
    let log = CapturedLog()
    /// Who holds which secret.
    let secrets: [AccessRole: String]
    private let server: AdminServer

    /// - Parameter lines: further lines of the token file; nil: there are no tokens.
    init(
        tokens lines: [String]? = [], clientCA: String? = nil, roles: [RoleGrant]? = nil,
        hosts: [String] = ["proxy.example"], change: (inout AdminServerOptions) -> Void = { _ in }
    ) async throws {
        files = try Self.files.get()
        directory = try TemporaryDirectory()
        var text: [String] = []
        var secrets: [AccessRole: String] = [:]
        for role in AccessRole.allCases {
            let secret = TokenSecret()
            secrets[role] = secret.text
            text.append(
                AccessToken(name: "the-\(role.rawValue)", role: role, sha256: secret.sha256).line)
        }
        self.secrets = secrets
        if let lines { try Self.write(text + lines, directory) }
        var options = AdminServerOptions(
            socketPath: directory.path("admin.sock"), roles: roles, version: "1.4.0")
        options.tcp = AdminTCPListener(
            listen: [
                .init(host: .ipv4(0x7F00_0001), port: 0),
                .init(host: .ipv6(high: 0, low: 1), port: 0),
            ],
            tls: AdminTLS(
                chain: files.certificate("server"), key: files.key("server"),
                clientCA: clientCA.map(files.certificate)),
            tokens: lines == nil ? nil : directory.path("tokens"), hosts: hosts)
        change(&options)
        server = try await AdminServer.start(master, options: options, logger: log.logger)
    }

    /// Replaces the token file.
    static func write(_ lines: [String], _ directory: TemporaryDirectory) throws {
        let path = try directory.write("tokens", lines.map { $0 + "\n" }.joined())
        _ = try CommandResult.run("/bin/chmod", ["600", path])
    }

    func stop() async { await server.stop() }

    var port: Int { Int(server.network?.tcpAddresses.first?.port ?? 0) }
    var portIPv6: Int { Int(server.network?.tcpAddresses.last?.port ?? 0) }
    var metricsPort: Int { Int(server.network?.metricsAddresses.first?.port ?? 0) }

    struct Answer: Sendable, CustomStringConvertible {
        var status: Int
        var text: String
        var description: String { "\(status) \(text)" }

        var code: String? { json["code"].text }
        var json: TestKit.JSONValue {
            guard let range = text.range(of: "\r\n\r\n") else { return .missing }
            return (try? JSONValue(parsing: Array(text[range.upperBound...].utf8))) ?? .missing
        }

        init(_ text: String) {
            self.text = text
            status = Int(text.dropFirst(9).prefix(3)) ?? 0
        }

        func field(_ name: String) -> String? {
            text.split(separator: "\r\n").first {
                $0.lowercased().hasPrefix(name.lowercased() + ":")
            }
            .map { String($0.drop { $0 != ":" }.dropFirst(2)) }
        }
    }

    /// A request of curl's, with the answer as it came; the arguments say the rest.
    func curl(
        _ target: String, role: AccessRole? = nil, token: String? = nil, port: Int? = nil,
        _ arguments: [String] = []
    ) async throws -> Answer {
        var all = [
            "-sS", "-i", "--http1.1", "--max-time", "10", "--cacert", files.certificate("ca"),
        ]
        if let secret = token ?? role.flatMap({ secrets[$0] }) {
            all += ["-H", "Authorization: Bearer \(secret)"]
        }
        all += arguments + ["https://127.0.0.1:\(port ?? self.port)\(target)"]
        let arguments = all
        return try await AdminInstance.blocking {
            let result = try CommandResult.run("/usr/bin/curl", arguments)
            return Answer(result.output.isEmpty ? "curl: \(result.errorOutput)" : result.output)
        }
    }

    func post(_ target: String, role: AccessRole) async throws -> Answer {
        try await curl(
            target, role: role, ["-X", "POST", "-H", "Content-Type: application/json", "-d", "{}"])
    }

    /// Bytes as they are, by openssl; what came back until the end, or for eight seconds.
    func raw(_ bytes: String, _ arguments: [String] = []) async throws -> String {
        let input = try TemporaryDirectory()
        try input.write("request", bytes)
        let script =
            "timeout 8 openssl s_client -quiet -connect 127.0.0.1:\(port) -CAfile \(files.certificate("ca")) "
            + arguments.joined(separator: " ") + " < \(input.path("request"))"
        return try await AdminInstance.blocking {
            withExtendedLifetime(input) {
                (try? CommandResult.run("/bin/sh", ["-c", script]))?.output ?? ""
            }
        }
    }
}

/// A log that a test reads.
final class CapturedLog: Sendable {
    private let lines = Mutex<[String]>([])

    var text: String { lines.withLock { $0.joined(separator: "\n") } }

    var logger: Logger {
        Logger(label: "test") { _ in Handler(log: self) }
    }

    fileprivate func append(_ line: String) { lines.withLock { $0.append(line) } }

    private struct Handler: LogHandler {
        let log: CapturedLog
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            log.append("\(event.level) \(event.message) \(event.metadata ?? [:])")
        }
    }
}
