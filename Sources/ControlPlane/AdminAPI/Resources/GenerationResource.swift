// /v1/generations: the workers' generations, newest first, exited ones included as long as the
// master keeps them.

import JSON
import Master
import Supervisor

struct GenerationResource: Sendable {
    let port: any ControlPort

    var routes: [Route] {
        [
            Route(
                method: .get, path: "/v1/generations", summary: "All generations, newest first",
                query: ["phase", "status", "sigterm_sent"] + Page.parameters + LongPoll.parameters,
                answer: list),
            Route(
                method: .get, path: "/v1/generations/current", summary: "The generation that serves"
            ) { _ in
                let snapshot = port.snapshot()
                guard let serving = snapshot.generations.first(where: { $0.phase == .serving })
                else { throw Problem(.notReady, "no generation serves") }
                return try .resource(serving.json(in: snapshot))
            },
            Route(
                method: .get, path: "/v1/generations/{n}", summary: "One generation"
            ) { request in
                let snapshot = port.snapshot()
                return try .resource(Self.find(request, in: snapshot).json(in: snapshot))
            },
            Route(
                method: .post, path: "/v1/generations/{n}/terminate",
                summary: "SIGTERM now to a generation that does not serve", answer: terminate),
        ]
    }

    private func list(_ request: RouteRequest) async throws -> Answer {
        let snapshot = try await LongPoll(port: port) { $0.collections.generations }
            .snapshot(request)
        var generations = snapshot.generations
        if let phase = try request.query.choice("phase", as: GenerationRecord.Phase.self) {
            generations = generations.filter { $0.phase == phase }
        }
        if let status = try request.query.choice("status", as: StatusFilter.self) {
            generations = generations.filter { $0.status.rawValue == status.rawValue }
        }
        if let sigtermSent = try request.query.flag("sigterm_sent") {
            generations = generations.filter { $0.sigtermSent == sigtermSent }
        }
        let page = try Page.json(
            of: generations, sequence: snapshot.collections.generations, query: request.query,
            key: { String($0.generation) },
            item: { $0.json(in: snapshot) })
        return try .resource(page)
    }

    private func terminate(_ request: RouteRequest) async throws -> Answer {
        var body = try RequestObject(request.body)
        body.allow([])
        try body.finish()
        let before = port.snapshot()
        let record = try Self.find(request, in: before)
        switch record.phase {
        case .serving:
            throw Problem(
                .generationServing,
                "generation \(record.generation) serves; reload, or stop the master, instead")
        case .exited:
            throw Problem(.generationExited, "generation \(record.generation) has exited")
        case .starting, .leaving:
            break
        }
        await port.terminate(generation: record.generation)
        // The answer shows `sigterm_sent` if the master was quick, which it is unless it is stuck.
        let after =
            record.sigtermSent
            ? before : await port.waitForChange(after: before.sequence, until: .milliseconds(200))
        return try .resource(Self.find(request, in: after).json(in: after), status: 202)
    }

    static func find(
        _ request: RouteRequest, in snapshot: MasterSnapshot
    ) throws(Problem) -> GenerationRecord {
        let text = request.parameters["n"] ?? ""
        guard let number = Int(text), String(number) == text,
            let record = snapshot.generations.first(where: { $0.generation == number })
        else {
            let shown = text.utf8.count <= 20 ? text : "of that number"
            throw Problem(.notFound, "no generation \(shown); exited ones are kept for a while")
        }
        return record
    }

    private enum StatusFilter: String, CaseIterable { case initializing = "INIT", ready = "READY" }
}
