// What one reading of a document shares: the problems, and the notes that the checks over the
// whole document need afterwards.

import Model

/// Lives for one reading; values of the document point back to it.
final class ConfigurationReading {
    struct BackendReference {
        var name: String
        var mode: ProxyMode
        var value: ValueReader
    }
    struct BoundAddress {
        var address: SocketAddress
        var value: ValueReader
    }

    let source: SourceText
    let problems: ProblemList
    var backendReferences: [BackendReference] = []
    var boundAddresses: [BoundAddress] = []

    init(source: SourceText, problems: ProblemList) {
        self.source = source
        self.problems = problems
    }

    /// Ends the reading. The notes hold values and each value holds the reading: kept, they would
    /// keep the whole document alive for ever.
    func finish() {
        backendReferences = []
        boundAddresses = []
    }
}
