// The digest that tells a repeated request from another one. Pure.

internal import ConfigurationLanguage
public import Store

extension IdempotencyKey {
    /// - Parameter request: what was asked for, in a form that is equal for equal requests.
    public init(principal: String, key: String, request: [UInt8]) {
        self.init(
            principal: principal, key: key, digest: ConfigurationText(bytes: request).sha256)
    }
}
