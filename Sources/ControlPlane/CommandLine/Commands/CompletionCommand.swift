// `apus completion`: completion scripts, made from what the parser knows.

import ArgumentParser

struct CompletionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completion", abstract: "Print a completion script for a shell.",
        discussion: """
            Numbers of generations and ids of reloads are asked of the master; if none answers at \
            once, there is nothing to complete.

              source <(apus completion bash)
              apus completion zsh > "${fpath[1]}/_apus"
              apus completion fish > ~/.config/fish/completions/apus.fish
            """)

    enum Shell: String, ExpressibleByArgument, CaseIterable {
        case bash, zsh, fish
    }

    @Argument(help: "bash, zsh or fish.")
    var shell: Shell

    func run() {
        let kind: CompletionShell =
            switch shell {
            case .bash: .bash
            case .zsh: .zsh
            case .fish: .fish
            }
        Console.output(Apus.completionScript(for: kind))
    }
}
