// Answers questions about configurations: what a file or a text would change, what the revisions
// are, how they differ. Reads the configuration file and the store, and changes neither; the
// supervisor does not know of it. What takes long is done on threads of its own, one question after
// the other and a bounded number of them, so that no reload waits for it. Any thread may ask.

public import ConfigurationLanguage
internal import Model
public import Store
internal import Supervisor
internal import Synchronization
internal import Syscalls

/// The master's knowledge of configurations, for the API.
public final class ConfigurationDesk: Sendable {
    /// Questions that wait or are worked on, at most: each may hold a text of 10 MB.
    static let questionCountMax = 8

    private let store: Store
    private let configurationPath: String?
    private let board: MasterBoard
    private let machine: MachineCheck
    private let probe: WorkerProbe
    private let readThread: WorkThread
    private let probeThread: WorkThread
    private struct State {
        var questionCount = 0
        var isProbing = false
        /// Of revisions, which never change; the one asked for last is last.
        var documents: [(revision: Int, document: EffectiveDocument)] = []
    }
    private let state = Mutex(State())
    /// Documents that are kept: of the running revision and another.
    private static let documentCountMax = 2

    init(
        _ options: MasterOptions, store: Store, board: MasterBoard, machine: MachineCheck,
        complain: @escaping @Sendable (String) -> Void
    ) throws(SystemError) {
        readThread = try WorkThread(name: "plan")
        probeThread = try WorkThread(name: "probe")
        self.store = store
        self.board = board
        self.machine = machine
        configurationPath = options.configurationPath
        probe = WorkerProbe(
            program: options.workerPath, version: options.version,
            directory: machine.directory, complain: complain)
    }

    // MARK: Plans

    /// What a configuration would be to the one that is served. Writes nothing, and but for a
    /// `probe` starts nothing. Throws `busy`, `probing`, `probe`, `failed`.
    public func plan(
        _ planned: PlannedConfiguration, level: ValidationLevel
    ) async throws(ConfigurationDeskError) -> ConfigurationPlan {
        let read = try await ask { desk throws(ConfigurationDeskError) in
            try desk.read(planned, level: level)
        }
        guard level == .probe, let configuration = read.configuration else { return read.plan }
        var plan = read.plan
        plan.probe = try await probe(configuration)
        return plan
    }

    private struct ReadPlan: Sendable {
        var plan: ConfigurationPlan
        /// Nil if there are errors.
        var configuration: Configuration?
    }

    private func read(
        _ planned: PlannedConfiguration, level: ValidationLevel
    ) throws(ConfigurationDeskError) -> ReadPlan {
        let source: ConfigurationSource
        do throws(ConfigurationProblem) {
            source = try self.source(planned)
        } catch {
            return ReadPlan(plan: ConfigurationPlan(errors: [error]))
        }
        let report = source.report(resolving: planned.resolver)
        let base = board.snapshot().appliedRevision
        var warnings = report.warnings.filter { $0.belongs(to: level) }
        guard let configuration = report.configuration, let shown = report.shown else {
            let errors = report.errors.filter { $0.belongs(to: level) }
            return ReadPlan(
                plan: ConfigurationPlan(errors: errors, warnings: warnings, baseRevision: base))
        }
        if level != .schema {
            warnings += machine.warnings(of: configuration, file: source.fileName)
            warnings += machine.roleWarnings(of: configuration, file: source.fileName)
        }
        let refusals = level == .schema ? [] : machine.problems(in: report)
        guard refusals.isEmpty else {
            return ReadPlan(
                plan: ConfigurationPlan(errors: refusals, warnings: warnings, baseRevision: base))
        }
        var plan = ConfigurationPlan(warnings: warnings, baseRevision: base)
        if level != .schema, planned.isOwn { plan.adminFiles = report.adminFiles }
        if level != .schema, let base {
            plan.difference = ConfigurationDifference(
                from: try document(of: base), to: EffectiveDocument(shown))
        }
        return ReadPlan(plan: plan, configuration: configuration)
    }

    private func source(
        _ planned: PlannedConfiguration
    ) throws(ConfigurationProblem) -> ConfigurationSource {
        switch planned {
        case .text(let text): return ConfigurationSource(text: text, fileName: "request")
        case .file:
            guard let configurationPath else { return EmbeddedConfiguration.source }
            return try ConfigurationFile.load(configurationPath)
        }
    }

    private func probe(
        _ configuration: Configuration
    ) async throws(ConfigurationDeskError) -> ProbeOutcome {
        let mayBegin = state.withLock { state in
            let mayBegin = !state.isProbing
            state.isProbing = true
            return mayBegin
        }
        guard mayBegin else { throw .probing }
        let result = await withCheckedContinuation { continuation in
            probeThread.async { [self] in
                let result: Result<ProbeOutcome, ProbeFailure>
                do throws(ProbeFailure) {
                    result = .success(try probe.run(configuration))
                } catch {
                    result = .failure(error)
                }
                state.withLock { $0.isProbing = false }
                continuation.resume(returning: result)
            }
        }
        switch result {
        case .success(let outcome): return outcome
        case .failure(let failure): throw .probe(failure)
        }
    }

