// What the admin API may ask about configurations. Counterparts: `ConfigurationDesk` answers, tests
// script it.

public import ConfigurationLanguage
public import Master
public import Store

/// The master's knowledge of configurations, which asking does not change. All methods may be
/// called from any thread; the errors of each are told by its counterpart in `ConfigurationDesk`.
public protocol ConfigurationPort: Sendable {
    /// What a configuration would be to the one that is served.
    func plan(
        _ planned: PlannedConfiguration, level: ValidationLevel
    ) async throws(ConfigurationDeskError) -> ConfigurationPlan

    /// The revisions that are kept, newest first.
    func revisions() async throws(ConfigurationDeskError) -> [RevisionSummary]

    /// A revision in a form; nil is the one that is served.
    func document(
        of revision: Int?, as form: DocumentForm
    ) async throws(ConfigurationDeskError) -> RevisionDocument

    /// What leads from one revision to another.
    func difference(
        from old: Int, to new: Int
    ) async throws(ConfigurationDeskError) -> ConfigurationDifference

    /// The same, in the texts as they were written.
    func textDifference(
        from old: Int, to new: Int
    ) async throws(ConfigurationDeskError) -> TextDifference
}

extension ConfigurationDesk: ConfigurationPort {}
