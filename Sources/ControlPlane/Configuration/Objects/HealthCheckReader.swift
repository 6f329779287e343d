// `check:` of a backend and of a server, and `ejection:` of a backend.

import Model

extension ValueReader {
    /// How the servers of a backend are asked.
    func healthCheck() -> HealthCheck? {
        object { fields -> HealthCheck? in
            let http = fields.take("http")
            let tcp = fields.take("tcp")
            if http != nil, let tcp {
                tcp.report(.conflictingFields, "a check is either \"http\" or \"tcp\"")
            } else if http == nil, tcp == nil {
                fields.report(.missingField, "a check needs \"http\" or \"tcp\"")
            }
            _ = tcp?.object { _ in }
            var check = HealthCheck()
            if let http { check.probe = .http(http.httpProbe() ?? HTTPProbe()) }
            func time(
                _ name: String, from least: Duration = .milliseconds(100)
            ) -> Duration? {
                fields.take(name)?.duration(in: least ... .seconds(3600))
            }
            check.port = fields.take("port")?.integer(in: 1...65_535)
            check.interval = time("interval") ?? check.interval
            check.fastInterval = time("fast_interval")
            check.downInterval = time("down_interval")
            check.timeout = time("timeout", from: .milliseconds(1)) ?? check.timeout
            check.rise = fields.take("rise")?.integer(in: 1...100) ?? check.rise
            check.fall = fields.take("fall")?.integer(in: 1...100) ?? check.fall
            check.initialState =
                fields.take("initial_state")?.choice(HealthCheck.InitialState.self) ?? .up
            check.onMarkedDown =
                fields.take("on_marked_down")?.choice(HealthCheck.OnMarkedDown.self)
                ?? check.onMarkedDown
            check.onMarkedUp =
                fields.take("on_marked_up")?.choice(HealthCheck.OnMarkedUp.self)
                ?? check.onMarkedUp
            return check
        }?.flatMap { $0 }
    }

    /// Where the check of one server differs.
    func checkOverride(allowsLinkLocal: Bool) -> CheckOverride? {
        object { fields in
            var check = CheckOverride()
            check.isEnabled = fields.take("enabled")?.boolean() ?? true
            let address = fields.take("address")
            check.address = address?.serverAddress()
            if let given = check.address {
                address?.checkNotLinkLocal(given, isAllowed: allowsLinkLocal)
                address?.checkNotAdmin(given)
            }
            return check
        }
    }

    /// When failures of exchanges take a server out.
    func ejection() -> Ejection? {
        object { fields in
            var ejection = Ejection()
            func time(_ name: String, _ path: WritableKeyPath<Ejection, Duration>) {
                if let value = fields.take(name)?.duration(in: .milliseconds(1) ... .seconds(3600))
                {
                    ejection[keyPath: path] = value
                }
            }
            ejection.consecutiveFailures =
                fields.take("consecutive_failures")?.integer(in: 1...1_000)
                ?? ejection.consecutiveFailures
            time("base_time", \.baseTime)
            time("max_time", \.maxTime)
            ejection.maxPercent =
                fields.take("max_percent")?.integer(in: 1...100) ?? ejection.maxPercent
            return ejection
        }
    }

    private func httpProbe() -> HTTPProbe? {
        object { fields in
            var probe = HTTPProbe()
            let method = fields.take("method")
            let knownMethod = method?.choice(HTTPProbe.Method.self)
            probe.method = knownMethod ?? .get
            probe.path = fields.take("path")?.checkPath() ?? probe.path
            probe.host = fields.take("host")?.checkHost()
            probe.headers = fields.take("headers")?.checkHeaders() ?? []
            probe.expect =
                fields.take("expect")?.statusRanges(
                    whenEmpty: "expects nothing, leave the field out for 200-299") ?? probe.expect
            let body = fields.take("body")
            probe.body = body?.checkBody() ?? ""
            // Of a method that is not known here nothing can be said.
            if method == nil || knownMethod != nil, !probe.method.sendsBody {
                body?.report(
                    .conflictingFields,
                    "only a request of POST or PUT has a body, this one is \(probe.method.rawValue)"
                )
            }
            let text = fields.take("body_contains")
            let regex = fields.take("body_regex")
            probe.bodyContains = text?.keptLine(limit: 256)
            probe.bodyRegex = regex?.regularExpression()
            if probe.method == .head, let field = text ?? regex {
                field.report(.conflictingFields, "an answer to HEAD has no body (RFC 9110 §9.3.2)")
            } else if text != nil, let regex {
                regex.report(
                    .conflictingFields,
                    "a body is looked through for one thing: leave out body_contains or body_regex")
            }
            return probe
        }
    }

    /// Any text, lines included.
    private func checkBody() -> String? {
        guard let text = string() else { return nil }
        guard text.utf8.count <= HTTPProbe.bodyBytesMax else {
            report(.tooLarge, "longer than \(HTTPProbe.bodyBytesMax) bytes")
            return nil
        }
        return kept(text)
    }

    private func checkPath() -> String? {
        guard let path = line(limit: 2_048) else { return nil }
        let isTarget = path.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != 0x23 }
        guard path.hasPrefix("/"), isTarget else {
            report(
                .invalidValue,
                "\(quoted(path)) is no path: it begins with /, may have a query, and writes spaces, "
                    + "# and letters beyond ASCII as %XX")
            return nil
        }
        return kept(path)
    }

    private func checkHost() -> String? {
        guard let host = line(limit: 255) else { return nil }
        guard host.utf8.allSatisfy({ Names.isLetterOrDigit($0) || "-._:[]".utf8.contains($0) })
        else {
            report(.invalidValue, "\(quoted(host)) is no host, such as www.example.com")
            return nil
        }
        return kept(host)
    }

    private func checkHeaders() -> [HTTPProbe.Field] {
        guard let fields = mapping() else { return [] }
        let entries = fields.all()
        if entries.count > 8 { report(.tooLarge, "more than 8 fields") }
        var seen: [String: String] = [:]
        return entries.sorted { $0.key < $1.key }.compactMap { entry in
            guard entry.value.isEditable(entry.key, at: entry.keyPosition) else { return nil }
            if let first = seen.updateValue(entry.key, forKey: entry.key.lowercased()) {
                entry.value.report(
                    .duplicateKey,
                    "header names are case-insensitive, \(quoted(first)) stands above already",
                    at: entry.keyPosition)
            }
            return entry.value.keptLine(limit: 1_024).map {
                HTTPProbe.Field(name: entry.key, value: $0)
            }
        }
    }
}
