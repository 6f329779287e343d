// What passed through each frontend, backend and server, as metrics. Totals of names that are in
// the configuration of some live generation; they go on over reloads and crashes.

import Master
import SharedState

enum TrafficMetrics {
    /// A metric and the counters that are its samples, with the class of each if it has one.
    private struct Total: Sendable {
        var family: MetricFamily
        var samples: [(counter: TrafficCounter, label: String?)]
    }

    static let all =
        (frontendTotals + backendTotals + serverTotals).map(\.family)
        + [
            queueLength, queueSeconds, permitsInUse, clientConnections, openConnections, duration,
        ]

    static func write(_ traffic: [NamedTraffic], to out: inout PrometheusText) {
        var frontends: [([String], TrafficTotals)] = []
        var backends: [([String], TrafficTotals)] = []
        var servers: [([String], TrafficTotals)] = []
        for named in traffic {
            switch named.name {
            case .frontend(let name): frontends.append(([name], named.totals))
            case .backend(let name): backends.append(([name], named.totals))
            case .server(let backend, let name): servers.append(([backend, name], named.totals))
            case .bind: break
            }
        }
        write(frontendTotals, of: frontends, to: &out)
        write(backendTotals, of: backends, to: &out)
        write(serverTotals, of: servers, to: &out)
        writeQueues(traffic, to: &out)
        writeConnections(of: traffic, to: &out)
        out.write(
            duration,
            durations: frontends.sorted { $0.0[0] < $1.0[0] }.map { (labels: $0.0, totals: $0.1) })
    }

    private static func writeQueues(_ traffic: [NamedTraffic], to out: inout PrometheusText) {
        var lengths: [(labels: [String], value: String)] = []
        var seconds: [(labels: [String], value: String)] = []
        var permits: [(labels: [String], value: String)] = []
        for named in traffic {
            switch named.name {
            case .frontend, .bind: break
            case .backend(let name):
                lengths.append(([name, ""], "\(named.queueLength)"))
                let wait = Int64(clamping: named.totals[.queueMicroseconds])
                seconds.append(([name], PrometheusText.decimal(wait, digits: 6)))
            case .server(let backend, let name):
                guard let inUse = named.permitsInUse else { break }
                lengths.append(([backend, name], "\(named.queueLength)"))
                permits.append(([backend, name], "\(inUse)"))
            }
        }
        for (family, samples) in [
            (queueLength, lengths), (queueSeconds, seconds), (permitsInUse, permits),
        ] {
            out.write(
                family, samples.sorted { $0.labels.lexicographicallyPrecedes($1.labels) })
        }
    }

    private static func write(
        _ totals: [Total], of named: [([String], TrafficTotals)], to out: inout PrometheusText
    ) {
        let ordered = named.sorted { $0.0.lexicographicallyPrecedes($1.0) }
        for total in totals {
            out.write(
                total.family,
                ordered.flatMap { labels, counts in
                    total.samples.map { sample in
                        (
                            labels: labels + (sample.label.map { [$0] } ?? []),
                            value: "\(counts[sample.counter])"
                        )
                    }
                })
        }
    }

    private static func writeConnections(
        of traffic: [NamedTraffic], to out: inout PrometheusText
    ) {
        var clients: [(labels: [String], value: String)] = []
        var samples: [(labels: [String], value: String)] = []
        for named in traffic {
            guard let counts = named.connections else { continue }
            switch named.name {
            case .frontend(let name): clients.append(([name], "\(counts.open)"))
            case .backend, .bind: break
            case .server(let backend, let name):
                let states = [
                    ("connecting", counts.connecting), ("in_use", counts.inUse),
                    ("idle", counts.idle),
                ]
                samples += states.map { ([backend, name, $0.0], "\($0.1)") }
            }
        }
        for (family, samples) in [(clientConnections, clients), (openConnections, samples)] {
            out.write(
                family, samples.sorted { $0.labels.lexicographicallyPrecedes($1.labels) })
        }
    }

