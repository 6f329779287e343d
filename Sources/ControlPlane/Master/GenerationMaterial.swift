// What a generation is started from, made off the loop: by then the number is durable, and no disk
// is touched any more.

internal import Model
internal import Supervisor
internal import Syscalls
internal import Wire

/// A configuration that was read and stored.
struct ValidRevision: Sendable {
    var plan: GenerationPlan
    var configuration: Configuration
    /// In words, with file and line.
    var warnings: [String]
}

/// Owns the descriptors that are copied to every worker of a generation.
final class GenerationMaterial: Sendable {
    let configuration: Configuration
    /// Sealed JSON of `configuration`.
    let memory: FileDescriptor
    let memoryBytes: Int
    /// Whom its workers run as; nil: as the master.
    let account: WorkerAccount?
    /// Of the unix sockets that it binds.
    let socketOwners: [SocketFileAccess: SocketOwner]
    private let accessLog: FileDescriptor?
    /// Where the access log goes; borrowed, and shared with others, so its flags are left alone.
    var accessLogRawValue: Int32? {
        switch accessLog {
        case .some(let descriptor): descriptor.rawValue
        case .none: nil
        }
    }

    init(
        configuration: Configuration, memory: consuming FileDescriptor, memoryBytes: Int,
        account: WorkerAccount?, socketOwners: [SocketFileAccess: SocketOwner],
        accessLog: consuming FileDescriptor?
    ) {
        self.configuration = configuration
        self.memory = memory
        self.memoryBytes = memoryBytes
        self.account = account
        self.socketOwners = socketOwners
        self.accessLog = accessLog
    }
}
