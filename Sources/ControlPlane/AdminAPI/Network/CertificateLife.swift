// From when to when a certificate is good, and when somebody should hear that it ends. Pure values.

import Clock
import NIOSSL

/// The time in which every certificate of a chain is valid (RFC 5280 §4.1.2.5).
struct CertificateLife: Sendable, Equatable {
    /// Days before the end at which it is told; 0: it is over.
    static let noticeDays: [Int64] = [0, 1, 7, 30]

    var notBefore: WallTime
    var notAfter: WallTime

    init(notBefore: WallTime, notAfter: WallTime) {
        self.notBefore = notBefore
        self.notAfter = notAfter
    }

    /// Of a chain; an empty one is never valid.
    init(_ chain: [NIOSSLCertificate]) {
        notBefore = WallTime(
            milliseconds: Self.milliseconds(chain.map(\.notValidBefore).max() ?? .max))
        notAfter = WallTime(milliseconds: Self.milliseconds(chain.map(\.notValidAfter).min() ?? 0))
    }

    /// The most urgent notice whose time has come. One that comes in the first half of the life is
    /// none: a certificate for a day is renewed every day, and that is no news.
    func notice(at now: WallTime) -> Int64? {
        Self.noticeDays.first { days in
            let lead = Duration.seconds(days * 86_400)
            return notAfter - now <= lead && (days == 0 || lead * 2 <= notAfter - notBefore)
        }
    }

    private static func milliseconds(_ seconds: Int) -> Int64 {
        let (product, overflow) = Int64(seconds).multipliedReportingOverflow(by: 1_000)
        return overflow ? (seconds < 0 ? .min : .max) : product
    }
}

/// What was told of one certificate in this life of the master: each notice once, and of a new
/// certificate anew.
struct ExpiryNotices: Sendable {
    private var told: (notAfter: WallTime, days: Int64)?

    /// The notice to give now; nil: none, or it was given.
    mutating func next(_ life: CertificateLife, at now: WallTime) -> Int64? {
        guard let days = life.notice(at: now) else { return nil }
        if let told, told.notAfter == life.notAfter, told.days <= days { return nil }
        told = (life.notAfter, days)
        return days
    }
}
