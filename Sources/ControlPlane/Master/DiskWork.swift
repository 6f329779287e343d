// Everything of the master that may wait for a disk or take long, on threads of its own: the store,
// the reading of configurations, and what a start needs. Answers go to the loop's mailbox, so a disk that
// hangs delays a reload and never supervision.

internal import Clock
internal import ConfigurationLanguage
internal import JSON
internal import Model
internal import Store
internal import Supervisor
internal import Synchronization
internal import Syscalls
internal import Wire

final class DiskWork: Sendable {
    /// Generation numbers that are made durable before they are needed.
    static let reservedAhead = 64

    private let store: Store
    private let configurationPath: String?
    private let mailbox: Mailbox
    private let traffic: TrafficTable
    private let machine: MachineCheck
    let names: NameResolver
    /// Words for the log.
    private let complain: @Sendable (String) -> Void
    private let storeThread: WorkThread
    let records: RecordKeeper
    let overrides: OverrideKeeper
    private let readThread: WorkThread
    private let startThread: WorkThread
    private struct Readable {
        var configuration: Configuration
        /// Of what its references stand for; empty without any, where equal texts mean the same.
        var contentSHA256: String
        /// Found once: a name service that is away keeps no crashed worker from its replacement.
        var accounts: NamedAccounts?
    }
    private struct Known {
        /// By revision, so that a restart needs no disk.
        var configurations: [Int: Readable] = [:]
        var served: Set<Int> = []
        /// Generation numbers up to this one are durable.
        var reserved: Int
        var isReserving = false
    }
    private let known: Mutex<Known>

    /// - Parameter reserved: the last generation number that is durable already.
    init(
        store: Store, reserved: Int, configurationPath: String?, mailbox: Mailbox,
        traffic: TrafficTable, machine: MachineCheck, complain: @escaping @Sendable (String) -> Void
    ) throws(SystemError) {
        storeThread = try WorkThread(name: "store")
        records = RecordKeeper(store: store, thread: storeThread, complain: complain)
        overrides = OverrideKeeper(
            store: store, thread: storeThread, traffic: traffic, mailbox: mailbox,
            complain: complain)
        readThread = try WorkThread(name: "configuration")
        startThread = try WorkThread(name: "start")
        known = Mutex(Known(reserved: reserved))
        self.store = store
        self.configurationPath = configurationPath
        self.mailbox = mailbox
        self.traffic = traffic
        self.machine = machine
        names = NameResolver(traffic: traffic, mailbox: mailbox)
        self.complain = complain
    }

    // MARK: Validation

    /// Reads the configuration anew; answers with `validated`. A text that is new becomes a revision
    /// of this origin.
    func validate(reload: String, origin: RevisionOrigin?) {
        readThread.async { [self] in
            let result: Result<ValidRevision, ReloadFailure>
            var fallback: GenerationPlan?
            do throws(ReloadFailure) {
                result = .success(try validRevision(origin))
            } catch {
                result = .failure(error)
                // Nothing serves yet: an earlier life's revision is better than none.
                if known.withLock({ $0.served.isEmpty }) { fallback = lastGood()?.plan }
            }
            mailbox.post(.validated(reload: reload, result, fallback: fallback))
        }
    }

    /// The newest revision of this file that has served and can still be read; nil if there is none.
    /// Of another file it would be a surprise: a mistyped name would serve what somebody else meant.
    func lastGood() -> (plan: GenerationPlan, configuration: Configuration)? {
        do {
            for number in try store.goodRevisions() {
                do {
                    guard let stored = try store.revision(number),
                        stored.sourceName == configurationPath
                    else { continue }
                    let readable = try readable(number)
                    return (
                        GenerationPlan(
                            readable.configuration, revision: number, sha256: stored.sha256,
                            contentSHA256: readable.contentSHA256), readable.configuration
                    )
                } catch {
                    complain("revision \(number) served once and cannot be used: \(error)")
                }
            }
        } catch {
            complain("looking for the last good revision: \(error)")
        }
        return nil
    }

