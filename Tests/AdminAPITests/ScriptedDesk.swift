// Answers about configurations as a test says, behind the API's port.

import ConfigurationLanguage
import JSON
import Store
import Synchronization

@testable import AdminAPI
@testable import Master

final class ScriptedDesk: ConfigurationPort {
    struct State {
        var plan: Result<ConfigurationPlan, ConfigurationDeskError> = .success(ConfigurationPlan())
        var revisions: [RevisionSummary] = []
        /// By revision, as YAML.
        var texts: [Int: String] = [:]
        var applied: Int?
        /// What was asked: the text or `file`, and the level.
        var planned: [String] = []
    }
    let state = Mutex(State())

    func plan(
        _ planned: PlannedConfiguration, level: ValidationLevel
    ) async throws(ConfigurationDeskError) -> ConfigurationPlan {
        let plan = state.withLock { state in
            let what = if case .text(let text) = planned { text.string } else { "file" }
            state.planned.append("\(level.rawValue) \(what)")
            return state.plan
        }
        return try plan.get()
    }

    func revisions() async throws(ConfigurationDeskError) -> [RevisionSummary] {
        state.withLock { $0.revisions }
    }

    func document(
        of revision: Int?, as form: DocumentForm
    ) async throws(ConfigurationDeskError) -> RevisionDocument {
        let (applied, texts) = state.withLock { ($0.applied, $0.texts) }
        guard let number = revision ?? applied else { throw .noRevision(nil) }
        guard let text = texts[number] else { throw .noRevision(number) }
        let source = ConfigurationSource(text: ConfigurationText(text), fileName: "a.yaml")
        do {
            switch form {
            case .asWritten: return RevisionDocument(revision: number, text: source.text)
            case .written:
                return RevisionDocument(
                    revision: number, text: try ConfigurationText(json: source.written() ?? .null))
            case .effective:
                return RevisionDocument(revision: number, text: try effective(source).text())
            }
        } catch {
            throw .failed("\(error)")
        }
    }

    func difference(
        from old: Int, to new: Int
    ) async throws(ConfigurationDeskError) -> ConfigurationDifference {
        let texts = state.withLock { $0.texts }
        do {
            return ConfigurationDifference(
                from: try effective(
                    .init(text: ConfigurationText(texts[old] ?? ""), fileName: "a")),
                to: try effective(.init(text: ConfigurationText(texts[new] ?? ""), fileName: "a")))
        } catch {
            throw .failed("\(error)")
        }
    }

    func textDifference(
        from old: Int, to new: Int
    ) async throws(ConfigurationDeskError) -> TextDifference {
        let texts = state.withLock { $0.texts }
        return TextDifference(
            from: ConfigurationText(texts[old] ?? ""), named: "revision \(old)",
            to: ConfigurationText(texts[new] ?? ""), named: "revision \(new)")
    }

    private func effective(_ source: ConfigurationSource) throws -> EffectiveDocument {
        switch source.read() {
        case .valid(let configuration, _): return EffectiveDocument(configuration)
        case .invalid(let problems): throw problems[0]
        }
    }
}
