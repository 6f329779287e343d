// POST /v1/sessions/kill and the same of one server: sessions that end before their time. Answered
// when their connections to servers are closed and the clients told, with exact counts.

import JSON
import Master
import Model
import Supervisor

struct SessionResource: Sendable {
    /// More than a process can have.
    static let countMax = 10_000_000
    private static let filters = ["generation", "backend", "server", "client", "min_age"]
    let port: any ControlPort

    var routes: [Route] {
        [
            Route(
                method: .post, path: "/v1/sessions/kill", summary: "End the sessions that fit",
                answer: kill),
            Route(
                method: .post, path: "/v1/backends/{backend}/servers/{server}/sessions/kill",
                summary: "End the sessions of a server", answer: killOfServer),
        ]
    }

    private func kill(_ request: RouteRequest) async throws -> Answer {
        var body = try RequestObject(request.body)
        body.allow(Self.filters + ["max"])
        var wish = SessionWish(max: body.integer("max", in: 1...Self.countMax) ?? 0)
        wish.generation = body.integer("generation", in: 1...Int(Int32.max))
        wish.backend = body.text("backend", countMax: 200)
        wish.server = body.text("server", countMax: 200)
        wish.client = clients(&body)
        wish.minAge = body.duration("min_age") ?? .zero
        if !body.isThere("max") { body.require("max", "how many may be ended at most") }
        if !Self.filters.contains(where: body.isThere) {
            body.require("backend", "or another filter: \(Self.filters.joined(separator: ", "))")
        }
        if wish.server != nil, wish.backend == nil {
            body.require("backend", "the one that the server is of")
        }
        try body.finish()
        if let number = wish.generation,
            !port.snapshot().generations.contains(where: { $0.generation == number })
        {
            throw Problem(.notFound, "no generation \(number); exited ones are kept for a while")
        }
        return try await answer(wish)
    }

    private func killOfServer(_ request: RouteRequest) async throws -> Answer {
        var body = try RequestObject(request.body)
        body.allow(["client", "min_age", "max"])
        var wish = SessionWish(
            max: body.integer("max", in: 1...Self.countMax) ?? Self.countMax)
        wish.client = clients(&body)
        wish.minAge = body.duration("min_age") ?? .zero
        try body.finish()
        let server = try BackendResource(port: port).server(request)
        wish.backend = server.backend
        wish.server = server.name
        return try await answer(wish)
    }

    private func clients(_ body: inout RequestObject) -> String? {
        guard let text = body.text("client", countMax: 64) else { return nil }
        if AddressRange(text) == nil {
            body.refuse("client", "must be an address or a block, such as 10.0.0.0/8")
        }
        return text
    }

    private func answer(_ wish: SessionWish) async throws -> Answer {
        let count: SessionCount
        do {
            count = try await port.endSessions(wish)
        } catch MasterError.stopped {
            throw Problem(.shuttingDown, "the master stops")
        }
        return try .resource([
            "matched": .number(count.matched),
            "killed": .number(count.ended),
            "complete": .bool(count.silent.isEmpty),
            "silent_workers": .array(count.silent.map { .string("\($0)") }),
        ])
    }
}