    private static let classes: [(counter: TrafficCounter, label: String?)] = [
        (.responses2xx, "2xx"), (.responses3xx, "3xx"), (.responses4xx, "4xx"),
        (.responses5xx, "5xx"),
    ]
    private static let frontend = ["frontend"]
    private static let backend = ["backend"]
    private static let server = ["backend", "server"]

    private static let frontendTotals = [
        total("apus_frontend_connections_total", "Connections accepted.", frontend, .connections),
        Total(
            family: MetricCatalogue.counter(
                "apus_http_requests_total", "Requests answered, by class of the answer.",
                frontend + ["code_class"]), samples: classes),
        total(
            "apus_frontend_received_bytes_total", "Bytes from clients.", frontend, .bytesIn),
        total("apus_frontend_sent_bytes_total", "Bytes to clients.", frontend, .bytesOut),
        total(
            "apus_frontend_full_total",
            "Times that it left connections waiting, or refused one handed over: it had as many as it may.",
            frontend, .queued),
    ]

    private static let backendTotals = [
        total(
            "apus_backend_requests_total", "Requests and TCP connections that ended.", backend,
            .requests),
        Total(
            family: MetricCatalogue.counter(
                "apus_backend_responses_total",
                "Answers to clients, by class; also those in a server's place.",
                backend + ["code_class"]), samples: classes),
        total(
            "apus_backend_failures_total",
            "Connections to servers that failed, or ended too early.", backend, .failures),
        total(
            "apus_backend_queued_total", "Exchanges that had to wait for a server.", backend,
            .queued),
        total(
            "apus_backend_retries_total", "Attempts after the first one of a request.", backend,
            .retries),
    ]

    private static let serverTotals = [
        total(
            "apus_server_requests_total", "Requests and TCP connections that ended.", server,
            .requests),
        Total(
            family: MetricCatalogue.counter(
                "apus_server_responses_total", "Answers of the server, by class.",
                server + ["code_class"]), samples: classes),
        total(
            "apus_server_connections_total", "Connections to the server begun.", server,
            .connections),
        total(
            "apus_server_reuses_total", "Exchanges over a connection that was there already.",
            server, .reuses),
        total(
            "apus_server_takeovers_total",
            "Of these: over a connection that another loop had kept.", server, .takeovers),
        total(
            "apus_server_desyncs_total",
            "Connections closed because the server spoke when nothing was asked, or too early.",
            server, .desyncs),
        total(
            "apus_server_retries_total", "Attempts that failed at the server and were repeated.",
            server, .retries),
        total(
            "apus_server_failures_total",
            "Connections to the server that failed, or ended too early.", server, .failures),
    ]

    private static let clientConnections = MetricCatalogue.gauge(
        "apus_frontend_open_connections", "Client connections, over all workers.", frontend)
    private static let queueLength = MetricFamily(
        name: "apus_queue_length", kind: .gauge,
        help: "Exchanges that wait for any server of a backend, or for one that they belong to.",
        labels: server)
    private static let queueSeconds = MetricCatalogue.counter(
        "apus_backend_queue_seconds_total", "Time that exchanges waited for a server.", backend)
    private static let permitsInUse = MetricFamily(
        name: "apus_server_permits_in_use", kind: .gauge,
        help: "How much of a server's max_connections is in use.", labels: server)
    private static let openConnections = MetricCatalogue.gauge(
        "apus_server_open_connections", "Connections to the server, by what they do.",
        server + ["state"])

    private static let duration = MetricFamily(
        name: "apus_request_duration_seconds", kind: .histogram,
        help: "From a request's complete head to the end of its answer.", labels: frontend)

    private static func total(
        _ name: String, _ help: String, _ labels: [String], _ counter: TrafficCounter
    ) -> Total {
        Total(
            family: MetricCatalogue.counter(name, help, labels), samples: [(counter, nil)])
    }
}
