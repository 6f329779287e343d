// An admin API on a socket of its own. Its clients block, so they run on threads of their own:
// the server needs the ones of the concurrent executor.

import Logging
import Model
import TestKit

@testable import AdminAPI

final class AdminInstance: Sendable {
    let directory: TemporaryDirectory
    let socketPath: String
    let master: ScriptedMaster
    private let server: AdminServer

    init(
        _ master: ScriptedMaster = ScriptedMaster(), mode: UInt32 = 0o660,
        roles: [RoleGrant]? = nil, stallMax: Duration = .seconds(10),
        change: (inout AdminServerOptions) -> Void = { _ in }
    ) async throws {
        directory = try TemporaryDirectory()
        socketPath = directory.path("admin.sock")
        self.master = master
        server = try await Self.start(
            master, socketPath, mode: mode, roles: roles, stallMax: stallMax, change: change)
    }

    static func start(
        _ master: ScriptedMaster, _ path: String, mode: UInt32 = 0o660,
        roles: [RoleGrant]? = nil, stallMax: Duration = .seconds(10),
        change: (inout AdminServerOptions) -> Void = { _ in }
    ) async throws -> AdminServer {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        var options = AdminServerOptions(
            socketPath: path, socketMode: mode, roles: roles, version: "1.4.0")
        options.stallMax = stallMax
        change(&options)
        return try await AdminServer.start(master, options: options, logger: logger)
    }

    func stop() async { await server.stop() }

    /// Runs a client's work off the executor.
    static func blocking<Value: Sendable>(
        _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        let threads = Threads()
        return try await withCheckedThrowingContinuation { continuation in
            threads.start {
                continuation.resume(with: Result { try body() })
            }
        }
    }

    func exchange(
        _ method: String, _ target: String, fields: [String] = [], body: String? = nil
    ) async throws -> HTTPResponse {
        let path = socketPath
        return try await Self.blocking {
            try HTTPClient(path: path).exchange(
                method, target, host: "localhost", fields: fields, body: body.map { Array($0.utf8) }
            )
        }
    }

    func get(_ target: String, fields: [String] = []) async throws -> HTTPResponse {
        try await exchange("GET", target, fields: fields)
    }

    func post(
        _ target: String, _ body: String? = "{}", fields: [String] = []
    ) async throws -> HTTPResponse {
        try await exchange(
            "POST", target, fields: ["Content-Type: application/json"] + fields, body: body)
    }

    func patch(
        _ target: String, _ body: String, type: String = "application/json"
    ) async throws -> HTTPResponse {
        try await exchange("PATCH", target, fields: ["Content-Type: \(type)"], body: body)
    }

    /// Sends bytes as they are and reads until the end of the connection.
    func raw(_ bytes: [UInt8], within seconds: Double = 5) async throws -> String {
        let path = socketPath
        return try await Self.blocking {
            let socket = try TestSocket.connect(path: path)
            // A refused request's rest may meet a closed connection; the answer counts.
            do {
                try socket.send(bytes, within: seconds)
            } catch let failure as SocketFailure where failure.isReset {
            }
            return String(decoding: try socket.receiveAll(within: seconds), as: UTF8.self)
        }
    }
}
