// How deep a validation looks. Pure.

/// Each level contains those before it.
public enum ValidationLevel: String, Sendable, CaseIterable {
    /// Every value has its shape and stands where it may.
    case schema
    /// What the values say together can be: references lead somewhere, addresses do not collide.
    case semantic
    /// A worker comes up with it.
    case probe
}

extension ConfigurationProblem {
    /// Codes that only the whole document gives.
    private static let semanticCodes: Set<String> = [
        "unknown-reference", "duplicate-address", "unresolved-reference", "protected-address",
        "mixed-families",
        "plaintext-listener",
        "unreachable-frontend", "unreachable-route", "no-weight", "unused-backend", "no-frontend",
    ]

    /// Whether a validation of this level tells it.
    public func belongs(to level: ValidationLevel) -> Bool {
        level != .schema || !Self.semanticCodes.contains(code.rawValue)
    }
}