    // MARK: Revisions

    /// Those that are kept, newest first. Throws `busy`, `failed`.
    public func revisions() async throws(ConfigurationDeskError) -> [RevisionSummary] {
        try await ask { desk throws(ConfigurationDeskError) in
            try desk.stored { store throws(StoreError) in try store.revisions() }
        }
    }

    /// One revision in a form; nil is the one that is served. Throws `busy`, `noRevision`,
    /// `unreadable`, `failed`.
    public func document(
        of revision: Int?, as form: DocumentForm
    ) async throws(ConfigurationDeskError) -> RevisionDocument {
        try await ask { desk throws(ConfigurationDeskError) in
            guard let number = revision ?? desk.board.snapshot().appliedRevision else {
                throw .noRevision(nil)
            }
            return RevisionDocument(
                revision: number, text: try desk.text(of: number, as: form))
        }
    }

    /// What leads from one revision to another. Throws as `document`.
    public func difference(
        from old: Int, to new: Int
    ) async throws(ConfigurationDeskError) -> ConfigurationDifference {
        try await ask { desk throws(ConfigurationDeskError) in
            ConfigurationDifference(
                from: try desk.document(of: old), to: try desk.document(of: new))
        }
    }

    /// The same for people, in the texts as they were written.
    public func textDifference(
        from old: Int, to new: Int
    ) async throws(ConfigurationDeskError) -> TextDifference {
        try await ask { desk throws(ConfigurationDeskError) in
            TextDifference(
                from: try desk.source(of: old).text, named: "revision \(old)",
                to: try desk.source(of: new).text, named: "revision \(new)")
        }
    }

    private func text(
        of revision: Int, as form: DocumentForm
    ) throws(ConfigurationDeskError) -> ConfigurationText {
        do {
            switch form {
            case .asWritten: return try source(of: revision).text
            case .written:
                guard let value = try source(of: revision).written() else {
                    throw ConfigurationDeskError.unreadable(revision: revision, [])
                }
                return try ConfigurationText(json: value)
            case .effective: return try document(of: revision).text()
            }
        } catch let error as ConfigurationDeskError {
            throw error
        } catch {
            throw .failed("\(error)")
        }
    }

    private func document(
        of revision: Int
    ) throws(ConfigurationDeskError) -> EffectiveDocument {
        let known = state.withLock { state in
            state.documents.first { $0.revision == revision }?.document
        }
        if let known { return known }
        let report = try source(of: revision).report()
        guard let shown = report.shown else {
            throw .unreadable(revision: revision, report.errors)
        }
        let document = EffectiveDocument(shown)
        state.withLock { state in
            state.documents.append((revision, document))
            if state.documents.count > Self.documentCountMax { state.documents.removeFirst() }
        }
        return document
    }

    private func source(
        of revision: Int
    ) throws(ConfigurationDeskError) -> ConfigurationSource {
        let stored = try stored { store throws(StoreError) in try store.revision(revision) }
        guard let stored else { throw .noRevision(revision) }
        return ConfigurationSource(
            text: ConfigurationText(bytes: stored.text), fileName: stored.sourceName)
    }

    // MARK: Threads

    private func stored<Value>(
        _ body: (Store) throws(StoreError) -> Value
    ) throws(ConfigurationDeskError) -> Value {
        do throws(StoreError) {
            return try body(store)
        } catch {
            throw .failed("\(error)")
        }
    }

    /// Has a question answered by the reading thread.
    private func ask<Value: Sendable>(
        _ body: @escaping @Sendable (ConfigurationDesk) throws(ConfigurationDeskError) -> Value
    ) async throws(ConfigurationDeskError) -> Value {
        let mayAsk = state.withLock { state in
            let mayAsk = state.questionCount < Self.questionCountMax
            if mayAsk { state.questionCount += 1 }
            return mayAsk
        }
        guard mayAsk else { throw .busy }
        let result = await withCheckedContinuation { continuation in
            readThread.async { [self] in
                let result: Result<Value, ConfigurationDeskError>
                do throws(ConfigurationDeskError) {
                    result = .success(try body(self))
                } catch {
                    result = .failure(error)
                }
                state.withLock { $0.questionCount -= 1 }
                continuation.resume(returning: result)
            }
        }
        return try result.get()
    }
}

extension PlannedConfiguration {
    /// Who sends a text must not learn through the master what is in files that it names.
    fileprivate var isOwn: Bool {
        switch self {
        case .file: true
        case .text: false
        }
    }

    fileprivate var resolver: ReferenceResolver {
        switch self {
        case .file: .surroundings
        case .text: .withheld
        }
    }
}
