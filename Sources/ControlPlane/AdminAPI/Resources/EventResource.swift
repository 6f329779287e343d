// /v1/events: what happens, as it happens, without polling.

import Master

struct EventResource: Sendable {
    let port: any ControlPort
    let places: WatcherPlaces

    var routes: [Route] {
        [
            Route(
                method: .get, path: "/v1/events", summary: "What happens, as a stream",
                query: ["type", "follow"], answer: watch)
        ]
    }

    private func watch(_ request: RouteRequest) throws -> Answer {
        let filter = try EventFilter(request.query.text("type"))
        let follows = try request.query.flag("follow") ?? true
        let last = port.lastEvent
        // Who does not follow and has seen nothing wants all that is kept.
        let position = try Self.position(request.lastEventID) ?? (follows ? last : 0)
        guard let place = places.take() else {
            throw Problem(
                .tooManyWatchers, "\(WatcherPlaces.countMax) clients watch events already")
        }
        places.ring(for: port)
        let format = EventFormat(accept: request.accept)
        return Answer(
            status: 200,
            fields: [
                .init(name: "Content-Type", value: format.contentType),
                .init(name: "Cache-Control", value: "no-store"),
            ],
            body: [], closesConnection: true,
            stream: EventWatcher(
                port: port, after: position, upTo: follows ? nil : last, filter: filter,
                format: format, place: place))
    }

    private static func position(_ text: String?) throws(Problem) -> UInt64? {
        guard let text else { return nil }
        // What every JSON reader can hold (RFC 8259 §6).
        guard let position = UInt64(text), position < 1 << 53 else {
            throw Problem(.invalidParameter, "Last-Event-ID is the id of an event, a number")
        }
        return position
    }
}
