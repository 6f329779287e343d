// House rules that no compiler checks (CONTRIBUTING.md). Each failure names file and line.

import Foundation
import Testing

@Suite struct TidyTests {
    @Test func sizes() {
        #expect(SourceTree.files.count > 50)
        for file in SourceTree.files where !file.folders.contains("Generated") {
            let count = file.lines.count - (file.lines.last == "" ? 1 : 0)
            #expect(count <= 400, "\(file.path): \(count) lines")
            // swift-format holds code to 100; it lets comments pass.
            for (index, line) in file.lines.enumerated() {
                #expect(line.count <= 110, "\(file.path):\(index + 1): \(line.count) columns")
            }
        }
    }

    @Test func functionsFitOnAScreen() {
        for file in SourceTree.files {
            for function in functions(of: file.lines) where function.count > 70 {
                Issue.record("\(file.path):\(function.line): \(function.count) lines")
            }
        }
    }

    /// ControlPlane → Shared, DataPlane → Shared; never between planes, never upwards.
    @Test func planesDoNotImportEachOther() {
        let controlPlane: Set = [
            "AdminAPI", "CommandLine", "ConfigurationLanguage", "Master", "Store", "Supervisor",
        ]
        for file in SourceTree.files {
            let folders = file.folders
            if folders.starts(with: ["Sources", "Shared"]) {
                let upwards = file.imports.intersection(controlPlane.union(["DataPlane"]))
                #expect(upwards.isEmpty, "\(file.path) imports \(upwards)")
            } else if folders.starts(with: ["Sources", "DataPlane"]) {
                let across = file.imports.intersection(controlPlane)
                #expect(across.isEmpty, "\(file.path) imports \(across)")
            } else if folders.starts(with: ["Sources", "ControlPlane"]) {
                #expect(!file.imports.contains("DataPlane"), "\(file.path) imports DataPlane")
            }
        }
    }

    /// Foundation costs a worker memory and start time; the decisions need no system at all.
    @Test func importsThatAFolderMayNotHave() {
        let rules: [(folder: String, banned: Set<String>)] = [
            ("Sources/Shared", ["Foundation", "FoundationEssentials", "Dispatch"]),
            ("Sources/DataPlane", ["Foundation", "FoundationEssentials", "Dispatch"]),
            ("Sources/ControlPlane/Supervisor", ["Foundation", "Glibc", "CLinux", "Syscalls"]),
            ("Sources/DataPlane/HTTP", ["Glibc", "Syscalls", "Wire", "SharedState"]),
            ("Sources/DataPlane/HTTP1", ["Glibc", "Syscalls", "CLinux", "Wire", "SharedState"]),
            ("Sources/Shared/Model", ["Glibc", "Syscalls", "CLinux"]),
        ]
        for file in SourceTree.files {
            for rule in rules where file.path.hasPrefix(rule.folder + "/") {
                let found = file.imports.intersection(rule.banned)
                #expect(found.isEmpty, "\(file.path) imports \(found)")
            }
        }
    }

