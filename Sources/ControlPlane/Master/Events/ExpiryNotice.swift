// That a certificate ends: what watchers are told. Pure value.

public import Clock

/// A certificate that is over soon, or is over.
public struct ExpiryNotice: Sendable, Equatable {
    /// RFC 6901: the field of the configuration that names it.
    public var pointer: String
    /// Of the certificate in its chain that is over first.
    public var notAfter: WallTime
    /// Days before the end for which this is the notice; 0: it is over.
    public var days: Int64

    public init(pointer: String, notAfter: WallTime, days: Int64) {
        self.pointer = pointer
        self.notAfter = notAfter
        self.days = days
    }
}
