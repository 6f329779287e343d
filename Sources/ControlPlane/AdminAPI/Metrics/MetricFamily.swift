// One metric: its name, what it is, and its labels. Pure value.

struct MetricFamily: Sendable, Equatable {
    enum Kind: String, Sendable { case counter, gauge, histogram }

    var name: String
    var kind: Kind
    /// One sentence.
    var help: String
    /// Names of the labels, in the order in which samples have their values.
    var labels: [String] = []
}
