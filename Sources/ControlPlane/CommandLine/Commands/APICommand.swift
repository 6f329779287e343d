// `apus api`: any request to the admin API, for what has no command. The answer's body goes to
// stdout as it came.

import ArgumentParser
import FoundationEssentials
import Glibc
import JSON
import NIOHTTP1

struct APICommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "api", abstract: "Send one request to the admin API and print the answer.",
        discussion: """
            The body of the answer goes to stdout, unchanged unless -o names another format than \
            json. The exit code is 0 for 2xx; else what the problem's code, or the status, says: \
            `apus help exit-codes`.

            A request with a method other than GET and HEAD is sent as JSON unless -H says \
            otherwise. `apus events` follows streams; this waits for the end of an answer.

              apus api GET /v1/status
              apus api POST '/v1/reloads?wait=60s' -d '{"reason":"deploy 7781"}'
              apus api POST /v1/config/validate -d @apus.yaml -H 'Content-Type: application/yaml'
            """)

    @OptionGroup var global: GlobalOptions
    @Argument(help: "GET, POST, PUT, PATCH, DELETE.") var method: String
    @Argument(help: "Path and query, from `/` on.") var path: String

    @Option(
        name: .customShort("d"),
        help: ArgumentHelp(
            "The body: text, @file, or @- for standard input.", valueName: "text|@file"))
    var body: String?

    @Option(
        name: .customShort("H"), parsing: .singleValue,
        help: ArgumentHelp("A header field more: `Name: value`.", valueName: "field"))
    var fields: [String] = []

    /// The master waits 300 s at most if it is asked to.
    private static let waitMax = Duration.seconds(300)

    func run() throws {
        guard let target = RequestTarget(verbatim: path) else {
            throw ValidationError("\(path) is not a path: it starts with / and has no blanks")
        }
        let method = HTTPMethod(rawValue: method.uppercased())
        guard method.rawValue.utf8.allSatisfy({ (0x41...0x5A).contains($0) }) else {
            throw ValidationError("\(self.method) is not a method")
        }
        let session = try ClientSession(global)
        let response = try session.client.raw(
            method, target, fields: try requestFields(method), body: try requestBody(method),
            waiting: Self.waitMax)
        let value = try? JSONText.parse(response.body)
        if !session.quiet { show(response.body, value) }
        guard !(200..<300).contains(response.status) else { return }
        throw CommandFailure(
            ExitStatus(
                problemCode: value?["code"]?.stringValue ?? "", httpStatus: response.status),
            "\(method.rawValue) \(path): status \(response.status)")
    }

    private func show(_ body: [UInt8], _ value: JSONValue?) {
        if let format = global.output, let value,
            let bytes = Printer.bytes(value, body: body, format: format)
        {
            Console.output(bytes: bytes)
        } else {
            Console.output(bytes: body)
        }
    }

    private func requestFields(_ method: HTTPMethod) throws -> [(String, String)] {
        var result: [(String, String)] = []
        for field in fields {
            let parts = field.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, !parts[0].isEmpty,
                field.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
            else { throw ValidationError("\(field) is not a header field: `Name: value`") }
            result.append((String(parts[0]), String(parts[1].drop { $0 == " " })))
        }
        let hasType = result.contains { $0.0.lowercased() == "content-type" }
        if !hasType, method != .GET, method != .HEAD {
            result.append(("Content-Type", "application/json"))
        }
        return result
    }

    private func requestBody(_ method: HTTPMethod) throws -> [UInt8]? {
        guard let body else { return method == .GET || method == .HEAD ? nil : [] }
        guard body.hasPrefix("@") else { return Array(body.utf8) }
        let path = body == "@-" ? "/dev/stdin" : String(body.dropFirst())
        do {
            return Array(try Data(contentsOf: URL(filePath: path)))
        } catch {
            throw CommandFailure(.usage, "cannot read \(path)")
        }
    }
}
