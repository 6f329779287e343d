// A route of the API: method, path, and what answers it. Pure values; `answer` runs on the
// server's threads.

import JSON
import Model

/// What a route is given.
struct RouteRequest: Sendable {
    var parameters: [String: String]
    var query: Query
    /// `Prefer` of the request, if any.
    var preference: String?
    /// `Accept`, if any.
    var accept: String?
    /// `Idempotency-Key`, if any.
    var idempotencyKey: String?
    /// Of the answer: `X-Request-Id`.
    var requestID = ""
    /// `Last-Event-ID`, if any.
    var lastEventID: String?
    /// `If-None-Match`, if any.
    var ifNoneMatch: String?
    /// Of the body, in lower case without parameters; empty where there is none.
    var mediaType = ""
    var body: [UInt8]
    /// Who asks: `uid:0`.
    var principal: String
    /// Nil only for routes that need none.
    var role: AccessRole?
}

struct Route: Sendable {
    enum Method: String, Sendable {
        case get = "GET", post = "POST", patch = "PATCH", delete = "DELETE"

        var hasBody: Bool { self != .get }
    }

    /// Who may use a route.
    enum Access: Sendable, Equatable {
        case anyone
        case atLeast(AccessRole)
    }

    var method: Method
    /// As in the OpenAPI document: `/v1/generations/{n}`.
    var path: String
    var summary: String
    /// Names of the query parameters.
    var query: [String] = []
    /// Where nothing is said: READ for what shows, OPERATE for what changes something.
    var access: Access?
    /// A POST because of its body, which changes nothing.
    var onlyAsks = false
    /// What a body may be.
    var mediaTypes = ["application/json"]
    /// A longer body is refused with 413.
    var bodyBytesMax = AdminServer.bodyBytesMax
    var answer: @Sendable (RouteRequest) async throws -> Answer

    /// Whether it is for changing something, which the audit then has a line of.
    var changesState: Bool { method.hasBody && !onlyAsks }

    /// The least role that may use it; nil for everybody.
    var role: AccessRole? {
        switch access {
        case .anyone: nil
        case .atLeast(let role): role
        case nil: changesState ? .operate : .read
        }
    }
}

/// All routes, and the one of a request.
struct RouteTable: Sendable {
    let routes: [Route]

    struct Match: Sendable {
        var route: Route
        var parameters: [String: String]
    }

    init(_ routes: [Route]) {
        self.routes = routes
    }

    /// HEAD is GET without the body. A path with a parameter never hides a literal one: the
    /// first match counts, and literal paths are registered before.
    func match(method: String, path: String) throws(Problem) -> Match {
        let found = routes.compactMap { route in
            Self.parameters(of: path, in: route.path).map { Match(route: route, parameters: $0) }
        }
        guard let first = found.first else { throw notFound(path) }
        let same = found.filter { $0.route.path == first.route.path }
        let wanted = method == "HEAD" ? "GET" : method
        if let match = same.first(where: { $0.route.method.rawValue == wanted }) { return match }
        var allowed = same.map(\.route.method.rawValue)
        if allowed.contains("GET") { allowed.append("HEAD") }
        let list = allowed.sorted().joined(separator: ", ")
        throw Problem(.methodNotAllowed, "\(first.route.path) knows \(list)")
            .adding(field: "Allow", list)
    }

    private func notFound(_ path: String) -> Problem {
        var paths: [String] = []
        for route in routes where !paths.contains(route.path) { paths.append(route.path) }
        let nearest = NearestName.of(path, in: paths).map { "; did you mean \($0)?" } ?? ""
        return Problem(.notFound, "no such resource\(nearest)")
            .adding("routes", .array(paths.map { .string($0) }))
    }

    /// Nil if `path` does not have the shape of `template`.
    private static func parameters(of path: String, in template: String) -> [String: String]? {
        let segments = path.split(separator: "/", omittingEmptySubsequences: false)
        let names = template.split(separator: "/", omittingEmptySubsequences: false)
        guard segments.count == names.count else { return nil }
        var parameters: [String: String] = [:]
        for (segment, name) in zip(segments, names) {
            if name.hasPrefix("{"), name.hasSuffix("}") {
                guard !segment.isEmpty else { return nil }
                parameters[String(name.dropFirst().dropLast())] = String(segment)
            } else if segment != name {
                return nil
            }
        }
        return parameters
    }
}
