// A difference as the API and the command line show it. Pure, any thread.

public import JSON

extension ConfigurationDifference {
    /// Beyond that changes are counted and not shown: who changes so much reads the files.
    private static let shownCount = 10_000

    /// `impact`, `apply`, `change_count`, `changes`. What is lighter than a reload is applied by one
    /// in this version, which `apply` tells.
    public var json: JSONObject {
        let apply = impact.map { max($0, .reload) }
        return Self.json(
            impact, apply, count: changes.count,
            changes.prefix(Self.shownCount).map { change in
                [
                    "op": .string(change.operation.rawValue), "pointer": .string(change.pointer),
                    "impact": .string(change.impact.rawValue),
                ]
            })
    }

    /// The same where nothing was compared.
    public static var noJSON: JSONObject { json(nil, nil, count: 0, []) }

    private static func json(
        _ impact: ChangeImpact?, _ apply: ChangeImpact?, count: Int, _ changes: [JSONValue]
    ) -> JSONObject {
        JSONObject([
            .init(name: "impact", value: impact.map { .string($0.rawValue) } ?? .null),
            .init(name: "apply", value: apply.map { .string($0.rawValue) } ?? .null),
            .init(name: "change_count", value: .number(count)),
            .init(name: "changes", value: .array(changes)),
        ])
    }
}
