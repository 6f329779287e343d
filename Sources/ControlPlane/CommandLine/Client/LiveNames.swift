// Names that only a master knows, for a shell that completes a command: quick, and silent when no
// master answers.

import JSON
import NIOHTTP1

enum LiveNames {
    private static let patience = Duration.milliseconds(500)

    /// Numbers of generations, newest first.
    @Sendable static func generations(_ words: [String], _: Int, _: String) -> [String] {
        names("/v1/generations", words) { $0["generation"]?.integerValue.map(String.init) }
    }

    /// The same, and `current`.
    @Sendable static func generationNames(_ words: [String], _: Int, _: String) -> [String] {
        ["current"] + generations(words, 0, "")
    }

    /// Ids of reloads, newest first.
    @Sendable static func reloads(_ words: [String], _: Int, _: String) -> [String] {
        names("/v1/reloads", words) { $0["id"]?.stringValue }
    }

    /// Names of backends.
    @Sendable static func backends(_ words: [String], _: Int, _: String) -> [String] {
        names("/v1/backends", words) { $0["name"]?.stringValue }
    }

    /// `BACKEND/NAME` of each server.
    @Sendable static func servers(_ words: [String], _: Int, _: String) -> [String] {
        backends(words, 0, "").flatMap { backend in
            names("/v1/backends/\(backend)/servers", words) { server in
                server["name"]?.stringValue.map { "\(backend)/\($0)" }
            }
        }
    }

    /// `words` is the command line so far: it may name the master.
    private static func names(
        _ target: RequestTarget, _ words: [String], name: (JSONValue) -> String?
    ) -> [String] {
        guard let address = try? MasterAddress(options(in: words)),
            let response = try? HTTPExchange(address: address).exchange(
                .GET, target.text, within: patience),
            response.status == 200, let page = try? JSONText.parse(response.body)
        else { return [] }
        // A name with a blank or worse in it is none of the master's.
        return page.items.compactMap(name).filter { name in
            name.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: ":") }
        }
    }

    static func options(in words: [String]) -> GlobalOptions {
        var options = GlobalOptions()
        options.socket = value(of: "--socket", in: words)
        options.url = value(of: "--url", in: words)
        options.tokenFile = value(of: "--token-file", in: words)
        options.caFile = value(of: "--ca-file", in: words)
        options.clientCertificate = value(of: "--client-certificate", in: words)
        options.clientKey = value(of: "--client-key", in: words)
        return options
    }

    private static func value(of option: String, in words: [String]) -> String? {
        for (index, word) in words.enumerated() {
            if word.hasPrefix(option + "=") { return String(word.dropFirst(option.count + 1)) }
            if word == option, words.indices.contains(index + 1) { return words[index + 1] }
        }
        return nil
    }
}
