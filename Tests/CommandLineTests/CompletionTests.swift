// Completion scripts know every command and option; names of a master are quick or nothing.

import ArgumentParser
import Clock
import TestKit
import Testing

@testable import apus

struct CompletionTests {
    /// Every command, by its path of names.
    private static func commands(
        _ type: any ParsableCommand.Type = Apus.self, _ path: [String] = []
    ) -> [[String]] {
        type.configuration.subcommands.flatMap { subcommand in
            let name = path + [subcommand.configuration.commandName ?? "\(subcommand)".lowercased()]
            return [name] + commands(subcommand, name)
        }
    }

    @Test(arguments: CompletionCommand.Shell.allCases)
    func scriptsHoldEveryCommand(_ shell: CompletionCommand.Shell) throws {
        let kind = try #require(CompletionShell(rawValue: shell.rawValue))
        let script = Apus.completionScript(for: kind)
        let commands = Self.commands()
        #expect(commands.contains(["generations", "list"]) && commands.count > 15)
        for path in commands {
            #expect(script.contains(path[path.count - 1]), "\(path)")
        }
        for option in ["socket", "output", "reason", "since"] { #expect(script.contains(option)) }
        #expect(script.contains("---completion"), "no live names")
    }

    @Test(arguments: [
        (["apus", "--socket", "/s", "reloads"], "/s"), (["apus", "--socket=/s"], "/s"),
        (["apus", "--socket"], nil), (["apus"], nil),
    ])
    func theSocketIsThatOfTheLine(_ words: [String], _ path: String?) {
        #expect(LiveNames.options(in: words).socket == path)
    }

    @Test func withoutAMasterThereAreNoNames() throws {
        let directory = try TemporaryDirectory()
        for path in [directory.path("none.sock"), try directory.write("file", "")] {
            #expect(LiveNames.reloads(["apus", "--socket", path], 0, "") == [])
            #expect(LiveNames.generationNames(["apus", "--socket", path], 0, "") == ["current"])
        }
    }
}
