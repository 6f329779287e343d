// What checks and failed exchanges say of each server that some generation has, as metrics.
// Totals belong to the name and go on over reloads and crashes.

import Master
import SharedState

enum ServerMetrics {
    private static let labels = ["backend", "server"]

    private static let up = MetricCatalogue.gauge(
        "apus_server_up",
        "1 if the server takes traffic, by its checks and its exchanges; 0 if not.", labels)
    private static let weight = MetricCatalogue.gauge(
        "apus_server_weight", "The weight that the server has now; 0 takes no new exchange.",
        labels)
    private static let checks = MetricCatalogue.counter(
        "apus_server_checks_total", "Health checks that ended, by how.", labels + ["result"])
    private static let seconds = MetricCatalogue.counter(
        "apus_server_check_seconds_total", "How long all health checks took together.", labels)
    private static let downs = MetricCatalogue.counter(
        "apus_server_downs_total", "How often health checks have taken the server down.", labels)
    private static let ejections = MetricCatalogue.counter(
        "apus_server_ejections_total",
        "How often failed exchanges have taken the server out for a while.", labels)

    private static let lookups = MetricCatalogue.counter(
        "apus_server_lookups_total",
        "Answers to the question where the server's name leads, by their use.",
        labels + ["result"])
    private static let place = MetricCatalogue.gauge(
        "apus_server_address_info",
        "Always 1: where the server is now, empty if nobody knows, and as it is configured.",
        labels + ["address", "configured"])

    static let all = [place, lookups, up, weight, checks, seconds, downs, ejections]

    static func write(_ views: [ServerView], to out: inout PrometheusText) {
        let servers = views.map { (labels: [$0.backend, $0.name], view: $0) }
        let checked = servers.filter { $0.view.check != nil }
        out.write(
            place,
            servers.map { ($0.labels + [$0.view.address ?? "", $0.view.configuredAddress], "1") })
        out.write(
            lookups,
            servers.flatMap { labels, view in
                (view.resolution.map { [$0] } ?? []).flatMap { name in
                    [
                        (labels + ["good"], "\(name.goodCount)"),
                        (labels + ["failed"], "\(name.failureCount)"),
                    ]
                }
            })
        out.write(up, servers.map { ($0.labels, $0.view.isUp ? "1" : "0") })
        out.write(weight, servers.map { ($0.labels, "\($0.view.effectiveWeight)") })
        out.write(
            checks,
            checked.flatMap { labels, view in
                [
                    (labels + ["passed"], "\(view.counts.checksPassed)"),
                    (labels + ["failed"], "\(view.counts.checksFailed)"),
                ]
            })
        out.write(
            seconds,
            checked.map { labels, view in
                (labels, PrometheusText.decimal(view.counts.checkMicroseconds, digits: 6))
            })
        out.write(downs, checked.map { ($0.labels, "\($0.view.counts.timesDown)") })
        out.write(ejections, servers.map { ($0.labels, "\($0.view.counts.ejections)") })
    }
}
