// Names and `*.suffixes`, compiled: whether a host, or the name that a TLS client asks for, is one
// of them. Hot; read-only, shared by all loops of a worker.

internal import Model

/// Good for as long as the arena it was compiled into.
struct HostPatterns: BitwiseCopyable {
    private struct Pattern: BitwiseCopyable {
        /// Lower case; a suffix begins with its dot.
        let name: Bytes
        let isSuffix: Bool
    }
    private let patterns: Run<Pattern>

    init(_ patterns: [HostPattern], arena: ConfigurationArena) {
        self.patterns = arena.run(
            patterns.map { pattern in
                switch pattern {
                case .exact(let name):
                    Pattern(name: arena.bytes(Self.trimmed(name)), isSuffix: false)
                case .suffix(let name):
                    Pattern(name: arena.bytes(Self.trimmed(name)), isSuffix: true)
                }
            })
    }

    var isEmpty: Bool { @inline(__always) get { patterns.isEmpty } }

    /// Whether `host`, in any case and without a final dot, fits one of them.
    @inline(__always)
    func take(_ host: Bytes) -> Bool {
        var index = 0
        while index < patterns.count {
            let pattern = patterns[index]
            if !pattern.isSuffix {
                if host.equalsIgnoringCase(pattern.name) { return true }
            } else if host.count > pattern.name.count {
                let tail = host.suffix(from: host.count &- pattern.name.count)
                if tail.equalsIgnoringCase(pattern.name) { return true }
            }
            index &+= 1
        }
        return false
    }

    /// Lower case, without the dot that a host is rid of as well.
    private static func trimmed(_ host: String) -> String {
        let lower = host.lowercased()
        return lower.hasSuffix(".") ? String(lower.dropLast()) : lower
    }
}
