// Which events a watcher wants: `?type=generation.*,reload.failed`. A type that there is not is
// refused, so that nobody waits for it. Pure value, any thread.

import Master

struct EventFilter: Sendable {
    private let kinds: Set<MasterEvent.Kind>

    /// Nil or empty text is every event.
    init(_ text: String?) throws(Problem) {
        guard let text, !text.isEmpty else {
            kinds = Set(MasterEvent.Kind.allCases)
            return
        }
        var kinds: Set<MasterEvent.Kind> = []
        for name in text.split(separator: ",", omittingEmptySubsequences: false) {
            let matching = MasterEvent.Kind.allCases.filter { Self.matches($0.rawValue, name) }
            guard !matching.isEmpty else { throw Self.unknown(String(name)) }
            kinds.formUnion(matching)
        }
        self.kinds = kinds
    }

    func accepts(_ event: MasterEvent) -> Bool { kinds.contains(event.kind) }

    /// `generation.*` is every type that begins with `generation.`.
    private static func matches(_ kind: String, _ wanted: Substring) -> Bool {
        wanted.hasSuffix("*") ? kind.hasPrefix(wanted.dropLast()) : kind == wanted
    }

    private static func unknown(_ name: String) -> Problem {
        let known = MasterEvent.Kind.allCases.map(\.rawValue)
        return Problem(
            .invalidParameter,
            "type is a list of \(known.joined(separator: ", ")), or a beginning such as reload.*",
            errors: [
                .init(
                    code: "invalid-value",
                    message: "unknown event type \(String(name.prefix(80)))",
                    suggestion: NearestName.of(name, in: known))
            ])
    }
}
