// The check of one server, compiled: what is sent where, and what is expected. Made once with the
// runtime configuration; the bytes live in its arena. Read by one loop.

internal import Clock
internal import Model
internal import SharedState
internal import Syscalls

/// Statuses that a check takes for good ones: a bit for each of 100…611.
struct StatusSet: BitwiseCopyable {
    private var bits = InlineArray<8, UInt64>(repeating: 0)

    init(_ ranges: [StatusRange]) {
        for range in ranges {
            for status in max(100, range.first)...max(100, min(599, range.last)) {
                bits[(status - 100) >> 6] |= 1 << UInt64((status - 100) & 63)
            }
        }
    }

    func contains(_ status: Int) -> Bool {
        guard (100...599).contains(status) else { return false }
        return bits[(status - 100) >> 6] & 1 << UInt64((status - 100) & 63) != 0
    }
}

struct CheckPlan {
    /// Asked instead of the server, whatever its own address is.
    private var otherAddress: RawSocketAddress?
    /// Asked instead of the server's port; nil: that itself.
    private var port: UInt16?
    /// Empty: a connection is all that is asked for.
    var request: Bytes
    var method: HTTPMethod
    var expected: StatusSet
    /// Empty: no text is looked for in the body.
    var bodyContains: Bytes
    /// What is looked for when the body is over.
    var bodyRegex: CompiledRegex?
    var schedule: CheckSchedule
    var timeout: Int64
    var rise: Int
    var fall: Int
    var startsDown: Bool
    /// Of the server when it goes down; of the backups when it comes up.
    var endsSessions: Bool
    var endsBackupSessions: Bool
    /// Of what is asked and where, never 0; how often does not count.
    var definition: UInt64

    var isHTTP: Bool { !request.isEmpty }
    var readsBody: Bool { !bodyContains.isEmpty || bodyRegex != nil }

    /// Nil: the server is not checked.
    init?(_ check: HealthCheck?, of server: Server, arena: ConfigurationArena) {
        guard let check, server.check.isEnabled else { return nil }
        var target = server.address
        if let port = check.port { target = target.with(port: UInt16(clamping: port)) }
        if let other = server.check.address { target = .fixed(other) }
        port = check.port.map { UInt16(clamping: $0) }
        otherAddress = server.check.address.map { RawSocketAddress($0) }
        let fingerprint: String
        switch check.probe {
        case .tcp:
            request = .empty
            method = .other
            expected = StatusSet([])
            bodyContains = .empty
            bodyRegex = nil
            fingerprint = "tcp \(target)"
        case .http(let probe):
            let isOwnAddress = target == server.address
            let request =
                (isOwnAddress ? Self.proxyHeader(server.proxyProtocol) : "")
                + Self.request(of: probe, to: target)
            self.request = arena.bytes(request)
            method = HTTPMethod(probe.method)
            expected = StatusSet(probe.expect)
            bodyContains = arena.bytes(probe.bodyContains ?? "")
            bodyRegex = probe.bodyRegex.map { CompiledRegex($0, arena: arena) }
            let text = probe.bodyContains ?? probe.bodyRegex.map { "regex \($0.text)" } ?? ""
            let statuses = probe.expect.map { "\($0.first)-\($0.last)" }.joined(separator: ",")
            fingerprint = "http \(target) \(statuses)\n\(text)\n\(request)"
        }
        let interval = Self.milliseconds(check.interval)
        schedule = CheckSchedule(
            interval: interval,
            fastInterval: check.fastInterval.map(Self.milliseconds) ?? max(1, interval / 2),
            downInterval: check.downInterval.map(Self.milliseconds) ?? interval)
        timeout = Self.milliseconds(check.timeout)
        rise = check.rise
        fall = check.fall
        startsDown = check.initialState == .down
        endsSessions = check.onMarkedDown == .endSessions
        endsBackupSessions = check.onMarkedUp == .endBackupSessions && !server.isBackup
        definition = max(1, StableHash(of: fingerprint).value)
    }

    /// Where the check goes, in the terms of `UpstreamServer.connect`; nil: nobody knows where the
    /// server is.
    func target(of server: RawSocketAddress?) -> RawSocketAddress? {
        if let otherAddress { return otherAddress }
        guard var address = server else { return nil }
        if let port, !address.isUnspecified { address.port = port }
        return address
    }

    private static func milliseconds(_ duration: Duration) -> Int64 {
        min(max(1, duration.wholeMilliseconds), 86_400_000)
    }

    /// What a server wants before the first byte, of a connection that has no client: UNKNOWN, or
    /// LOCAL (proxy-protocol.txt §2.1, §2.2).
    private static func proxyHeader(_ version: ProxyProtocolVersion?) -> String {
        switch version {
        case nil: ""
        case .v1: "PROXY UNKNOWN\r\n"
        case .v2: "\r\n\r\n\0\r\nQUIT\n\u{20}\0\0\0"
        }
    }

    /// The whole request. Fields were checked when they were read.
    private static func request(of probe: HTTPProbe, to target: ServerAddress) -> String {
        var head = "\(probe.method.rawValue) \(probe.path) HTTP/1.1\r\n"
        head += "Host: \(probe.host ?? target.authority)\r\n"
        if !probe.headers.contains(where: { $0.name.lowercased() == "user-agent" }) {
            head += "User-Agent: apus-check\r\n"
        }
        for field in probe.headers { head += "\(field.name): \(field.value)\r\n" }
        // A method that is expected to say something says if it does not (RFC 9110 §8.6).
        if probe.method.sendsBody { head += "Content-Length: \(probe.body.utf8.count)\r\n" }
        return head + "Connection: close\r\n\r\n" + (probe.method.sendsBody ? probe.body : "")
    }
}

extension ServerAddress {
    /// A unix socket has no name that could stand in a `Host`.
    fileprivate var authority: String {
        switch self {
        case .fixed, .named: description
        case .unix: "localhost"
        }
    }
}

extension HTTPMethod {
    fileprivate init(_ method: HTTPProbe.Method) {
        switch method {
        case .get: self = .get
        case .head: self = .head
        case .options: self = .options
        case .post: self = .post
        case .put: self = .put
        }
    }
}
