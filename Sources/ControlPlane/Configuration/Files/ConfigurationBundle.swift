// A configuration of several files as one text: what the store keeps as a revision, so that a
// revision is the whole truth. Pure. Each file is there as it was written, with its length before
// it, so nothing in it needs an escape and people can read it:
//
//     # apus-bundle 1
//     # file 151 apus.yaml
//     …151 bytes…
//     # file 80 conf.d/api.yaml
//     …80 bytes…

/// A configuration file with the files that it includes.
public struct ConfigurationBundle: Sendable, Equatable {
    /// One file.
    public struct File: Sendable, Equatable {
        /// The first file's own name; of the others the path from the first one's folder, or the
        /// absolute path, as it was included.
        public var name: String
        /// As written.
        public var bytes: [UInt8]

        public init(name: String, bytes: [UInt8]) {
            self.name = name
            self.bytes = bytes
        }
    }

    /// How many files a document has at most, with the first.
    public static let fileCountMax = 1_001

    /// The including file, then the included ones, each once, in the order of inclusion.
    public var files: [File]

    /// - Parameter files: At least one; names without control characters.
    public init(files: [File]) {
        self.files = files
    }

    /// The files in one text.
    public var text: ConfigurationText {
        var bytes = Self.mark
        for file in files {
            bytes += "# file \(file.bytes.count) \(file.name)\n".utf8
            bytes += file.bytes
            bytes.append(UInt8(ascii: "\n"))
        }
        return ConfigurationText(bytes: bytes)
    }

    private static let mark = Array("# apus-bundle 1\n".utf8)
    private static let fileMark = Array("# file ".utf8)

    /// Whether a text says that it is a bundle.
    static func isBundle(_ bytes: [UInt8]) -> Bool {
        bytes.starts(with: mark)
    }

    /// Nil where a text that begins as a bundle does not go on as one.
    init?(_ bytes: [UInt8]) {
        guard Self.isBundle(bytes) else { return nil }
        files = []
        var rest = bytes[Self.mark.count...]
        while !rest.isEmpty {
            guard rest.starts(with: Self.fileMark), files.count < Self.fileCountMax,
                let lineEnd = rest.firstIndex(of: UInt8(ascii: "\n"))
            else { return nil }
            let line = String(
                validating: rest[(rest.startIndex + Self.fileMark.count)..<lineEnd], as: UTF8.self)
            rest = rest[(lineEnd + 1)...]
            guard let line, let space = line.firstIndex(of: " "),
                Units.isInteger(String(line[..<space])), let count = Int(line[..<space]),
                count >= 0, count < rest.count
            else { return nil }
            let name = String(line[space...].dropFirst())
            let end = rest.startIndex + count
            guard Self.isFileName(name), rest[end] == UInt8(ascii: "\n") else { return nil }
            files.append(File(name: name, bytes: Array(rest[..<end])))
            rest = rest[(end + 1)...]
        }
        if files.isEmpty { return nil }
    }

    /// Names stand in problems and in the marks of the bundle.
    static func isFileName(_ name: String) -> Bool {
        (1...4_095).contains(name.utf8.count) && TerminalText.clean(name) == name
    }
}
