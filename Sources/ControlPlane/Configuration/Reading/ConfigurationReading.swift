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

    /// What a reader looks for at a place, whether it is there or not.
    enum Asked {
        case field(String)
        case choice([String])
    }

    let source: SourceText
    let problems: ProblemList
    var backendReferences: [BackendReference] = []
    var boundAddresses: [BoundAddress] = []
    /// Is told what is supported, with the pointer of the place: a test holds the schema to it.
    var noteAsked: ((String, Asked) -> Void)?

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
