// /v1/page: the status page. A path of its own rather than a second form of /v1/stats: a token can
// be good for it alone, the parameters are known to nobody else, and what a script gets from the
// other routes does not hang on its Accept.

import Master

struct StatusPageResource: Sendable {
    let port: any ControlPort

    var routes: [Route] {
        [
            Route(
                method: .get, path: "/v1/page", summary: "The status page, for people",
                query: ["backend", "refresh"]
            ) { request in .page(try page(request).document, policy: StatusPageStyle.policy) }
        ]
    }

    /// Also where nothing serves: then more than ever.
    private func page(_ request: RouteRequest) throws(Problem) -> StatusPage {
        let refresh = try request.query.integer("refresh", in: StatusPage.refreshSeconds)
        let selected = request.query.text("backend")
        var backends = port.backends()
        if let selected, let all = backends {
            backends = all.filter { $0.name == selected }
            guard backends?.isEmpty == false else {
                throw BackendResource.unknown("backend", selected, among: all.map(\.name))
            }
        }
        let traffic = port.trafficTotals().map { ($0.name, $0) }
        return StatusPage(
            snapshot: port.snapshot(), frontends: port.frontends() ?? [], backends: backends,
            traffic: Dictionary(traffic) { first, _ in first }, selected: selected,
            refresh: refresh)
    }
}
