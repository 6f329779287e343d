// What can be wrong with the store, and what was repaired.

internal import GRDB

/// Why the store cannot do what was asked. The message is for the operator.
public enum StoreError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The file was written by a later version; nothing was touched.
    case newerVersion(path: String)
    /// The disk, its rights or its space.
    case failed(String)

    init(_ error: any Error) {
        switch error {
        case let error as StoreError: self = error
        case let error as DatabaseError: self = .failed(error.description)
        default: self = .failed("\(error)")
        }
    }

    public var description: String {
        switch self {
        case .newerVersion(let path):
            "\(path) was written by a newer version of apus; use that version, or another state "
                + "directory"
        case .failed(let detail): "state database: \(detail)"
        }
    }
}

/// A loss or a repair that the operator should know of.
public enum StoreFinding: Equatable, Sendable, CustomStringConvertible {
    /// The damaged file was renamed; of what it held, `kept` is still in use, in words. The
    /// generation counter goes on after `lastGeneration`.
    case damagedSetAside(newPath: String, detail: String, lastGeneration: Int, kept: String)
    /// The file is whole and older than what was done since: it knows of fewer generations than were
    /// given. A copy was put back, or its log is gone.
    case outdated(lastGeneration: Int, given: Int)
    /// Reload records that this version cannot read: they stay, and are not shown.
    case unknownRecords(count: Int)

    public var description: String {
        switch self {
        case .damagedSetAside(let path, let detail, let lastGeneration, let kept):
            "the state database was damaged (\(detail)) and is now \(path); of it was kept: \(kept); "
                + "generations go on after \(lastGeneration)"
        case .outdated(let lastGeneration, let given):
            "the state database is older than what was done: it knows of \(lastGeneration) "
                + "generations, and \(given) were given; revisions and records of the time between "
                + "are lost"
        case .unknownRecords(let count):
            "reload records in the state database that this version cannot read, and does not show: "
                + "\(count)"
        }
    }
}
