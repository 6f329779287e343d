// The status page: what a master and its workers do at one moment, for people with a browser. A
// value of what the other routes show as JSON; its size is bounded whatever the configuration is,
// and where it leaves something out it says where all of that is. Pure, any thread.

import Clock
import Master
import Supervisor

struct StatusPage: Sendable {
    /// How many rows there may be.
    enum Limit {
        static let attention = 50
        static let generations = 50
        static let exitedGenerations = 5
        static let workers = 100
        static let frontends = 200
        static let backends = 200
        /// Of all backends together.
        static let servers = 1_000
        /// Of one frontend.
        static let addresses = 3
    }

    /// Not each second: to make a page of thousands of servers holds up who changes one.
    static let refreshSeconds = 5...3_600

    var snapshot: MasterSnapshot
    /// Of the generation that serves, and so on.
    var frontends: [FrontendView] = []
    /// Nil: no generation serves.
    var backends: [BackendView]?
    var traffic: [TrafficName: NamedTraffic] = [:]
    /// The one backend that is wanted, and in `backends`; nil: all.
    var selected: String?
    /// After how many seconds the browser asks again; nil: never.
    var refresh: Int?

    var now: WallTime { snapshot.takenAt.wall }

    /// The whole document, UTF-8.
    var document: [UInt8] {
        var html = HTMLWriter()
        html.element(.html, .english) { html in
            html.element(.head) { writeHead(to: &$0) }
            html.element(.body) { html in
                html.element(.header) { writeHeader(to: &$0) }
                html.element(.main) { html in
                    section("Attention", "attention", [attention, conditions], &html)
                    section("Master", "master", [master], &html)
                    section("Generations", "generations", [generations, workers], &html)
                    section("Frontends", "frontends", [frontendTable], &html)
                    section("Backends", "backends", backendTables, &html)
                    if let rest = backendRest { html.write(rest) }
                    section("Totals", "totals", [totals], &html)
                }
            }
        }
        return html.bytes + [UInt8(ascii: "\n")]
    }

    private func writeHead(to html: inout HTMLWriter) {
        html.meta(.charset)
        html.meta(.viewport, .content("width=device-width"))
        if let refresh { html.meta(.refresh, .content("\(refresh)")) }
        html.element(.title, text: "Apus: \(headline)")
        html.style(StatusPageStyle.sheet)
    }

    private func writeHeader(to html: inout HTMLWriter) {
        html.element(.heading, text: "Apus")
        html.element(.paragraph) { html in
            html.text("\(headline), at ")
            html.element(.time, .moment(now), text: now.rfc3339)
        }
        html.element(.nav, .label("Sections")) { html in
            html.element(.list) { html in
                let sections: [(String, HTMLLink)] = [
                    ("Attention", HTMLLink("#attention")), ("Master", HTMLLink("#master")),
                    ("Generations", HTMLLink("#generations")),
                    ("Frontends", HTMLLink("#frontends")), ("Backends", HTMLLink("#backends")),
                    ("Totals", HTMLLink("#totals")),
                ]
                for (name, link) in sections { Self.item(name, link, &html) }
            }
        }
        html.element(.nav, .label("Views")) { html in
            html.element(.list) { html in
                if selected != nil { Self.item("All backends", link(backend: nil), &html) }
                for seconds in [nil, 5, 30] where seconds != refresh {
                    Self.item(
                        seconds.map { "Refresh every \($0) s" } ?? "Do not refresh",
                        Self.link(backend: selected, refresh: seconds), &html)
                }
            }
        }
    }

    /// In one sentence, as the title of a browser's tab has it.
    var headline: String {
        guard let serving = snapshot.serving, let backends else { return "no generation serves" }
        let servers = backends.reduce(0) { $0 + $1.servers.count }
        let out = backends.reduce(0) { sum, backend in
            sum + backend.servers.count { !$0.takesTraffic }
        }
        let place = selected.map { "backend \($0)" } ?? "generation \(serving) serves"
        return "\(place), \(out) of \(servers) servers take no traffic"
    }

    /// The page of one backend, or of all, which goes on refreshing as this one does.
    func link(backend: String?) -> HTMLLink { Self.link(backend: backend, refresh: refresh) }

    private static func link(backend: String?, refresh: Int?) -> HTMLLink {
        let page = HTMLLink("/v1/page")
        let one = backend.map { page.adding("backend", $0) } ?? page
        return refresh.map { one.adding("refresh", "\($0)") } ?? one
    }

    private static func item(_ name: String, _ link: HTMLLink, _ html: inout HTMLWriter) {
        html.element(.item) { $0.element(.link, .target(link), text: name) }
    }

    private func section(
        _ title: String, _ anchor: StaticString, _ tables: [HTMLTable], _ html: inout HTMLWriter
    ) {
        html.element(.section, .anchor(anchor)) { html in
            html.element(.subheading, text: title)
            if tables.isEmpty { html.element(.paragraph, text: "None.") }
            for table in tables {
                if table.rows.isEmpty, table.total == nil {
                    html.element(.paragraph, text: "\(table.caption): none.")
                } else {
                    html.write(table)
                }
            }
        }
    }
}

extension HTMLTable.Cell {
    /// The age of a moment, with the moment itself for who asks.
    static func age(of time: WallTime?, at now: WallTime, _ words: String = "") -> Self {
        time.map { Self(PageText.age(now - $0) + words, moment: $0) } ?? .nothing
    }
}
