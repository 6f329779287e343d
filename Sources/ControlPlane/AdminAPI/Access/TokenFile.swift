// The file of tokens: a line each, `NAME ROLE sha256:HASH [expires=TIME] [path=PATH]…`; empty lines
// and lines that begin with # say nothing. Read strictly: what is not understood grants nothing and
// is told with its place. Any thread; reading blocks for the time of the disk.

import Clock
import ConfigurationLanguage
import Model
import Syscalls

/// Something wrong with a token file.
public struct TokenFileProblem: Error, Sendable, Equatable, CustomStringConvertible {
    /// As it was named.
    public var file: String
    /// From 1; nil: the file as a whole.
    public var line: Int?
    /// What is wrong; of the line it quotes names, never the hash.
    public var message: String

    /// `file:line: error: text`.
    public var description: String {
        "\(TerminalText.clean(file)):\(line.map { "\($0):" } ?? "") error: \(message)"
    }
}

/// What a token file holds.
public struct TokenFile: Sendable {
    /// Longer files, and longer lists, are refused as a whole.
    public static let bytesMax = 1 << 20
    public static let countMax = 1_000

    /// In the order of the file; those whose line has a problem are not among them.
    public private(set) var tokens: [AccessToken] = []
    /// In the order of the file. A problem of the file as a whole leaves no token.
    public private(set) var problems: [TokenFileProblem] = []

    private let path: String

    /// Reads the file at `path`, which others may neither read nor write, nor its group write.
    public static func read(_ path: String) -> TokenFile {
        var file = TokenFile(path)
        do throws(SystemError) {
            if let complaint = try complaint(path) {
                file.refuse(complaint)
                return file
            }
            let bytes = try Files.read(path, maxBytes: bytesMax)
            guard let text = String(validating: bytes, as: UTF8.self) else {
                file.refuse("it is not text in UTF-8")
                return file
            }
            file.parse(text)
        } catch {
            file.refuse("cannot be read: \(error)")
        }
        return file
    }

    /// Reads a text as the file of that name.
    public static func parse(_ text: String, path: String) -> TokenFile {
        var file = TokenFile(path)
        file.parse(text)
        return file
    }

    private init(_ path: String) {
        self.path = path
    }

    private static func complaint(_ path: String) throws(SystemError) -> String? {
        let status = try Files.status(of: path)
        guard status.isRegular else { return "it is not a regular file" }
        guard status.mode & 0o026 == 0 else {
            let mode = String(status.mode & 0o777, radix: 8)
            return "its mode is \(mode): others may read it, or somebody besides its owner may "
                + "write it; chmod 640 or 600"
        }
        return nil
    }

    private mutating func refuse(_ message: String, line: Int? = nil) {
        problems.append(TokenFileProblem(file: path, line: line, message: message))
    }

    private mutating func parse(_ text: String) {
        var names: [String: Int] = [:]
        var hashes: [String: Int] = [:]
        // Of bytes: to Swift a line feed behind a carriage return is no line feed.
        let lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (number, line) in zip(1..., lines) {
            let words = line.split { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }
                .map { String(Substring($0)) }
            guard let first = words.first, !first.hasPrefix("#") else { continue }
            do throws(Complaint) {
                let token = try Self.token(words)
                if let other = names[token.name] {
                    throw Complaint("\"\(token.name)\" is the name of line \(other) already")
                }
                if let other = hashes[token.sha256] {
                    throw Complaint("this is the token of line \(other) already")
                }
                (names[token.name], hashes[token.sha256]) = (number, number)
                tokens.append(token)
            } catch {
                refuse(error.message, line: number)
            }
        }
        if tokens.count > Self.countMax {
            tokens = []
            refuse("it has more than \(Self.countMax) tokens")
        }
    }

    private struct Complaint: Error {
        var message: String

        init(_ message: String) { self.message = message }
    }

    private static func token(_ words: [String]) throws(Complaint) -> AccessToken {
        guard words.count >= 3 else {
            throw Complaint("a line is NAME ROLE sha256:HASH [expires=TIME] [path=PATH]…")
        }
        guard isName(words[0]) else {
            throw Complaint("\(shown(words[0])) is no name: 1 to 64 of A-Z a-z 0-9 _ . -")
        }
        guard let role = AccessRole(rawValue: words[1]) else {
            throw Complaint("\(shown(words[1])) is no role, must be read, operate or admin")
        }
        guard words[2].hasPrefix("sha256:"), isDigest(words[2].dropFirst(7)) else {
            throw Complaint(
                "the third word must be sha256: and 64 lower-case hexadecimal digits, as `apus token "
                    + "create` prints it")
        }
        var token = AccessToken(name: words[0], role: role, sha256: String(words[2].dropFirst(7)))
        for word in words.dropFirst(3) { try read(word, into: &token) }
        return token
    }

    private static func read(_ word: String, into token: inout AccessToken) throws(Complaint) {
        let pair = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            .map(String.init)
        switch (pair[0], pair.count) {
        case ("expires", 2):
            guard token.expires == nil else { throw Complaint("expires stands here twice") }
            guard let time = WallTime(pair[1]) else {
                throw Complaint(
                    "\(shown(pair[1])) is no time, must be as 2027-01-31T12:00:00Z or 2027-01-31")
            }
            token.expires = time
        case ("path", 2):
            guard isPath(pair[1]) else {
                throw Complaint(
                    "\(shown(pair[1])) is no path of the API, must be as /v1/reloads")
            }
            token.paths.append(pair[1])
        default:
            throw Complaint("\(shown(word)) is not known here, must be expires=TIME or path=PATH")
        }
    }

    /// Whether a token may have this name.
    public static func isName(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "_"), UInt8(ascii: "."),
                    UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }

    /// Whether a token can be confined to this path: `/v1/reloads`, without a slash at its end.
    public static func isPath(_ text: String) -> Bool {
        text.hasPrefix("/") && text.utf8.count <= 256 && (text == "/" || !text.hasSuffix("/"))
            && !text.contains("//")
            && text.utf8.allSatisfy { (0x21...0x7E).contains($0) && !"?#%".utf8.contains($0) }
    }

    private static func isDigest(_ text: Substring) -> Bool {
        text.utf8.count == 64
            && text.utf8.allSatisfy { byte in
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                    || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
            }
    }

    /// What is not understood could be a token that stands in the wrong place: cut to nothing then.
    private static func shown(_ word: String) -> String {
        if word.hasPrefix("apus_") || word.utf8.count > 32 { return "a word" }
        return "\"\(TerminalText.clean(word))\""
    }
}
