// How a server stands with one loop: what its shared record says, read when something changed
// (`ServerChanges`) instead of at each pick. Pure values.

internal import Model
internal import SharedState
internal import Syscalls

/// What the configuration says of a server, as far as its standing depends on it.
struct ServerRules: BitwiseCopyable, Equatable {
    /// 0…256.
    var weight = 100
    /// Only then does it matter what checks have found.
    var isChecked = false
    /// A server that was not checked yet takes no traffic.
    var startsDown = false
    /// The longest time that it may be taken out for, in milliseconds; 0: it is never.
    var ejectionMax: Int64 = 0
    /// What is so until an operator says something else.
    var adminState = ServerAdminState.ready
    /// Of a server with a name nil until that is found; `unspecified`: it is at a unix socket.
    var address: RawSocketAddress?
    /// Of the server's name, so that what was found for another one is not taken; 0: it has none.
    var addressTag: UInt64 = 0
    /// Where connections to it come from; nil: wherever the kernel likes.
    var source: RawSocketAddress?
    /// Whose configuration it is.
    var generation = 0

    init() {}

    /// - Parameters:
    ///   - plan: how it is checked; nil: it is not.
    ///   - generation: whose configuration it is.
    ///   - found: what its name stood for when the generation was started.
    init(
        _ server: Server, of backend: Backend, plan: CheckPlan?, generation: Int,
        found: SocketAddress? = nil
    ) {
        self.generation = generation
        weight = server.weight
        isChecked = plan != nil
        startsDown = plan?.startsDown == true
        ejectionMax = backend.ejection.map { EjectionRule($0).maxTime } ?? 0
        if server.isDisabled { adminState = .maintenance }
        address =
            switch server.address {
            case .fixed(let address): RawSocketAddress(address)
            case .named: found.map { RawSocketAddress($0) }
            case .unix: .unspecified
            }
        addressTag = server.address.named?.tag ?? 0
        source = server.source.map { RawSocketAddress(SocketAddress(host: $0, port: 0)) }
    }
}

/// What decides, for one server, whether it is picked; with the others of its backend: `open`.
struct ServerStanding: BitwiseCopyable, Equatable {
    var adminState = ServerAdminState.ready
    var isHealthy = true
    /// A later configuration does not have it, and its sessions were to end with it.
    var isRetired = false
    /// Taken out until this moment because exchanges failed; 0: it is not.
    var ejectedUntil: Int64 = 0
    /// 0…256, the operator's or the configured one.
    var weight = 100
    /// Sessions assigned under a lower number are to end.
    var epoch: UInt64 = 0
    /// When it last came back to take traffic, milliseconds since 1970; 0: it was never away.
    var cameUpAt: Int64 = 0
    /// Where it is reached now, or `unspecified`, at its unix socket; nil: nobody knows.
    private(set) var address: RawSocketAddress?
    private var isReachable = true

    init(weight: Int) {
        self.weight = weight
    }

    /// - Parameters: milliseconds of CLOCK_MONOTONIC, and since 1970.
    init(_ record: ServerRecord?, _ rules: ServerRules, now: Int64, wall: Int64) {
        weight = rules.weight
        adminState = rules.adminState
        address = Self.address(record, rules)
        isReachable = address != nil
        guard let record else { return }
        isRetired = record.isRetired(for: rules.generation)
        adminState = record.adminStateOverride ?? rules.adminState
        if rules.isChecked {
            let health = record.healthState
            isHealthy = health == .unchecked ? !rules.startsDown : health.takesTraffic
        }
        weight = record.weightOverride ?? rules.weight
        epoch = record[.epoch]
        cameUpAt = Int64(clamping: record[.cameUpAt])
        let end = Int64(clamping: record[.ejectedUntil])
        if Self.isEjected(until: end, rules, now: now) {
            ejectedUntil = end
        } else if end > 0, end <= now, rules.ejectionMax > 0 {
            // It came back at that moment, and nobody had to say so.
            cameUpAt = max(cameUpAt, wall &- (now &- end))
        }
    }

    /// An operator's word, what was found for the server's name lately, or what was known at the
    /// start.
    private static func address(
        _ record: ServerRecord?, _ rules: ServerRules
    ) -> RawSocketAddress? {
        guard let published = record?.address,
            published.tag == 0 || published.tag == rules.addressTag
        else { return rules.address }
        return published.address
    }

    var isEjected: Bool { ejectedUntil > 0 }

    /// Whether a server is out until then. It is somebody else's word, so it is not believed to be
    /// longer than the rule allows.
    static func isEjected(until end: Int64, _ rules: ServerRules, now: Int64) -> Bool {
        end > now && end &- now <= rules.ejectionMax
    }

    /// May be picked by the policy.
    var takesNew: Bool { isFit && !isEjected }

    /// Might be picked, were it not for the failures of exchanges.
    var isFit: Bool {
        adminState == .ready && weight > 0 && isHealthy && isReachable && !isRetired
    }

    /// May be used by who belongs to it.
    var takesPersistent: Bool {
        adminState != .maintenance && isHealthy && isReachable && !isRetired
    }

    /// The weight that the policy is to know: it grows from a tenth to the whole while the server
    /// starts slowly.
    /// - Parameters:
    ///   - duration: of slow start, milliseconds.
    ///   - wall: milliseconds since 1970.
    func rampedWeight(over duration: Int64, wall: Int64) -> Int {
        guard isRamping(over: duration, wall: wall) else { return weight }
        let share = max(duration / 10, wall &- cameUpAt)
        return max(1, Int(Int64(weight) &* share / duration))
    }

    /// Which of a backend's servers new exchanges may go to: all that can; backups only if nobody
    /// else can; and if nobody can at all, those that are out for failed exchanges alone: better
    /// one of them than none.
    static func open(
        _ servers: [(standing: ServerStanding, isBackup: Bool)], backups: Backend.Backups
    ) -> [Bool] {
        let primaryIsThere = servers.contains { !$0.isBackup && $0.standing.takesNew }
        var open = servers.map { $0.standing.takesNew && !($0.isBackup && primaryIsThere) }
        guard let first = open.firstIndex(of: true) else { return servers.map(\.standing.isFit) }
        if backups == .first, !primaryIsThere {
            for place in open.indices where place != first { open[place] = false }
        }
        return open
    }

    /// The share of its limit that a server that starts slowly has by now, 10…100.
    func rampPercent(over duration: Int64, wall: Int64) -> Int {
        guard isRamping(over: duration, wall: wall) else { return 100 }
        return max(10, Int(max(0, wall &- cameUpAt) &* 100 / duration))
    }

    /// Came up less than `duration` ago. A clock that jumped back ends it, too; that of the loop that
    /// wrote the moment may be a little ahead of ours.
    func isRamping(over duration: Int64, wall: Int64) -> Bool {
        guard duration > 0, cameUpAt > 0, cameUpAt <= wall &+ 1_000 else { return false }
        return wall &- cameUpAt < duration
    }
}
