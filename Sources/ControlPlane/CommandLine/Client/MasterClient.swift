// The admin API for commands: requests, and what their failures mean for the exit code.

import Clock
import ConfigurationLanguage
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
    let address: MasterAddress

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

    func patch(
        _ target: String, body: JSONValue
    ) throws(CommandFailure) -> MasterAnswer {
        try exchange(.PATCH, target, body: body, waiting: .zero)
    }

    func delete(_ target: String) throws(CommandFailure) -> MasterAnswer {
        try exchange(.DELETE, target, body: [:], waiting: .zero)
    }

    /// A request as somebody wrote it; the answer may be anything.
    func raw(
        _ method: HTTPMethod, _ target: RequestTarget, fields: [(String, String)], body: [UInt8]?,
        waiting: Duration
    ) throws(CommandFailure) -> HTTPExchange.Response {
        do throws(HTTPExchange.Failure) {
            return try HTTPExchange(address: address).exchange(
                method, target.text, fields: fields, body: body, within: waiting + Self.margin)
        } catch {
            throw Self.failure(error, address, waiting: waiting)
        }
    }

    /// Reads NDJSON until the master ends it; nil then, else the answer that is no success.
    func stream(
        _ target: RequestTarget, fields: [(String, String)] = [],
        line: @escaping @Sendable ([UInt8]) -> Void
    ) throws(CommandFailure) -> MasterAnswer? {
        let response: HTTPExchange.Response
        do throws(HTTPExchange.Failure) {
            response = try LineStream(address: address).read(
                target.text, fields: [("Accept", "application/x-ndjson")] + fields, line: line)
        } catch {
            throw Self.failure(error, address, waiting: .zero)
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
        _ response: HTTPExchange.Response
    ) throws(CommandFailure) -> MasterAnswer {
        guard let value = try? JSONText.parse(response.body) else {
            throw CommandFailure(.other, "\(address.name) does not answer with JSON; is it Apus?")
        }
        return MasterAnswer(status: response.status, body: response.body, value: value)
    }

    private static func failure(
        _ failure: HTTPExchange.Failure, _ address: MasterAddress, waiting: Duration
    ) -> CommandFailure {
        let path = address.name
        let isLocal = if case .socket = address { true } else { false }
        switch failure {
        case .connect(EACCES) where isLocal, .connect(EPERM) where isLocal:
            return CommandFailure(
                .notAllowed,
                "no right to use \(path); become its owner, or a member of its group")
        case .connect(ENOENT):
            return unreachable("no master: \(path) does not exist")
        case .connect(ECONNREFUSED):
            return unreachable("no master answers on \(path)")
        case .connect(EAGAIN):
            return unreachable("too many clients wait for the master on \(path)")
        case .connect(let code):
            return unreachable("cannot connect to \(path) (errno \(code))")
        case .unresolved:
            return unreachable("cannot connect to \(path): no such host, or no answer in time")
        case .tls(let trouble):
            return trouble.failure(path)
        case .deadline where waiting > .zero:
            return CommandFailure(.waitExpired, "the master did not answer in time")
        case .deadline:
            return unreachable("the master does not answer on \(path)")
        case .answerTooLarge:
            return CommandFailure(.other, "the answer is too large")
        case .broken(let text):
            return unreachable("the connection to the master broke: \(text)")
        }
    }

    private static func unreachable(_ what: String) -> CommandFailure {
        CommandFailure(
            .unreachable,
            what + "; start one with `apus run`, or name its socket with --socket or APUS_SOCKET, "
                + "or its URL with --url or APUS_URL")
    }
}

extension TLSTrouble {
    /// A master that cannot be believed is none (7); one that does not believe us is (6).
    fileprivate func failure(_ url: String) -> CommandFailure {
        switch self {
        case .untrusted:
            CommandFailure(
                .unreachable,
                "\(url): no authority that is trusted here vouches for its certificate; name one with "
                    + "--ca-file or APUS_CA_FILE")
        case .expired(let end):
            CommandFailure(.unreachable, "\(url): its certificate expired at \(end.rfc3339)")
        case .notValidBefore(let begin):
            CommandFailure(
                .unreachable,
                "\(url): its certificate is not valid before \(begin.rfc3339); are the clocks right?"
            )
        case .wrongName:
            CommandFailure(
                .unreachable, "\(url): its certificate is for other names; use one of them")
        case .noTLS:
            CommandFailure(.unreachable, "\(url): whoever answers there does not speak TLS")
        case .clientRefused(let why):
            CommandFailure(
                .notAllowed,
                "\(url): the master ended the handshake: \(why); --client-certificate and "
                    + "--client-key name one")
        case .other(let text):
            CommandFailure(.unreachable, "\(url): TLS failed: \(TerminalText.clean(text))")
        }
    }
}