    /// The data plane is one module, so the compiler does not keep its layers apart. A file may
    /// name types of its own folder and of the folders in this table (ARCHITECTURE.md).
    @Test func layersOfTheDataPlane() {
        let mayUse: [String: Set<String>] = [
            "HTTP": [],
            "Buffer": ["HTTP"],
            "EventLoop": [],
            "Transport": ["Buffer", "HTTP"],
            "HTTP1": ["HTTP", "Buffer"],
            // One layer in two folders: a server connection names the exchange it works for, and
            // that one its server.
            "Upstream": ["Buffer", "EventLoop", "HTTP", "HTTP1", "Proxy", "Transport"],
            "Proxy": ["Buffer", "EventLoop", "HTTP", "HTTP1", "Transport", "Upstream"],
            "Worker": ["Buffer", "EventLoop", "HTTP", "HTTP1", "Proxy", "Transport", "Upstream"],
        ]
        let files = SourceTree.files.filter {
            $0.folders.starts(with: ["Sources", "DataPlane"]) && $0.folders.count >= 3
                && $0.folders[2] != "Program"
        }
        var owner: [Substring: Set<String>] = [:]
        for file in files {
            for type in file.declaredTypes where !file.lines[type.line - 1].hasPrefix(" ") {
                owner[Substring(type.name), default: []].insert(file.folders[2])
            }
        }
        for file in files {
            let folder = file.folders[2]
            guard let allowed = mayUse[folder] else {
                Issue.record("\(file.path): a layer that the table does not know")
                continue
            }
            for word in file.capitalWords {
                guard let home = owner[word], home.count == 1, let home = home.first else {
                    continue
                }
                #expect(
                    home == folder || allowed.contains(home),
                    "\(file.path) names \(word) of \(home)")
            }
        }
    }

    @Test func bannedNames() {
        let banned = ["Manager", "Helper", "Util", "Common", "Base", "Info", "Data", "Context"]
        // Words that only contain one, and OpenSSL's own word.
        let allowed: Set = ["Database", "TLSContext", "InterfaceDataPlane"]
        for file in SourceTree.files {
            let names = file.declaredTypes.map { ($0.name, $0.line) } + [(file.name, 1)]
            for (name, line) in names where !allowed.contains(name) {
                let words = Self.words(name)
                for word in banned where words.contains(word) {
                    Issue.record("\(file.path):\(line): \(name) says \(word)")
                }
            }
        }
    }

    @Test func noMachinePathsAndNoBlockComments() {
        let places = ["/wor" + "k/", "/hom" + "e/", "/roo" + "t/", "/tm" + "p/"]
        let texts =
            SourceTree.paths(below: "Sources") + SourceTree.paths(below: "Tests")
            + SourceTree.paths(below: "docs") + SourceTree.paths(below: "bench")
            + SourceTree.paths(below: "scripts") + ["Makefile", "Package.swift", "README.md"]
        for path in texts where !path.contains("/results/") {
            for (index, line) in SourceTree.text(path).split(
                separator: "\n", omittingEmptySubsequences: false
            ).enumerated() {
                for place in places where line.contains(place) {
                    Issue.record("\(path):\(index + 1): a path of one machine, \(place)")
                }
            }
        }
        for file in SourceTree.files {
            for (index, line) in file.code.enumerated() {
                #expect(!line.contains("TO" + "DO"), "\(file.path):\(index + 1)")
                #expect(!line.contains("fatal" + "Error("), "\(file.path):\(index + 1)")
                #expect(!line.contains("tr" + "y!"), "\(file.path):\(index + 1)")
            }
        }
    }

    /// What a file is for stands at its top, or directly above its one main type.
    @Test func everySourceFileSaysWhatItIsFor() {
        for file in SourceTree.files where file.path.hasPrefix("Sources/") {
            let isSaid = file.lines.prefix(10).contains { $0.hasPrefix("//") }
            #expect(isSaid, "\(file.path) has no header")
        }
    }

    /// Neither as a library nor linked in.
    @Test func workerDoesNotLinkFoundation() throws {
        let folder = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
            .deletingLastPathComponent()
        let program = folder.appendingPathComponent("apus-worker")
        guard let bytes = try? Data(contentsOf: program) else { return }
        for mark in ["libFoundation", "$s10Foundation"] {
            #expect(bytes.range(of: Data(mark.utf8)) == nil, "apus-worker holds \(mark)")
        }
    }

    /// `HTTPDataPlane` is HTTP, Data, Plane; so `DataPlane` is an architecture word.
    private static func words(_ name: String) -> [String] {
        var words: [String] = []
        for character in name.replacingOccurrences(of: "DataPlane", with: "Plane") {
            if character.isUppercase, words.last?.last?.isUppercase != true || words.isEmpty {
                words.append("")
            } else if words.isEmpty {
                words.append("")
            }
            if let last = words.indices.last { words[last].append(character) }
        }
        return words
    }

    /// First line and length of each function, by the indentation of its closing brace.
    private func functions(of lines: [Substring]) -> [(line: Int, count: Int)] {
        var result: [(line: Int, count: Int)] = []
        for (index, line) in lines.enumerated() {
            let indent = line.prefix { $0 == " " }
            let words = line.split { !($0.isLetter || $0 == "_") }.prefix(6)
            guard words.contains("func") || words.contains("init") || words.contains("deinit"),
                !line.contains("//"), !line.contains(".init"), !line.hasSuffix("}")
            else { continue }
            let end = lines[index...].firstIndex { $0 == indent + "}" || $0 == indent + "} }" }
            if let end { result.append((index + 1, end - index + 1)) }
        }
        return result
    }
}
