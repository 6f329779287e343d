// The project's own sources, read as text.

import Foundation

/// One Swift file below the package's root.
struct SourceFile: Sendable {
    /// Below the root: `Sources/Shared/Clock/Instant.swift`.
    var path: String
    var lines: [Substring]

    var name: String { String((path as NSString).lastPathComponent.dropLast(6)) }
    var folders: [String] { path.split(separator: "/").dropLast().map(String.init) }

    /// Modules that it imports.
    var imports: Set<String> {
        Set(
            lines.compactMap { line in
                let words = line.split(separator: " ")
                guard let place = words.firstIndex(of: "import"), place <= 2,
                    words.indices.contains(place + 1)
                else { return nil }
                return words[place + 1].split(separator: ".").first.map(String.init)
            })
    }

    /// Its lines without comments and the insides of plain string literals.
    var code: [String] {
        lines.map { line in
            var result = ""
            var isInside = false
            var previous: Character = " "
            for character in line {
                if character == "\"", previous != "\\" { isInside.toggle() }
                if !isInside, character == "/", previous == "/" {
                    result.removeLast()
                    break
                }
                if !isInside || character == "\"" { result.append(character) }
                previous = character
            }
            return result
        }
    }

    /// Words of the code that begin with a capital: types, mostly.
    var capitalWords: Set<Substring> {
        Set(
            code.joined(separator: "\n").split { !($0.isLetter || $0.isNumber || $0 == "_") }
                .filter { $0.first?.isUppercase == true }.map { Substring(String($0)) })
    }

    /// Types that it declares, nested ones too, with the number of their line.
    var declaredTypes: [(name: String, line: Int)] {
        let kinds: Set<Substring> = ["struct", "class", "enum", "actor", "protocol", "typealias"]
        return code.enumerated().compactMap { index, line in
            let words = line.split { !($0.isLetter || $0.isNumber || $0 == "_") }
            guard let place = words.firstIndex(where: { kinds.contains($0) }), place <= 4,
                words.indices.contains(place + 1),
                words[..<place].allSatisfy({ $0.first?.isLowercase == true }),
                words[place + 1].first?.isUppercase == true
            else { return nil }
            return (String(words[place + 1]), index + 1)
        }
    }
}

/// All of them.
enum SourceTree {
    static let root: String = {
        var url = URL(fileURLWithPath: #filePath)
        for _ in 0..<3 { url.deleteLastPathComponent() }
        return url.path
    }()

    static let files: [SourceFile] = swiftFiles("Sources") + swiftFiles("Tests")

    static func text(_ path: String) -> String {
        (try? String(contentsOfFile: "\(root)/\(path)", encoding: .utf8)) ?? ""
    }

    static func paths(below folder: String) -> [String] {
        let all = FileManager.default.enumerator(
            at: URL(fileURLWithPath: "\(root)/\(folder)").resolvingSymlinksInPath(),
            includingPropertiesForKeys: nil)
        let base = URL(fileURLWithPath: "\(root)/\(folder)").resolvingSymlinksInPath().path
        var result: [String] = []
        while let url = all?.nextObject() as? URL {
            var isDirectory: ObjCBool = false
            unsafe _ = FileManager.default.fileExists(atPath: url.path, isDirectory: &isDirectory)
            if !isDirectory.boolValue { result.append(folder + url.path.dropFirst(base.count)) }
        }
        return result.sorted()
    }

    private static func swiftFiles(_ folder: String) -> [SourceFile] {
        paths(below: folder).filter { $0.hasSuffix(".swift") }.map {
            SourceFile(
                path: $0, lines: text($0).split(separator: "\n", omittingEmptySubsequences: false))
        }
    }
}
