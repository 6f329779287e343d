// The text exposition format of Prometheus, version 0.0.4: metrics in, text out. Pure value.

import Master

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
        for (labels, histogram) in histograms {
            let pairs = Self.pairs(family.labels, labels)
            var count = 0
            let bounds =
                DurationHistogram.boundsMilliseconds.map(Self.seconds(milliseconds:)) + ["+Inf"]
            for (bound, own) in zip(bounds, histogram.counts) {
                count += own
                writeLine("\(family.name)_bucket", pairs + [("le", bound)], "\(count)")
            }
            let sum = Self.seconds(milliseconds: histogram.sumMilliseconds)
            writeLine("\(family.name)_sum", pairs, sum)
            writeLine("\(family.name)_count", pairs, "\(count)")
        }
    }

    /// `1.25` of 1250, exact; `2` of 2000.
    static func seconds(milliseconds: some BinaryInteger) -> String {
        let (whole, rest) = milliseconds.magnitude.quotientAndRemainder(dividingBy: 1000)
        var fraction = String(String(rest + 1000).dropFirst())
        while fraction.last == "0" { fraction.removeLast() }
        let sign = milliseconds < 0 ? "-" : ""
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
