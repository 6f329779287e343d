// Waits for the end of a reload, with its steps on stderr as they happen; the outcome is words and
// an exit code. Whoever interrupts it leaves the reload running.

import Clock
import JSON

struct ReloadWatch {
    /// How long one request is held when somebody watches the steps.
    private static let slice = Duration.milliseconds(200)

    let session: ClientSession
    let id: String
    let wait: WaitArgument
    /// Until the leavers are gone as well.
    var isForDrained = false

    /// - Throws: a failure with the exit code of the outcome, unless it is a success.
    func run() throws(CommandFailure) {
        let id = id
        let interruption = Interruption {
            Console.error(
                "\napus: not waiting any longer; the reload goes on: apus reloads show \(id)")
        }
        let answer = try withExtendedLifetime(interruption) { () throws(CommandFailure) in
            try followed()
        }
        try conclude(answer)
    }

    /// The record when it is final, or as it is when the time is over.
    private func followed() throws(CommandFailure) -> MasterAnswer {
        let deadline = Instant.now() + wait.duration
        var lines = StepLines(isLive: Console.isErrorLive, colour: Console.hasErrorColour)
        while true {
            let left = max(.zero, deadline - .now())
            let held = session.quiet ? left : min(left, Self.slice)
            let target = ("/v1/reloads/\(id)" as RequestTarget)
                .with("wait", "\(held.wholeMilliseconds)ms")
            let answer = try session.succeeding(
                session.client.get(target.text, waiting: held))
            if !session.quiet { Console.errorPart(lines.text(answer.value, now: .now())) }
            if Self.isFinal(answer.value) || left == .zero {
                if !session.quiet { Console.errorPart(lines.end) }
                return try settled(answer, within: max(.zero, deadline - .now()))
            }
        }
    }

    /// A success that is on disk, and drained if that is wanted, or as it is when the time is over.
    private func settled(
        _ answer: MasterAnswer, within left: Duration
    ) throws(CommandFailure) -> MasterAnswer {
        guard answer.value["status"] == "SUCCEEDED" else { return answer }
        let target = ("/v1/reloads/\(id)" as RequestTarget)
            .with("wait", "\(left.wholeMilliseconds)ms")
            .with("wait_for", isForDrained ? "drained" : "finished")
        return try session.succeeding(session.client.get(target.text, waiting: left))
    }

    private func checkDrained(_ reload: JSONValue) throws(CommandFailure) {
        guard isForDrained else { return }
        let leavers =
            try session.succeeding(
                session.client.get("/v1/generations?phase=LEAVING&limit=1000")
            ).value["items"]?.arrayValue ?? []
        let newest = reload["to_generation"]?.integerValue ?? .max
        let left = leavers.compactMap { $0["generation"]?.integerValue }.filter { $0 < newest }
        if left.isEmpty { return }
        let names = left.map { "\($0)" }.joined(separator: ", ")
        throw CommandFailure(.waitExpired, "still leaving after \(wait.text): generation \(names)")
    }

    private func conclude(_ answer: MasterAnswer) throws(CommandFailure) {
        let reload = answer.value
        if reload["status"] == "SUCCEEDED" || !Self.isFinal(reload) {
            session.show(answer) { value, _ in ReloadText.sentence(value) + "\n" }
            guard !Self.isFinal(reload) else {
                warnIfNotCurrent()
                return try checkDrained(reload)
            }
            throw CommandFailure(
                .waitExpired,
                "\(ReloadText.sentence(reload)) after \(wait.text); it goes on")
        }
        // The record for programs; for people the problem that POST with ?wait answers.
        if !session.printer.format.isForPeople { session.show(answer) { _, _ in "" } }
        let status = try? session.client.get("/v1/status").value
        let error = reload["error"]
        let problem: JSONValue = [
            "errors": error?["errors"] ?? [], "operation": reload,
            "serving_generation": status?["serving_generation"] ?? .null,
            "serving_revision": status?["applied_revision"] ?? .null,
        ]
        for line in ProblemText.lines(problem) { Console.error(line) }
        Console.error(ReloadText.failure(problem))
        throw CommandFailure(ExitStatus(problemCode: Self.code(reload), httpStatus: 422))
    }

    /// A success that leaves something to do is no secret.
    private func warnIfNotCurrent() {
        let conditions = try? session.client.get("/v1/status").value["conditions"]?.arrayValue
        for condition in conditions ?? []
        where condition["type"] == "ConfigCurrent" && condition["reason"] == "NeedsStart" {
            Console.error("apus: warning: \(condition["message"]?.stringValue ?? "")")
        }
    }

    private static func isFinal(_ reload: JSONValue) -> Bool {
        !["QUEUED", "RUNNING"].contains(reload["status"]?.stringValue ?? "")
    }

    /// As in the problem that the API answers.
    private static func code(_ reload: JSONValue) -> String {
        switch reload["status"] {
        case "SUPERSEDED": "superseded"
        case "CANCELLED": "cancelled"
        default: reload["error"]?["code"]?.stringValue ?? ""
        }
    }
}
