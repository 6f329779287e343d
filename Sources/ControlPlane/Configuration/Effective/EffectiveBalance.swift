// `balance:` in the effective document. Counterpart: BalanceReader.

import JSON
import Model

extension JSONValue {
    static func balance(_ policy: BalancePolicy) -> JSONValue {
        guard policy.kind == .hash, let key = policy.key else {
            return .string(policy.kind.rawValue)
        }
        return .object([
            "hash": .string(key.text),
            "bound": policy.boundPercent.map { .string("\($0)%") },
        ])
    }
}
