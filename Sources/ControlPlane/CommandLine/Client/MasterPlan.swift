// A configuration that a master is asked about: the question, and what the answer makes of the
// program.

import ArgumentParser
import ConfigurationLanguage
import JSON
import NIOHTTP1

/// A level on the command line.
enum LevelArgument: String, ExpressibleByArgument, CaseIterable {
    case schema, semantic, probe

    var level: ValidationLevel {
        switch self {
        case .schema: .schema
        case .semantic: .semantic
        case .probe: .probe
        }
    }
}

struct MasterPlan {
    /// Others may be before us, and a probe has its time.
    private static let waitMax = Duration.seconds(300)

    private let session: ClientSession
    /// Nil is the master's own.
    private let file: String?
    private let level: ValidationLevel

    init(
        _ options: GlobalOptions, file: String?, level: ValidationLevel
    ) throws(CommandFailure) {
        session = try ClientSession(options)
        self.file = file
        self.level = level
    }

    func run() throws(CommandFailure) {
        let text = try file.map { path throws(CommandFailure) in
            try ConfigurationText.source(path: path).text
        }
        let target: RequestTarget = "/v1/config/validate?level=\(level.rawValue)"
        var answer = try session.client.answer(
            session.client.raw(
                .POST, target,
                fields: [("Content-Type", text == nil ? "application/json" : "application/yaml")],
                body: text?.bytes ?? Array("{}".utf8), waiting: Self.waitMax))
        if let file { answer = Self.naming(answer, file) }
        guard answer.isSuccess else { throw session.failure(answer, ProblemText.summary) }
        for warning in answer.value["warnings"]?.arrayValue ?? [] {
            Console.error(ProblemText.line(warning))
        }
        session.show(answer, PlanText.text)
    }

    /// The master does not know what the text is called here.
    private static func naming(_ answer: MasterAnswer, _ file: String) -> MasterAnswer {
        guard var object = answer.value.objectValue else { return answer }
        for list in ["errors", "warnings"] {
            guard let entries = object[list]?.arrayValue, !entries.isEmpty else { continue }
            object[list] = .array(
                entries.map { entry in
                    guard var entry = entry.objectValue, entry["file"] == "request" else {
                        return entry
                    }
                    entry["file"] = .string(file)
                    return .object(entry)
                })
        }
        if .object(object) == answer.value { return answer }
        // What was parsed can be written.
        let body = (try? JSONText.write(.object(object))) ?? answer.body
        return MasterAnswer(
            status: answer.status, body: body + [UInt8(ascii: "\n")], value: .object(object))
    }
}