    private func validRevision(
        _ origin: RevisionOrigin?
    ) throws(ReloadFailure) -> ValidRevision {
        let source = try load()
        let report = source.report()
        guard let configuration = report.configuration else {
            throw ReloadFailure(report.errors)
        }
        let refusals = machine.problems(in: report)
        guard refusals.isEmpty else { throw ReloadFailure(refusals) }
        let accounts = try machine.accounts(of: configuration)
        // Waits for the store's thread, so a number is given and known in one order.
        let contentSHA256 = report.valuesSHA256
        let revision = try stored(
            source, origin, valueDigest: contentSHA256.isEmpty ? nil : contentSHA256)
        known.withLock {
            $0.configurations[revision] = Readable(
                configuration: configuration, contentSHA256: contentSHA256, accounts: accounts)
        }
        return ValidRevision(
            plan: GenerationPlan(
                configuration, revision: revision, sha256: source.text.sha256,
                contentSHA256: contentSHA256),
            configuration: configuration,
            warnings: (report.warnings
                + machine.warnings(of: configuration, file: source.fileName)).map(\.description))
    }

    private func load() throws(ReloadFailure) -> ConfigurationSource {
        guard let configurationPath else { return EmbeddedConfiguration.source }
        do throws(ConfigurationProblem) {
            return try ConfigurationFile.load(configurationPath)
        } catch {
            throw ReloadFailure(
                code: "file-missing", detail: error.description,
                problems: [ReloadFailure.Problem(error)])
        }
    }

    private func stored(
        _ source: ConfigurationSource, _ origin: RevisionOrigin?, valueDigest: String?
    ) throws(ReloadFailure) -> Int {
        do {
            return try storeThread.sync { [store] in
                try store.addRevision(
                    sha256: source.text.sha256, text: source.text.bytes,
                    sourceName: source.fileName, valueDigest: valueDigest, origin: origin,
                    at: .now())
            }
        } catch {
            throw ReloadFailure(code: "store-failed", detail: "\(error)")
        }
    }

    // MARK: Start

    /// Makes sure that the number is durable, then makes what the generation is started from;
    /// answers `prepared`.
    func prepare(generation: Int, plan: GenerationPlan) {
        startThread.async { [self] in
            let result: Result<GenerationMaterial, ReloadFailure>
            do {
                try reserve(generation, of: plan.revision)
                result = .success(try material(of: generation, for: plan))
            } catch let failure as ReloadFailure {
                result = .failure(failure)
            } catch let fault as MachineFault {
                result = .failure(ReloadFailure(fault))
            } catch let error as StoreError {
                result = .failure(ReloadFailure(code: "store-failed", detail: "\(error)"))
            } catch {
                result = .failure(ReloadFailure(code: "spawn-failed", detail: "\(error)"))
            }
            mailbox.post(.prepared(generation: generation, result))
        }
    }

    /// As a rule the number was reserved long ago, and nobody waits. A full disk must not keep a
    /// crashed generation from its replacement: a revision that has served may be started without.
    private func reserve(_ generation: Int, of revision: Int) throws {
        if known.withLock({ $0.reserved }) < generation {
            do {
                try storeThread.sync { [self] in try reserveMore(through: generation) }
            } catch {
                guard known.withLock({ $0.served.contains(revision) }) else { throw error }
                complain("generation \(generation) is started without being recorded: \(error)")
            }
        }
        let mustReserve = known.withLock { known in
            let isLow = known.reserved - generation < Self.reservedAhead / 2
            let mustReserve = isLow && !known.isReserving
            if mustReserve { known.isReserving = true }
            return mustReserve
        }
        if mustReserve {
            record("reserving generation numbers") { [self] _ in
                defer { known.withLock { $0.isReserving = false } }
                try reserveMore(through: generation)
            }
        }
    }

    /// On the store's thread.
    private func reserveMore(through generation: Int) throws {
        let last = generation + Self.reservedAhead
        try store.reserveGenerations(through: last)
        known.withLock { $0.reserved = max($0.reserved, last) }
    }

    private func material(
        of generation: Int, for plan: GenerationPlan
    ) throws -> GenerationMaterial {
        let readable = try readable(plan.revision)
        let configuration = readable.configuration
        if let fault = machine.passed.faults(in: configuration).first { throw fault }
        let accounts = try readable.accounts ?? accounts(of: plan.revision, configuration)
        names.prepare(configuration)
        let json = try JSONWriter.encode(
            WorkerConfiguration(
                configuration,
                traffic: traffic.numbers(for: configuration, generation: generation)))
        return GenerationMaterial(
            configuration: configuration,
            memory: try MemoryFile.create(name: "apus-configuration", bytes: json),
            memoryBytes: json.count, account: accounts.worker, socketOwners: accounts.socketOwners,
            accessLog: try AccessLogFile.open(configuration.log))
    }

