// Finds and reads the files that a configuration includes. Bounded in files, bytes and folder
// entries; what goes wrong with one entry does not keep the others from being read. Blocks for the
// time of the disk.

import Glibc

struct IncludedFiles {
    /// Folder entries that are looked at, whether they match or not.
    static let entryCountMax = 100_000

    /// The including file first.
    private(set) var files: [ConfigurationBundle.File]
    private(set) var findings: [IncludeFinding] = []

    /// The folder of the including file, with a slash at the end, or empty.
    private let folder: String
    private let includingFile: RegularFile.Identity
    private var names: Set<String> = []
    private var byteCount: Int
    private var entryCount = 0
    private var isFull = false

    /// - Parameter path: The including file.
    init(_ contents: RegularFile.Contents, path: String) {
        let nameStart = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
        folder = String(path[..<nameStart])
        files = [.init(name: TerminalText.clean(String(path[nameStart...])), bytes: contents.bytes)]
        includingFile = contents.identity
        byteCount = contents.bytes.count
    }

    /// Adds what one entry stands for; a file that is there already is not read again.
    mutating func add(_ pattern: IncludePattern) {
        guard !isFull else { return }
        var paths = [pattern.isAbsolute ? "/" : ""]
        for component in pattern.components {
            paths = paths.flatMap { path in
                let prefix = path.isEmpty || path == "/" ? path : path + "/"
                if !IncludePattern.isPattern(component) { return [prefix + component] }
                return entries(of: prefix, matching: component, pattern).map { prefix + $0 }
            }
        }
        let before = files.count
        var hasKnown = false
        for path in paths where !isFull {
            if names.contains(path) {
                hasKnown = true
            } else {
                read(path, pattern)
            }
        }
        if files.count == before, !hasKnown,
            !findings.contains(where: { $0.index == pattern.index })
        {
            find(
                pattern, .noMatch, "\(quoted(pattern.text)) matches no file", severity: .warning)
        }
    }

    private mutating func read(_ path: String, _ pattern: IncludePattern) {
        guard ConfigurationBundle.isFileName(path) else {
            find(pattern, .unreadableFile, "\(quoted(path)) has control characters in its name")
            return
        }
        let contents: RegularFile.Contents
        do throws(RegularFile.Failure) {
            contents = try RegularFile.read(onDisk(path), limit: DocumentLimit.textBytes)
        } catch {
            // `teams/*/apus.yaml`: not every folder must have one.
            let isOptional =
                !pattern.isPlain
                && !IncludePattern.isPattern(pattern.components.last ?? "")
            if error.kind == .missing, isOptional { return }
            find(
                pattern,
                error.kind == .missing
                    ? .fileMissing : error.kind == .tooLarge ? .tooLarge : .unreadableFile,
                "\(quoted(path)): \(error.message)")
            return
        }
        if contents.identity == includingFile {
            if pattern.isPlain { find(pattern, .conflictingFields, "a file cannot include itself") }
            return
        }
        names.insert(path)
        files.append(.init(name: path, bytes: contents.bytes))
        byteCount += contents.bytes.count
        if files.count > ConfigurationBundle.fileCountMax {
            fill(pattern, "more than \(ConfigurationBundle.fileCountMax - 1) files are included")
        } else if byteCount > DocumentLimit.textBytes {
            fill(
                pattern,
                "all files together have more than \(DocumentLimit.textBytes) bytes, the most that "
                    + "is read")
        }
    }

    /// Names in a folder, in order of their bytes. Hidden files only match a pattern with a dot.
    private mutating func entries(
        of prefix: String, matching component: String, _ pattern: IncludePattern
    ) -> [String] {
        guard !isFull else { return [] }
        let path = onDisk(prefix.isEmpty ? "." : prefix)
        // SAFETY: the path is a valid C string for the call; the stream is closed below.
        guard let stream = unsafe opendir(path) else {
            if errno != ENOENT, errno != ENOTDIR {
                find(
                    pattern, .unreadableFile,
                    "the folder \(quoted(path)) cannot be listed: \(RegularFile.errorText(errno))")
            }
            return []
        }
        defer { unsafe closedir(stream) }
        var found: [String] = []
        // SAFETY: readdir(3) returns an entry that stays until the next call, with a name that
        // ends in NUL.
        while let entry = unsafe readdir(stream) {
            entryCount += 1
            guard entryCount <= Self.entryCountMax else {
                fill(pattern, "more than \(Self.entryCountMax) folder entries were looked at")
                return []
            }
            let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                let bytes = unsafe bytes.prefix { $0 != 0 }
                return unsafe String(validating: bytes, as: UTF8.self)
            }
            // SAFETY: both are valid C strings for the call.
            guard let name, name != ".", name != "..",
                unsafe fnmatch(component, name, FNM_PERIOD) == 0
            else { continue }
            found.append(name)
        }
        return found.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    private func onDisk(_ path: String) -> String {
        path.hasPrefix("/") ? path : folder + path
    }

    private mutating func fill(_ pattern: IncludePattern, _ message: String) {
        isFull = true
        // What is too much is left out, so that the rest stays readable.
        if files.count > 1 { files.removeLast() }
        find(pattern, .tooLarge, message)
    }

    private mutating func find(
        _ pattern: IncludePattern, _ code: ConfigurationProblem.Code, _ message: String,
        severity: ConfigurationProblem.Severity = .error
    ) {
        guard findings.count < ProblemList.shownCount else { return }
        findings.append(
            IncludeFinding(
                index: pattern.index, code: code, severity: severity, message: message))
    }
}
