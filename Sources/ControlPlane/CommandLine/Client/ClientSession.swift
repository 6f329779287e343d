// One run of a client command: which master, how to print, and what an answer makes of both.

import JSON

struct ClientSession {
    let client: MasterClient
    let printer: Printer

    init(_ options: GlobalOptions) throws(CommandFailure) {
        client = MasterClient(address: try MasterAddress(options))
        printer = Printer(options)
    }

    var quiet: Bool { printer.isQuiet }

    /// Most commands are this: get something, show it.
    func show(
        _ target: RequestTarget, _ text: (JSONValue, Printer.Style) -> String
    ) throws(CommandFailure) {
        show(try succeeding(client.get(target.text)), text)
    }

    func show(_ answer: MasterAnswer, _ text: (JSONValue, Printer.Style) -> String) {
        printer.show(answer.value, body: answer.body, text)
    }

    /// The answer if it is a success; else the failure, printed.
    func succeeding(_ answer: MasterAnswer) throws(CommandFailure) -> MasterAnswer {
        guard answer.isSuccess else { throw failure(answer, ProblemText.summary) }
        return answer
    }

    /// Prints every error of a problem; the summary is for the failure itself. With a format for
    /// programs, the problem goes to stdout as well, so that a script has it whole.
    func failure(_ answer: MasterAnswer, _ summary: (JSONValue) -> String) -> CommandFailure {
        if !printer.format.isForPeople { show(answer) { _, _ in "" } }
        for line in ProblemText.lines(answer.value) { Console.error(line) }
        Console.error(summary(answer.value))
        return CommandFailure(
            ExitStatus(
                problemCode: answer.value["code"]?.stringValue ?? "", httpStatus: answer.status))
    }
}
