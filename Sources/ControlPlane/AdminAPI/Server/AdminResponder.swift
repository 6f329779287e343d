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
    let bodyPlaces = LargeBodyPlaces()

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
            trace.principal = await gate.peer(of: channel)
            try gate.checkIsNoPage(request.head, on: channel)
            answer = try await self.answer(
                request, writer, query: target.count > 1 ? String(target[1]) : nil, channel, &trace)
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
        if answer.status >= 400, RequestBody.isAnnounced(by: request) {
            answer.closesConnection = true
        }
        tally.count(route: trace.routeName, status: answer.status)
        if gate.isWorthALine(trace) { await auditor.note(trace, answer) }
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
        _ request: Request, _ writer: borrowing ResponseWriter, query: String?,
        _ channel: any Channel, _ trace: inout RequestTrace
    ) async throws -> Answer {
        let (method, path) = (trace.method, trace.path)
        let found = Result { () throws(Problem) in try table.match(method: method, path: path) }
        trace.route = (try? found.get())?.route
        // What there is and what there is not is told to those who may read.
        let needed = trace.route.map(\.role) ?? .read
        if needed != nil {
            trace.principal = try await gate.principal(
                trace.principal, of: request.head, on: channel)
        }
        let role = gate.role(of: trace.principal)
        trace.role = role
        if let needed {
            try AccessGate.check(role, of: trace.principal.name, isAtLeast: needed)
            try AccessGate.check(trace.principal, at: path)
        }
        let match = try found.get()
        if match.route.changesState { trace.revisionBefore = auditor.revision }
        let query = try Query(query, known: match.route.query)
        let expected = RequestBody(of: match.route, places: bodyPlaces)
        let mediaType = try expected.mediaType(of: request)
        let body = try await expected.collect(request, writer)
        defer { body.giveUpPlace() }
        if match.route.changesState {
            trace.bodySHA256 = ConfigurationText(bytes: body.bytes).sha256
        }
        return try await match.route.answer(
            RouteRequest(
                parameters: match.parameters, query: query,
                preference: request.headers[.prefer], accept: request.headers[.accept],
                idempotencyKey: request.headers[.idempotencyKey], requestID: trace.requestID,
                lastEventID: request.headers[.lastEventID],
                ifNoneMatch: request.headers[.ifNoneMatch], mediaType: mediaType,
                body: match.route.method.hasBody ? body.bytes : [],
                principal: trace.principal.name, role: role))
    }
}

extension Answer {
    /// The head of the response, complete.
    func head(requestID: String) -> HTTPResponse {
        var head = HTTPResponse(status: .init(code: status))
        for field in fields {
            if let name = HTTPField.Name(field.name) { head.headerFields[name] = field.value }
        }
        // The length of what was not sent would be that of the resource (RFC 9110 §15.4.5).
        if stream == nil, status != 304 { head.headerFields[.contentLength] = String(body.count) }
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
