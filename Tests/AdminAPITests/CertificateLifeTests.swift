// When it is told that a certificate ends: each notice once, in time, and only where it is news.

import Clock
import Master
import Model
import TestKit
import Testing

@testable import AdminAPI

struct CertificateLifeTests {
    private static let day = Duration.seconds(86_400)
    private static let start = WallTime(milliseconds: 1_795_000_000_000)

    private static func life(days: Int) -> CertificateLife {
        CertificateLife(notBefore: start, notAfter: start + day * days)
    }

    @Test(
        arguments: [
            (days: 90, left: 31.0, notice: nil), (90, 30, 30), (90, 7.5, 30), (90, 7, 7),
            (90, 1.1, 7),
            (90, 1, 1), (90, 0.1, 1), (90, 0, 0), (90, -100, 0),
            // In the first half of a life nothing is news.
            (59, 29, nil), (60, 30, 30), (30, 8, nil), (30, 7, 7), (13, 6, nil), (2, 1, 1),
            (1, 0.9, nil),
            (1, 0, 0),
        ] as [(days: Int, left: Double, notice: Int64?)])
    func theMostUrgentNotice(_ one: (days: Int, left: Double, notice: Int64?)) {
        let life = Self.life(days: one.days)
        #expect(life.notice(at: life.notAfter + Self.day * -one.left) == one.notice)
    }

    @Test func eachNoticeOnceAndANewCertificateAnew() {
        var notices = ExpiryNotices()
        var told: [Int64] = []
        let old = Self.life(days: 90)
        for hour in 0..<(92 * 24) {
            let now = Self.start + .seconds(hour * 3_600)
            if let days = notices.next(old, at: now) { told.append(days) }
        }
        #expect(told == [30, 7, 1, 0])
        let new = CertificateLife(
            notBefore: old.notAfter + Self.day, notAfter: old.notAfter + Self.day * 91)
        #expect(notices.next(new, at: new.notBefore + Self.day) == nil)
        #expect(notices.next(new, at: new.notAfter + Self.day * -20) == 30)
        // Back to one that is nearer to its end, and a master that was started anew.
        #expect(notices.next(old, at: old.notAfter) == 0)
        var others = ExpiryNotices()
        #expect(others.next(old, at: old.notAfter + Self.day * -2) == 7)
        #expect(others.next(old, at: old.notAfter + Self.day * -2) == nil)
    }

    @Test func absurdTimesAreNoTrap() {
        let edges = [Int64.min, -1, 0, 1, Int64.max].map(WallTime.init(milliseconds:))
        for begin in edges {
            for end in edges {
                for now in edges {
                    _ = CertificateLife(notBefore: begin, notAfter: end).notice(at: now)
                }
            }
        }
        #expect(CertificateLife([]).notice(at: Self.start) == 0)
    }
}

extension NetworkTests {
    /// A renewed certificate is seen by the metric, and one that is over is told, once.
    @Test func theEndOfACertificateIsAMetricAndAnEvent() async throws {
        let files = try TLSFiles()
        try files.issue("renewed", by: "ca", subject: "/CN=renewed", days: 90)
        try files.issue("over", by: "ca", subject: "/CN=over", days: -1)
        let admin = try await NetworkInstance { options in
            options.tcp?.tls.chain = files.certificate("server")
            options.tcp?.tls.key = files.key("server")
            options.metrics = .init(
                listen: [.init(host: .ipv4(0x7F00_0001), port: 0)],
                tls: .init(chain: files.certificate("over"), key: files.key("over")))
        }
        try await eventually { admin.master.notices.count == 1 }
        let notice = try #require(admin.master.notices.first)
        #expect(notice.pointer == "/admin/metrics/tls/chain" && notice.days == 0)
        #expect(notice.notAfter < .now())
        #expect(admin.log.text.contains("has expired"))
        func end() async throws -> Double {
            let text = try await admin.curl(
                "/metrics", role: .read, ["--cacert", files.certificate("ca")]
            ).text
            let series = "apus_certificate_not_after_timestamp_seconds{pointer=\"/admin/"
            #expect(text.contains(series + "metrics/tls/chain\"} "))
            let line = text.split(whereSeparator: \.isNewline).first {
                $0.hasPrefix(series + "tcp/tls/chain\"} ")
            }
            return try #require(line?.split(separator: " ").last.flatMap { Double($0) })
        }
        let now = Double(WallTime.now().milliseconds) / 1_000
        #expect(abs(try await end() - now - 2 * 86_400) < 600)
        for kind in ["pem", "key"] {
            let path = files.directory.path("server.\(kind)")
            _ = try CommandResult.run("/bin/cp", [files.directory.path("renewed.\(kind)"), path])
        }
        try await eventually { abs(try await end() - now - 90 * 86_400) < 600 }
        #expect(admin.master.notices.count == 1)
        await admin.stop()
    }
}
