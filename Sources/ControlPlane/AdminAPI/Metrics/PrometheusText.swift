// The text exposition format of Prometheus, version 0.0.4: metrics in, text out. Pure value.

import Master
import SharedState

struct PrometheusText: Sendable {
    static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    private(set) var text = ""

    /// Values of the labels in the family's order, and the value.
    typealias Sample = (labels: [String], value: String)

    /// All samples of a family: they must stand together.
    mutating func write(_ family: MetricFamily, _ samples: [Sample]) {
        writeHead(family)
        for sample in samples {
            writeLine(family.name, Self.pairs(family.labels, sample.labels), sample.value)
        }
    }

    /// One sample without labels.
    mutating func write(_ family: MetricFamily, _ value: some BinaryInteger) {
        write(family, [([], "\(value)")])
    }

    mutating func write(
        _ family: MetricFamily, histograms: [(labels: [String], histogram: DurationHistogram)]
    ) {
        writeHead(family)
        let bounds = DurationHistogram.boundsMilliseconds.map(Self.seconds(milliseconds:))
        for (labels, histogram) in histograms {
            writeHistogram(
                family, labels, bounds: bounds,
                counts: histogram.counts.map { UInt64(clamping: $0) },
                sum: Self.seconds(milliseconds: histogram.sumMilliseconds))
        }
    }

    /// Durations of the shared state.
    mutating func write(
        _ family: MetricFamily, durations: [(labels: [String], totals: TrafficTotals)]
    ) {
        writeHead(family)
        let bounds = TrafficHistogram.boundsMicroseconds.map { Self.decimal($0, digits: 6) }
        for (labels, totals) in durations {
            writeHistogram(
                family, labels, bounds: bounds, counts: totals.durationBuckets,
                sum: Self.decimal(totals[.durationMicroseconds], digits: 6))
        }
    }

    /// `bounds` without the last one, which is infinite; `counts` are those of each bucket alone.
    private mutating func writeHistogram(
        _ family: MetricFamily, _ labels: [String], bounds: [String], counts: [UInt64],
        sum: String
    ) {
        let pairs = Self.pairs(family.labels, labels)
        var total: UInt64 = 0
        for (bound, count) in zip(bounds + ["+Inf"], counts) {
            // A worker's word may be any number.
            total &+= count
            writeLine("\(family.name)_bucket", pairs + [("le", bound)], "\(total)")
        }
        writeLine("\(family.name)_sum", pairs, sum)
        writeLine("\(family.name)_count", pairs, "\(total)")
    }

    /// `1.25` of 1250, exact; `2` of 2000.
    static func seconds(milliseconds: some BinaryInteger) -> String {
        decimal(milliseconds, digits: 3)
    }

    /// The number of 10^-`digits` parts as a decimal number, without zeros at its end.
    static func decimal(_ parts: some BinaryInteger, digits: Int) -> String {
        var text = String(parts.magnitude)
        text = String(repeating: "0", count: max(0, digits + 1 - text.count)) + text
        let whole = text.dropLast(digits)
        var fraction = text.suffix(digits)
        while fraction.last == "0" { fraction.removeLast() }
        let sign = parts < 0 ? "-" : ""
        return fraction.isEmpty ? "\(sign)\(whole)" : "\(sign)\(whole).\(fraction)"
    }

    private mutating func writeHead(_ family: MetricFamily) {
        text += "# HELP \(family.name) \(Self.escaped(family.help, quotes: false))\n"
        text += "# TYPE \(family.name) \(family.kind.rawValue)\n"
    }

    private mutating func writeLine(
        _ name: String, _ labels: [(name: String, value: String)], _ value: String
    ) {
        text += name
        if !labels.isEmpty {
            let list = labels.map { "\($0.name)=\"\(Self.escaped($0.value, quotes: true))\"" }
            text += "{\(list.joined(separator: ","))}"
        }
        text += " \(value)\n"
    }

    private static func pairs(
        _ names: [String], _ values: [String]
    ) -> [(name: String, value: String)] {
        zip(names, values).map { (name: $0, value: $1) }
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
