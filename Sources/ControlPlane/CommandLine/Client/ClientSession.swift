// One run of a client command: which master, which format, and what an answer makes of both.

import JSON

struct ClientSession {
    struct Style {
        var wide: Bool
        var colour: Bool
    }

    let client: MasterClient
    private let format: OutputFormat
    let quiet: Bool

    init(_ options: GlobalOptions) throws(CommandFailure) {
        client = MasterClient(socketPath: try Surroundings.socketPath(options.socket))
        format = options.output ?? (Console.isTerminal ? .table : .json)
        quiet = options.quiet
    }

    /// The answer if it is a success; else the failure, printed.
    func succeeding(_ answer: MasterAnswer) throws(CommandFailure) -> MasterAnswer {
        guard answer.isSuccess else { throw failure(answer, ProblemText.summary) }
        return answer
    }

    /// Lines of text are wanted, not JSON.
    var isForPeople: Bool { format == .table || format == .wide }

    /// JSON is the API's body, byte for byte; NDJSON is a line for each item of a collection.
    func show(_ answer: MasterAnswer, _ text: (JSONValue, Style) -> String) {
        if quiet { return }
        if format == .json {
            Console.output(bytes: answer.body)
        } else if format == .ndjson {
            for item in answer.value["items"]?.arrayValue ?? [answer.value] {
                // What was parsed can be written.
                Console.output(bytes: ((try? JSONText.write(item)) ?? []) + [UInt8(ascii: "\n")])
            }
        } else {
            let style = Style(wide: format == .wide, colour: Console.hasColour)
            Console.output(text(answer.value, style))
        }
    }

    /// Prints every error of a problem; the summary is for the failure itself. With JSON, the
    /// problem goes to stdout as well, so that a script has it whole.
    func failure(_ answer: MasterAnswer, _ summary: (JSONValue) -> String) -> CommandFailure {
        if format == .json || format == .ndjson, !quiet { Console.output(bytes: answer.body) }
        for line in ProblemText.lines(answer.value) { Console.error(line) }
        Console.error(summary(answer.value))
        return CommandFailure(
            ExitStatus(
                problemCode: answer.value["code"]?.stringValue ?? "", httpStatus: answer.status))
    }
}
