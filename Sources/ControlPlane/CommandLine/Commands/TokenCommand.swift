// `apus token`: bearer tokens for the admin API by TCP, offline. A token is shown once, to whoever
// made it, and kept nowhere but where they put it.

import AdminAPI
import ArgumentParser
import Clock
import JSON
import Model

struct TokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Make bearer tokens, and check a file of them.",
        subcommands: [Create.self, Check.self])
}

/// A role on the command line.
struct RoleArgument: ExpressibleByArgument {
    var role: AccessRole

    init?(argument: String) {
        guard let role = AccessRole(rawValue: argument) else { return nil }
        self.role = role
    }

    static var allValueStrings: [String] { AccessRole.allCases.map(\.rawValue) }
}

extension TokenCommand {
    struct Create: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a token, and its line for the token file.",
            discussion: """
                The token is printed once and kept nowhere: the token file (admin.tcp.tokens) has \
                its hash. With --save it goes to a file that only you can read, and is not printed.

                  apus token create ci --role operate --expires 90d \\
                      --add-to /etc/apus/admin/tokens --save ci.token

                A master that runs notices the new line within a second.
                """)

        @OptionGroup var global: GlobalOptions

        @Argument(help: "A name for the audit: 1 to 64 of A-Z a-z 0-9 _ . -")
        var name: String

        @Option(help: "read, operate or admin.")
        var role: RoleArgument

        @Option(
            help: ArgumentHelp(
                "Until when it is good: 90d, 12h, 2027-01-31, 2027-01-31T12:00:00Z. Default: for "
                    + "ever.", valueName: "time"))
        var expires: ExpiryArgument?

        @Option(
            help: ArgumentHelp(
                "Good for this path of the API and what is below it only; may be repeated.",
                valueName: "path"))
        var path: [String] = []

        @Option(
            help: ArgumentHelp(
                "Append the line to this token file, which is made if it is not there.",
                valueName: "file"), completion: .file())
        var addTo: String?

        @Option(
            help: ArgumentHelp(
                "Write the token to this new file, mode 0600, and do not print it.",
                valueName: "file"), completion: .file())
        var save: String?

        func validate() throws {
            guard TokenFile.isName(name) else {
                throw ValidationError("a name is 1 to 64 of A-Z a-z 0-9 _ . -")
            }
            for path in path where !TokenFile.isPath(path) {
                throw ValidationError("\(path) is no path of the API, such as /v1/reloads")
            }
        }

        func run() throws {
            let secret = TokenSecret()
            let token = AccessToken(
                name: name, role: role.role, sha256: secret.sha256,
                expires: expires?.time(after: .now()), paths: path)
            if let save { try NewFile.write(save, Array((secret.text + "\n").utf8)) }
            do {
                if let addTo {
                    try FolderLock.holding(folderOf: addTo) { () throws(CommandFailure) in
                        try append(token, to: addTo)
                    }
                }
            } catch {
                if let save { NewFile.remove(save) }
                throw error
            }
            show(token, secret)
        }

        private func append(_ token: AccessToken, to path: String) throws(CommandFailure) {
            let line = Array((token.line + "\n").utf8)
            guard NewFile.isThere(path) else { return try NewFile.write(path, line) }
            let file = TokenFile.read(path)
            for problem in file.problems { Console.error("\(problem)") }
            guard file.problems.isEmpty else {
                throw CommandFailure(.configurationInvalid, "\(path) is left as it is")
            }
            guard !file.tokens.contains(where: { $0.name == token.name }) else {
                throw CommandFailure(
                    .conflict, "\(path) has a token named \(token.name); take that line away first")
            }
            let before = try NewFile.read(path)
            let isWhole = before.isEmpty || before.last == UInt8(ascii: "\n")
            try FileReplacement.replace(
                path, that: before, with: before + (isWhole ? [] : [UInt8(ascii: "\n")]) + line)
        }

        private func show(_ token: AccessToken, _ secret: TokenSecret) {
            let value: JSONValue = [
                "name": .string(token.name),
                "token": save == nil ? .string(secret.text) : .null,
                "line": .string(token.line),
            ]
            Printer(global).show(value) { _, _ in
                (save == nil ? "token  \(secret.text)\n" : "") + "line   \(token.line)\n"
            }
        }
    }

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check a token file and list its tokens.",
            discussion: """
                Problems are told as file:line, and the exit code is 3 then. Hashes are not shown.
                """)

        @OptionGroup var global: GlobalOptions

        @Argument(help: "The token file.", completion: .file())
        var file: String

        func run() throws {
            let file = TokenFile.read(file)
            let now = WallTime.now()
            let items = file.tokens.map { token -> JSONValue in
                [
                    "name": .string(token.name), "role": .string(token.role.rawValue),
                    "expires": token.expires.map { .string($0.rfc3339) } ?? .null,
                    "expired": .bool(token.expires.map { $0 <= now } ?? false),
                    "paths": .array(token.paths.map { .string($0) }),
                ]
            }
            Printer(global).show(["items": .array(items)]) { _, style in
                Self.table(file.tokens, now).text(colour: style.colour)
            }
            for problem in file.problems { Console.error("\(problem)") }
            if !file.problems.isEmpty {
                throw CommandFailure(.configurationInvalid, "the token file is invalid")
            }
        }

        private static func table(_ tokens: [AccessToken], _ now: WallTime) -> TextTable {
            var table = TextTable(
                columns: ["NAME", "ROLE", "EXPIRES", "PATHS"].map { .init(title: $0) })
            table.rows = tokens.map { token in
                let isOver = token.expires.map { $0 <= now } ?? false
                return [
                    .init(token.name), .init(token.role.rawValue),
                    .init(token.expires?.rfc3339 ?? "-", isOver ? .red : nil),
                    .init(token.paths.isEmpty ? "-" : token.paths.joined(separator: " ")),
                ]
            }
            return table
        }
    }
}

/// `90d`, `12h` or a date.
struct ExpiryArgument: ExpressibleByArgument, Equatable {
    private enum Kind: Equatable {
        case after(Duration)
        case at(WallTime)
    }
    private let kind: Kind

    init?(argument: String) {
        if let time = WallTime(argument) {
            kind = .at(time)
        } else if let hours = Self.hours(argument) {
            kind = .after(.seconds(hours * 3600))
        } else {
            return nil
        }
    }

    func time(after now: WallTime) -> WallTime {
        switch kind {
        case .after(let duration): now + duration
        case .at(let time): time
        }
    }

    private static func hours(_ text: String) -> Int? {
        let perUnit = ["d": 24, "h": 1][text.suffix(1)]
        let digits = text.dropLast()
        guard let perUnit, (1...6).contains(digits.utf8.count),
            digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let count = Int(digits), count > 0
        else { return nil }
        return count * perUnit
    }
}
