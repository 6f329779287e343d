// What a configuration would be to the running one.

public import ConfigurationLanguage
public import Supervisor

/// The answer to "what if this were the configuration?".
public struct ConfigurationPlan: Sendable {
    /// What keeps it from being used; empty if it is valid. In reading order, at most a hundred.
    public var errors: [ConfigurationProblem]
    /// What is odd about it; in reading order, at most a hundred.
    public var warnings: [ConfigurationProblem]
    /// The revision that it was compared with; nil while nothing was ever served.
    public var baseRevision: Int?
    /// What leads from that revision to it; nil if it was not compared.
    public var difference: ConfigurationDifference?
    /// Of level `probe`.
    public var probe: ProbeOutcome?
    /// Of the master's own file, beyond level `schema`: what its next start opens. Nobody has
    /// looked at it.
    public var adminFiles: [AdminFile] = []

    public init(
        errors: [ConfigurationProblem] = [], warnings: [ConfigurationProblem] = [],
        baseRevision: Int? = nil, difference: ConfigurationDifference? = nil,
        probe: ProbeOutcome? = nil
    ) {
        self.errors = errors
        self.warnings = warnings
        self.baseRevision = baseRevision
        self.difference = difference
        self.probe = probe
    }
}

/// A throwaway worker came up.
public struct ProbeOutcome: Sendable, Equatable {
    /// From spawn to READY.
    public var initMilliseconds: Int

    public init(initMilliseconds: Int) {
        self.initMilliseconds = initMilliseconds
    }
}

/// A throwaway worker did not come up.
public struct ProbeFailure: Error, Sendable, Equatable {
    /// As a reload would fail.
    public var failure: ReloadFailure
    /// What the worker wrote last, oldest first.
    public var logTail: [String]

    public init(failure: ReloadFailure, logTail: [String]) {
        self.failure = failure
        self.logTail = logTail
    }
}

/// A configuration that somebody asks about.
public enum PlannedConfiguration: Sendable {
    /// The master's own, as it is on disk now.
    case file
    /// One that was sent. References in it are not resolved: its sender may not be somebody who may
    /// read what they name.
    case text(ConfigurationText)
}

/// Why a question about configurations has no answer.
public enum ConfigurationDeskError: Error, Sendable, Equatable {
    /// Too many ask at once.
    case busy
    /// Another probe runs.
    case probing
    /// It failed in the probe.
    case probe(ProbeFailure)
    /// There is no such revision, or it is no longer kept; nil: nothing was served yet.
    case noRevision(Int?)
    /// This version cannot read what another one stored.
    case unreadable(revision: Int, [ConfigurationProblem])
    /// The state database, or memory.
    case failed(String)
}
