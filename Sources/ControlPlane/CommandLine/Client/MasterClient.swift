// The admin API for commands: requests, and what their failures mean for the exit code.

import Glibc
import JSON
import NIOHTTP1

/// An answer with its JSON, as it came and as a value.
struct MasterAnswer: Sendable {
    var status: Int
    var body: [UInt8]
    var value: JSONValue

    var isSuccess: Bool { (200..<300).contains(status) }
}

struct MasterClient: Sendable {
    let socketPath: String

    /// Besides what the master itself was asked to wait.
    static let margin = Duration.seconds(10)

    func get(
        _ target: String, waiting: Duration = .zero
    ) throws(CommandFailure) -> MasterAnswer {
        try exchange(.GET, target, body: nil, waiting: waiting)
    }

    func post(
        _ target: String, body: JSONValue = [:], fields: [(String, String)] = [],
        waiting: Duration = .zero
    ) throws(CommandFailure) -> MasterAnswer {
        try exchange(.POST, target, fields: fields, body: body, waiting: waiting)
    }

    func delete(_ target: String) throws(CommandFailure) -> MasterAnswer {
        try exchange(.DELETE, target, body: [:], waiting: .zero)
    }

    /// A request as somebody wrote it; the answer may be anything.
    func raw(
        _ method: HTTPMethod, _ target: RequestTarget, fields: [(String, String)], body: [UInt8]?,
        waiting: Duration
    ) throws(CommandFailure) -> UnixHTTPClient.Response {
        do throws(UnixHTTPClient.Failure) {
            return try UnixHTTPClient(path: socketPath).exchange(
                method, target.text, fields: fields, body: body, within: waiting + Self.margin)
        } catch {
            throw Self.failure(error, path: socketPath, waiting: waiting)
        }
    }

    /// Reads NDJSON until the master ends it; nil then, else the answer that is no success.
    func stream(
        _ target: RequestTarget, fields: [(String, String)] = [],
        line: @escaping @Sendable ([UInt8]) -> Void
    ) throws(CommandFailure) -> MasterAnswer? {
        let response: UnixHTTPClient.Response
        do throws(UnixHTTPClient.Failure) {
            response = try UnixLineStream(path: socketPath).read(
                target.text, fields: [("Accept", "application/x-ndjson")] + fields, line: line)
        } catch {
            throw Self.failure(error, path: socketPath, waiting: .zero)
        }
        return response.status == 200 ? nil : try answer(response)
    }

    private func exchange(
        _ method: HTTPMethod, _ target: String, fields: [(String, String)] = [],
        body: JSONValue?, waiting: Duration
    ) throws(CommandFailure) -> MasterAnswer {
        let bytes: [UInt8]?
        do {
            bytes = try body.map { try JSONText.write($0) }
        } catch {
            throw CommandFailure(.usage, "the request cannot be written: \(error)")
        }
        return try answer(
            raw(
                method, RequestTarget(stringLiteral: target),
                fields: fields + (bytes == nil ? [] : [("Content-Type", "application/json")]),
                body: bytes,
                waiting: waiting))
    }

    func answer(
        _ response: UnixHTTPClient.Response
    ) throws(CommandFailure) -> MasterAnswer {
        guard let value = try? JSONText.parse(response.body) else {
            throw CommandFailure(.other, "\(socketPath) does not answer with JSON; is it Apus?")
        }
        return MasterAnswer(status: response.status, body: response.body, value: value)
    }

    private static func failure(
        _ failure: UnixHTTPClient.Failure, path: String, waiting: Duration
    ) -> CommandFailure {
        switch failure {
        case .connect(EACCES), .connect(EPERM):
            CommandFailure(
                .notAllowed,
                "no right to use \(path); become its owner, or a member of its group")
        case .connect(ENOENT):
            unreachable("no master: \(path) does not exist")
        case .connect(ECONNREFUSED):
            unreachable("no master answers on \(path)")
        case .connect(EAGAIN):
            unreachable("too many clients wait for the master on \(path)")
        case .connect(let code):
            unreachable("cannot connect to \(path) (errno \(code))")
        case .deadline where waiting > .zero:
            CommandFailure(.waitExpired, "the master did not answer in time")
        case .deadline:
            unreachable("the master does not answer on \(path)")
        case .answerTooLarge:
            CommandFailure(.other, "the answer is too large")
        case .broken(let text):
            unreachable("the connection to the master broke: \(text)")
        }
    }

    private static func unreachable(_ what: String) -> CommandFailure {
        CommandFailure(
            .unreachable,
            what + "; start one with `apus run`, or name its socket with --socket or APUS_SOCKET")
    }
}
