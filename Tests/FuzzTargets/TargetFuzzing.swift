// What routes read out of a request's target and its cookies, and the files of maps.

import Model

@testable import ConfigurationLanguage
@testable import DataPlane

enum TargetFuzzing {
    /// The text as a path, a host, a query and a Cookie field at once.
    static func readTarget(_ input: UnsafeBufferPointer<UInt8>) {
        guard let start = input.baseAddress else { return }
        let text = unsafe Bytes(start: start, count: input.count)
        readPath(text)
        // The host of a host is itself.
        if let length = Authority.hostLength(text) {
            require(length <= text.count && Authority.hostLength(text.prefix(length)) == length)
        }
        var parameters = QueryParameters(text)
        var length = 0
        while let parameter = parameters.next() {
            length += parameter.whole.count
            require(parameter.name.count + parameter.value.count <= parameter.whole.count)
            require(DecodedText(parameter.value).count <= parameter.value.count)
        }
        require(length <= text.count)
        var cookies = CookieList(text)
        while let cookie = cookies.next() {
            require(cookie.name.count + cookie.value.count < text.count)
        }
    }

    private static func readPath(_ path: Bytes) {
        let arena = ConfigurationArena()
        let memory = CaptureMemory()
        for text in ["/{a}/{b}", "/x/{a}/{rest*}", "/{rest*}", "/a//{b}"] {
            guard let pattern = PathPattern(text) else { continue }
            let compiled = CompiledPathPattern(
                pattern, numbers: ["a": 0, "b": 1, "rest": 2], arena: arena)
            var captures = memory.empty
            guard compiled.takes(path, &captures) else { continue }
            for number in 0..<3 { require(captures[number].count <= path.count) }
        }
        guard PathNormaliser.isPath(path) else { return }
        switch PathNormaliser.check(path) {
        case .refused: return
        case .normal: refine(path)
        case .resolvable:
            // What normalising makes of a path is a path, normal, and no longer than it.
            let scratch = ByteScratch(capacity: path.count)
            var writer = scratch.writer()
            guard PathNormaliser.write(path, to: &writer) == nil else { return }
            requireNormal(writer)
            // Once more is no more.
            let again = ByteScratch(capacity: path.count)
            var second = again.writer()
            require(PathNormaliser.write(writer.written, to: &second) == nil)
            require(second.written.equals(writer.written))
            refine(writer.written)
        }
    }

    /// The same of what a frontend makes of it then, and it is done with once.
    private static func refine(_ path: Bytes) {
        for parameters in PathParameters.allCases {
            for merges in [false, true] {
                var rules = PathRules()
                rules.parameters = parameters
                rules.mergesSlashes = merges
                let refinement = PathRefinement(rules)
                let scratch = ByteScratch(capacity: path.count)
                var writer = scratch.writer()
                guard refinement.write(path, to: &writer) == nil else { continue }
                requireNormal(writer)
                require(!refinement.changes(writer.written))
                let written = writer.written
                require(refinement.changes(path) || written.equals(path))
            }
        }
    }

    private static func requireNormal(_ writer: borrowing ByteWriter) {
        require(!writer.overflowed)
        let written = writer.written
        require(PathNormaliser.isPath(written))
        guard case .normal = PathNormaliser.check(written) else { return require(false) }
    }

    /// Every key that a file has is found with its value.
    static func readMap(_ input: UnsafeBufferPointer<UInt8>) {
        let bytes = unsafe Array(input)
        for kind in ValueMap.Kind.allCases {
            var map = ValueMap(
                name: "m", file: "/m", kind: kind, key: kind == .cidr ? .clientIP : .method)
            map.entries = MapFile(bytes, path: "/m", map: map).lines.map(\.entry)
            let arena = ConfigurationArena()
            let compiled = CompiledMap(map, backends: [:], arena: arena, names: RuleNames())
            for entry in map.entries where kind != .cidr {
                var facts = ExchangeFacts()
                facts.method = arena.bytes(entry.key)
                require(compiled.text(facts)?.equals(arena.bytes(entry.value)) == true)
            }
        }
    }

    private static func require(_ condition: Bool) {
        precondition(condition, "two ways of reading the same bytes disagree")
    }
}
