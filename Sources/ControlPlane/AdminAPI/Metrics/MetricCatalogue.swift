// Every metric of `GET /metrics`: the names are a contract, and docs/metrics.md lists the same.
// Units are seconds and bytes; totals of the data path count live and retired workers alike.

enum MetricCatalogue {
    static let all =
        master + reloads + generations + workers + workerTotals.map(\.family)
        + TrafficMetrics.all + ServerMetrics.all + api

    // MARK: The master

    static let build = gauge(
        "apus_build_info", "1, with the version of the master.", ["version"])
    static let startTime = gauge(
        "apus_start_time_seconds", "When the master started, since 1970.")
    static let loopAge = gauge(
        "apus_master_loop_age_seconds", "Time since the master's loop last came round.")
    static let configRevision = gauge(
        "apus_config_revision", "Configuration revision that is desired, and that is applied.",
        ["kind"])
    static let tickDelay = MetricFamily(
        name: "apus_master_tick_delay_seconds", kind: .histogram,
        help: "How late the master's loop came to its regular work, four times a second.")
    static let tickDelayMax = gauge(
        "apus_master_tick_delay_max_seconds", "The longest of these delays.")
    private static let master = [
        build, startTime, loopAge, tickDelay, tickDelayMax, configRevision,
    ]

    // MARK: Reloads

    static let lastReloadSuccessful = gauge(
        "apus_config_last_reload_successful", "1 if the last reload succeeded, 0 if it failed.")
    static let lastReloadSuccess = gauge(
        "apus_config_last_reload_success_timestamp_seconds",
        "When a reload last succeeded, since 1970.")
    static let reloadsTotal = counter(
        "apus_reloads_total", "Reloads that ended, by how.", ["result"])
    static let stepDuration = MetricFamily(
        name: "apus_reload_step_duration_seconds", kind: .histogram,
        help: "How long the steps of reloads took.", labels: ["step"])
    private static let reloads = [
        lastReloadSuccessful, lastReloadSuccess, reloadsTotal, stepDuration,
    ]

    // MARK: Generations

    static let generationCount = gauge(
        "apus_generations", "Generations that have not exited, by phase.", ["phase"])
    static let generationReloads = gauge(
        "apus_generation_reloads", "Successful reloads that a live generation has survived.",
        ["generation"])
    static let generationSessions = gauge(
        "apus_generation_sessions", "Open client connections of a live generation.",
        ["generation"])
    static let sigtermTotal = counter(
        "apus_generation_sigterm_total", "Generations that got SIGTERM, by reason.", ["reason"])
    static let crashesTotal = counter(
        "apus_generation_crashes_total", "Serving generations that lost a worker unexpectedly.")
    static let restartsTotal = counter(
        "apus_generation_restarts_total",
        "Replacements of crashed generations that came to serve.")
    private static let generations = [
        generationCount, generationReloads, generationSessions, sigtermTotal, crashesTotal,
        restartsTotal,
    ]

    // MARK: Workers

    static let workerExitsTotal = counter(
        "apus_worker_exits_total", "Workers that ended, by whether they had been told to.",
        ["expected"])
    static let workersStuckTotal = counter(
        "apus_worker_stuck_total", "Workers killed because they made no progress.")
    static let violationsTotal = counter(
        "apus_worker_protocol_violations_total",
        "Workers killed because they broke the control protocol.")
    static let exchangesInFlight = gauge(
        "apus_worker_exchanges", "Requests that are being answered.")
    static let tunnels = gauge(
        "apus_worker_tunnels", "Upgraded connections and TCP ones that are open.")
    static let residentBytes = gauge(
        "apus_worker_resident_memory_bytes", "Resident memory of all live workers.")
    private static let workers = [
        workerExitsTotal, workersStuckTotal, violationsTotal, exchangesInFlight, tunnels,
        residentBytes,
    ]

    // MARK: The data path

    /// A metric and the counters of the shared state that are its samples.
    struct WorkerTotal: Sendable {
        var family: MetricFamily
        /// Counter, and value of the only label if there is one.
        var samples: [(counter: String, label: String?)]
    }

    static let workerTotals = [
        total("connections_accepted", "Client connections accepted.", "connectionsAccepted"),
        total("requests", "Request heads that were understood.", "requests"),
        WorkerTotal(
            family: counter(
                "apus_worker_responses_total", "Final answers to clients, by class.",
                ["code_class"]),
            samples: [
                ("responses2xx", "2xx"), ("responses3xx", "3xx"), ("responses4xx", "4xx"),
                ("responses5xx", "5xx"),
            ]),
        WorkerTotal(
            family: counter(
                "apus_worker_request_errors_total", "Requests refused by Apus itself, by reason.",
                ["reason"]),
            samples: [
                ("badRequests", "bad_request"), ("requestTimeouts", "timeout"),
                ("headersTooLarge", "headers_too_large"), ("bodiesTooLarge", "body_too_large"),
                ("targetsTooLong", "target_too_long"),
                ("expectationsFailed", "expectation_failed"),
                ("notImplemented", "not_implemented"),
            ]),
        total("upstream_connects", "Connections to servers begun.", "upstreamConnects"),
        total(
            "upstream_reuses", "Exchanges over a connection that was there already.",
            "upstreamReuses"),
        total(
            "upstream_failures", "Connections to servers that failed, or ended too early.",
            "upstreamFailures"),
        total("upstream_timeouts", "Servers that were silent too long.", "upstreamTimeouts"),
        total("received_bytes", "Bytes from clients.", "bytesIn"),
        total("sent_bytes", "Bytes to clients.", "bytesOut"),
        total("accept_errors", "Connections that could not be accepted.", "acceptErrors"),
        total(
            "log_lines_dropped",
            "Access log lines thrown away: the log was too slow, full or gone.",
            "logLinesDropped"),
        total(
            "proxy_header_errors", "Connections closed for a wrong or missing PROXY header.",
            "proxyHeaderErrors"),
        total("rate_limited", "Requests refused because of a rate limit.", "rateLimited"),
        total(
            "upstream_shortages",
            "Connections to servers for which there was no port, descriptor or memory.",
            "upstreamShortages"),
    ]

    // MARK: The API

    static let adminRequestsTotal = counter(
        "apus_admin_requests_total", "Requests of the admin API, by route and status.",
        ["route", "code"])
    static let eventWatchers = gauge(
        "apus_event_watchers", "Clients that watch the event stream.")
    static let adminConnections = gauge(
        "apus_admin_connections", "Connections to the admin API.")
    static let adminConnectionsClosedTotal = counter(
        "apus_admin_connections_closed_total",
        "Connections to the admin API that were shed for others, refused, or whose handshake failed.",
        ["reason"])
    static let certificateEnd = gauge(
        "apus_certificate_not_after_timestamp_seconds",
        "When a chain of certificates is over, since 1970, by the field that names it.",
        ["pointer"])
    private static let api = [
        adminRequestsTotal, eventWatchers, adminConnections, adminConnectionsClosedTotal,
        certificateEnd,
    ]

    static func gauge(
        _ name: String, _ help: String, _ labels: [String] = []
    ) -> MetricFamily {
        MetricFamily(name: name, kind: .gauge, help: help, labels: labels)
    }

    static func counter(
        _ name: String, _ help: String, _ labels: [String] = []
    ) -> MetricFamily {
        MetricFamily(name: name, kind: .counter, help: help, labels: labels)
    }

    private static func total(
        _ name: String, _ help: String, _ counterName: String
    ) -> WorkerTotal {
        WorkerTotal(
            family: counter("apus_worker_\(name)_total", help), samples: [(counterName, nil)])
    }
}
