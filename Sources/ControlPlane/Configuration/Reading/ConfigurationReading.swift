// What one reading of a document shares: the problems, the values of references, and the notes
// that the checks over the whole document need afterwards.

import Model

/// One file of a document that is being read; values point back to it.
final class ConfigurationReading {
    let source: SourceText
    let problems: ProblemList
    /// What the files of the document share.
    let document: DocumentReading
    /// From 0, the file that includes the others.
    let fileIndex: Int

    init(source: SourceText, problems: ProblemList, document: DocumentReading, fileIndex: Int) {
        self.source = source
        self.problems = problems
        self.document = document
        self.fileIndex = fileIndex
    }
}

/// The whole document, one file or several. Lives for one reading.
final class DocumentReading {
    struct BackendReference {
        var name: String
        var mode: ProxyMode
        var value: ValueReader
    }
    struct FrontendReference {
        var name: String
        var value: ValueReader
    }
    struct ConditionReference {
        var name: String
        /// The condition that it stands in; nil in a route.
        var from: String?
        /// Of the frontend that the route is of; nil in a condition.
        var mode: ProxyMode?
        var value: ValueReader
    }
    struct MapReference {
        var name: String
        /// The values name backends of this mode.
        var mode: ProxyMode?
        var value: ValueReader
    }
    struct NotedMap {
        /// Nil where the file is not known.
        var lines: [MapFile.Line]?
        var fallback: String?
    }
    struct NotedAddress {
        var bind: Bind
        var value: ValueReader
    }

    /// What a reader looks for at a place, whether it is there or not.
    enum Asked {
        case field(String)
        case choice([String])
    }

    struct RateLimitReference {
        var name: String
        /// Of the frontend.
        var mode: ProxyMode
        var value: ValueReader
    }

    struct UserListReference {
        var name: String
        var value: ValueReader
    }

    let references: ReferenceExpansion
    /// A text that has references is read as it is written, for those who look at it.
    let showsReferences: Bool
    /// What became of `include`; nil for a text that came without its files.
    var includeFindings: [IncludeFinding]?
    var backendReferences: [BackendReference] = []
    /// Where TCP routes lead.
    var frontendReferences: [FrontendReference] = []
    /// HTTP frontends that bind no address.
    var frontendsWithoutBind: [FrontendReference] = []
    /// Those whose servers a match counts, by name.
    var watchedBackends: [MappingReader.Entry] = []
    var boundAddresses: [NotedAddress] = []
    /// Of those, where the admin API listens.
    var adminAddresses: [SocketAddress] = []
    /// Nil: it is not said.
    var adminSocketPath: String?
    /// In order of reading.
    var adminFiles: [AdminFile] = []
    /// In order of reading.
    var machineFields: [MachineField] = []
    var conditionReferences: [ConditionReference] = []
    var conditionBeingRead: String?
    var mapReferences: [MapReference] = []
    var rateLimitReferences: [RateLimitReference] = []
    var userListReferences: [UserListReference] = []
    var maps: [String: NotedMap] = [:]
    /// What the path patterns read so far of one frontend, and of all, have captured.
    var captureNames: Set<String> = []
    var allCaptureNames: Set<String> = []
    /// Is told what is supported, with the pointer of the place: a test holds the schema to it.
    var noteAsked: ((String, Asked) -> Void)?

    init(_ resolver: ReferenceResolver, showsReferences: Bool = false) {
        references = ReferenceExpansion(resolver)
        self.showsReferences = showsReferences
    }

    /// Ends the reading. The notes hold values and each value holds the reading: kept, they would
    /// keep the whole document alive for ever.
    func finish() {
        backendReferences = []
        frontendReferences = []
        frontendsWithoutBind = []
        watchedBackends = []
        boundAddresses = []
        conditionReferences = []
        mapReferences = []
        rateLimitReferences = []
        userListReferences = []
        maps = [:]
    }
}