    /// Of a revision of an earlier life, or one that was let go meanwhile.
    private func accounts(
        of revision: Int, _ configuration: Configuration
    ) throws(ReloadFailure) -> NamedAccounts {
        let accounts = try machine.accounts(of: configuration)
        known.withLock { $0.configurations[revision]?.accounts = accounts }
        return accounts
    }

    private func readable(_ revision: Int) throws -> Readable {
        if let readable = known.withLock({ $0.configurations[revision] }) { return readable }
        guard let stored = try store.revision(revision) else {
            throw ReloadFailure(
                code: "store-failed", detail: "revision \(revision) is no longer kept")
        }
        let source = ConfigurationSource(
            text: ConfigurationText(bytes: stored.text), fileName: stored.sourceName)
        let report = source.report()
        guard let configuration = report.configuration else {
            throw ReloadFailure(report.errors)
        }
        let readable = Readable(
            configuration: configuration, contentSHA256: report.valuesSHA256)
        known.withLock { $0.configurations[revision] = readable }
        return readable
    }

    /// A generation of it serves. Of the others only `alive` can be asked for again soon; the rest
    /// can be read from the store.
    func didServe(revision: Int, alive: Set<Int>) {
        known.withLock { known in
            known.served.insert(revision)
            let kept = alive.union(known.served.sorted().suffix(3))
            known.served.formIntersection(kept)
            known.configurations = known.configurations.filter { kept.contains($0.key) }
        }
        record("marking a good revision") { try $0.markGood(revision: revision) }
    }

    // MARK: Records

    /// Stores what happened; a failure is logged and otherwise without effect.
    func record(_ what: String, _ body: @escaping @Sendable (Store) throws -> Void) {
        storeThread.async { [self] in
            do { try body(store) } catch { complain("\(what): \(error)") }
        }
    }

    /// Something that opens what a start opens, behind the starts that were ordered before.
    func onStartThread(_ body: @escaping @Sendable () -> Void) {
        startThread.async(body)
    }

    /// Tells the loop; false: it has ended.
    func post(_ message: Mailbox.Message) -> Bool { mailbox.post(message) }

    /// Something else that may take long: looking through /proc.
    func inBackground(_ body: @escaping @Sendable () -> Void) {
        readThread.async(body)
    }

    /// Waits for what was ordered of the store, at most this long, gives back the numbers that were
    /// not used, and closes it.
    func finish(lastGeneration: Int, atMost limit: Duration) {
        storeThread.sync(atMost: limit) { [store, overrides] in
            overrides.settle()
            try? store.returnGenerations(after: lastGeneration)
            try? store.close()
        }
    }
}

extension GenerationPlan {
    init(
        _ configuration: Configuration, revision: Int, sha256: String, contentSHA256: String
    ) {
        let settings = configuration.process
        self.init(
            revision: revision, sha256: sha256, contentSHA256: contentSHA256,
            workers: settings.workers,
            maxReloads: settings.maxReloads, readyTimeout: settings.readyTimeout,
            switchTimeout: settings.switchTimeout, killAfter: settings.killAfter,
            hardStopAfter: settings.hardStopAfter, probation: settings.probation,
            reloadInterval: settings.reloadRate.interval)
    }
}

extension ReloadFailure {
    init(_ problems: [ConfigurationProblem]) {
        let count = problems.count
        self.init(
            code: "config-invalid", detail: count == 1 ? "1 error" : "\(count) errors",
            pointer: problems.first?.pointer, problems: problems.map(Problem.init))
    }
}

extension ReloadFailure.Problem {
    init(_ problem: ConfigurationProblem) {
        self.init(
            code: problem.code.rawValue, severity: problem.severity.rawValue, file: problem.file,
            line: problem.position?.line ?? 1, column: problem.position?.column ?? 1,
            pointer: problem.pointer, message: problem.message, suggestion: problem.suggestion,
            owner: problem.owner)
    }
}
