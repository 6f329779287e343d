// The formats of an answer. Which one a command uses: Printer.

import ArgumentParser

enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    /// For people; wide has more columns.
    case table, wide
    /// For programs: the API's body, the same value as YAML, a line for each item of a collection.
    case json, yaml, ndjson

    var isForPeople: Bool { self == .table || self == .wide }
}
