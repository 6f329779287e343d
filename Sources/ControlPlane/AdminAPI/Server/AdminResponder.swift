// One HTTP exchange of the admin API: who asks and whether that may be, checks that need no body,
// then the body within its bound, then the route. Runs on the server's threads; holds no state.

import ConfigurationLanguage
import HTTPTypes
import HummingbirdCore
import JSON
import Logging
import Model
import NIOCore
import NIOHTTP1

struct AdminResponder: Sendable {
    let table: RouteTable
    let gate: AccessGate
    let tally: AdminTally
    let auditor: Auditor
    let logger: Logger

    func respond(
        to request: Request, _ writer: consuming ResponseWriter, _ channel: any Channel
    ) async throws {
        let requestID = RequestID.accepted(request.headers[.requestID]) ?? RequestID.fresh()
        let target = (request.head.path ?? "/").split(
            separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        var trace = RequestTrace(
            requestID: requestID, method: request.method.rawValue,
            path: target.first.map(String.init) ?? "/")
        var answer: Answer
        do {
            trace.principal = await gate.principal(of: channel)
            try gate.browserGuard.check(request.head)
            try await permitBody(request, writer)
            answer = try await self.answer(
                request, query: target.count > 1 ? String(target[1]) : nil, &trace)
        } catch let problem as Problem {
            trace.problem = problem.code
            answer = .problem(problem, requestID: requestID)
        } catch let error as HTTPParserError {
            throw error
        } catch {
            logger.error(
                "admin request failed",
                metadata: ["request_id": "\(requestID)", "error": "\(String(reflecting: error))"])
            trace.problem = .internalError
            answer = .problem(
                Problem(.internalError, "see the master's log for this request_id"),
                requestID: requestID)
        }
        // A refused request's body is not worth reading to its end.
        if answer.status >= 400, Self.hasBody(request) { answer.closesConnection = true }
        tally.count(route: trace.routeName, status: answer.status)
        await auditor.note(trace, answer)
        try await send(answer, of: requestID, isHead: request.method == .head, writer, channel)
    }

    private func send(
        _ answer: Answer, of requestID: String, isHead: Bool, _ writer: consuming ResponseWriter,
        _ channel: any Channel
    ) async throws {
        let head = answer.head(requestID: requestID)
        if isHead {
            try await writer.writeResponse(head)
        } else if let stream = answer.stream {
            let body = StreamedBody(stream: stream, channel: channel)
            try await writer.write(
                response: head, body: ResponseBody { try await body.send(&$0) })
        } else {
            try await writer.write(
                response: head, body: ResponseBody(byteBuffer: ByteBuffer(bytes: answer.body)))
        }
    }

    /// Notes in the trace what it learns.
    private func answer(
        _ request: Request, query: String?, _ trace: inout RequestTrace
    ) async throws -> Answer {
        try Self.checkAnnouncedLength(request)
        let (method, path) = (trace.method, trace.path)
        let found = Result { () throws(Problem) in try table.match(method: method, path: path) }
        let role = gate.policy.role(of: trace.principal)
        trace.role = role
        trace.route = (try? found.get())?.route
        // What there is and what there is not is told to those who may read.
        if let needed = trace.route.map(\.role) ?? .read {
            try AccessGate.check(role, of: trace.principal, isAtLeast: needed)
        }
        let match = try found.get()
        if match.route.method.changesState { trace.revisionBefore = auditor.revision }
        let query = try Query(query, known: match.route.query)
        if match.route.method.changesState { try Self.checkMediaType(request) }
        let body = try await Self.collect(request)
        if match.route.method.changesState {
            trace.bodySHA256 = ConfigurationText(bytes: body).sha256
        }
        return try await match.route.answer(
            RouteRequest(
                parameters: match.parameters, query: query,
                preference: request.headers[.prefer], accept: request.headers[.accept],
                idempotencyKey: request.headers[.idempotencyKey], requestID: trace.requestID,
                lastEventID: request.headers[.lastEventID],
                body: match.route.method.changesState ? body : [],
                principal: trace.principal.name,
                role: role))
    }

    /// curl asks before it sends much (RFC 9110 §10.1.1); a body that will be refused is not
    /// asked for.
    private func permitBody(_ request: Request, _ writer: borrowing ResponseWriter) async throws {
        guard request.headers[.expect]?.lowercased() == "100-continue" else { return }
        try Self.checkAnnouncedLength(request)
        try await writer.writeInformationalHead(HTTPResponse(status: .continue))
    }

    private static func checkAnnouncedLength(_ request: Request) throws(Problem) {
        guard let text = request.headers[.contentLength] else { return }
        // More digits than an Int holds are too many, too.
        guard let count = Int(text), count <= AdminServer.bodyBytesMax else { throw tooLarge }
    }

    private static func checkMediaType(_ request: Request) throws(Problem) {
        let text = request.headers[.contentType] ?? ""
        let type = text.prefix { $0 != ";" }.filter { $0 != " " && $0 != "\t" }
        guard type.lowercased() == "application/json" else {
            throw Problem(
                .unsupportedMediaType,
                "send Content-Type: application/json, even with an empty body")
        }
    }

    private static func collect(_ request: Request) async throws -> [UInt8] {
        var collected = ByteBuffer()
        for try await buffer in request.body {
            guard collected.readableBytes + buffer.readableBytes <= AdminServer.bodyBytesMax else {
                throw tooLarge
            }
            collected.writeImmutableBuffer(buffer)
        }
        if let announced = request.headers[.contentLength],
            Int(announced) != collected.readableBytes
        {
            throw HTTPParserError.invalidEOFState
        }
        return collected.readBytes(length: collected.readableBytes) ?? []
    }

    private static var tooLarge: Problem {
        Problem(
            .contentTooLarge, "a body may have at most \(AdminServer.bodyBytesMax) bytes"
        ).closing()
    }

    private static func hasBody(_ request: Request) -> Bool {
        request.headers[.transferEncoding] != nil
            || (request.headers[.contentLength].map { $0 != "0" } ?? false)
    }
}

extension Answer {
    /// The head of the response, complete.
    func head(requestID: String) -> HTTPResponse {
        var head = HTTPResponse(status: .init(code: status))
        for field in fields {
            if let name = HTTPField.Name(field.name) { head.headerFields[name] = field.value }
        }
        if stream == nil { head.headerFields[.contentLength] = String(body.count) }
        head.headerFields[.requestID] = requestID
        if closesConnection { head.headerFields[.connection] = "close" }
        return head
    }
}

extension HTTPField.Name {
    fileprivate static let requestID = constant("X-Request-Id")
    fileprivate static let idempotencyKey = constant("Idempotency-Key")
    fileprivate static let prefer = constant("Prefer")
    fileprivate static let lastEventID = constant("Last-Event-ID")
}
