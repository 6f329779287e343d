// Reads a configuration from disk: the file that is named, and what it includes. What the bytes
// mean is ConfigurationSource's. Blocks for the time of the disk: not for an event loop that has a
// deadline to keep.

/// A file that holds a configuration.
public enum ConfigurationFile {
    /// The configuration at `path` (absolute, or from the working directory). Throws one problem,
    /// without a position, that says what to do.
    public static func load(_ path: String) throws(ConfigurationProblem) -> ConfigurationSource {
        let contents = try contents(path)
        let text = ConfigurationText(bytes: contents.bytes)
        guard !ConfigurationBundle.isBundle(contents.bytes), mentionsInclude(contents.bytes) else {
            return ConfigurationSource(text: text, fileName: path)
        }
        let patterns = ValueReader.includePatterns(of: text)
        guard !patterns.isEmpty else { return ConfigurationSource(text: text, fileName: path) }
        var included = IncludedFiles(contents, path: path)
        for pattern in patterns {
            included.add(pattern)
        }
        return ConfigurationSource(
            text: ConfigurationBundle(files: included.files).text, fileName: path,
            includeFindings: included.findings)
    }

    /// The bytes of one file, whatever it includes.
    public static func text(_ path: String) throws(ConfigurationProblem) -> ConfigurationText {
        ConfigurationText(bytes: try contents(path).bytes)
    }

    /// Few files include others; of the rest no tree is made twice.
    private static func mentionsInclude(_ bytes: [UInt8]) -> Bool {
        let word = Array("include".utf8)
        return bytes.indices.contains {
            bytes[$0] == word[0] && bytes[$0...].starts(with: word)
        }
    }

    private static func contents(
        _ path: String
    ) throws(ConfigurationProblem) -> RegularFile.Contents {
        do throws(RegularFile.Failure) {
            return try RegularFile.read(path, limit: DocumentLimit.textBytes)
        } catch {
            let advice = error.kind == .missing ? "; check the path" : ""
            throw ConfigurationProblem(
                code: error.kind == .tooLarge ? .tooLarge : .unreadableFile, file: path,
                position: nil, pointer: "", message: error.message + advice)
        }
    }
}
