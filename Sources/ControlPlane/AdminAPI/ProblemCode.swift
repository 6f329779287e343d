// The catalogue of problems: stable codes, each with its one status. Pure, any thread.

/// `code` of a problem, and the end of its `type`.
enum ProblemCode: String, CaseIterable, Sendable {
    // What was asked cannot be understood.
    case badRequest = "bad-request"
    case malformedJSON = "malformed-json"
    case unknownParameter = "unknown-parameter"
    case invalidParameter = "invalid-parameter"
    case unauthenticated = "unauthenticated"
    case forbiddenOrigin = "forbidden-origin"
    case forbiddenRole = "forbidden-role"
    case forbiddenPath = "forbidden-path"
    case notFound = "not-found"
    case methodNotAllowed = "method-not-allowed"
    case requestTimeout = "request-timeout"
    case contentTooLarge = "content-too-large"
    case unsupportedMediaType = "unsupported-media-type"
    case requestInvalid = "request-invalid"
    case headersTooLarge = "headers-too-large"
    // It is understood, and the state forbids it.
    case generationServing = "generation-serving"
    case generationExited = "generation-exited"
    case reloadFinished = "reload-finished"
    case reloadSwitching = "reload-switching"
    case reloadInProgress = "reload-in-progress"
    case idempotencyInFlight = "idempotency-in-flight"
    case idempotencyKeyReused = "idempotency-key-reused"
    case tooManyReloads = "too-many-reloads"
    case probeInProgress = "probe-in-progress"
    case tooManyFailures = "too-many-failures"
    // A reload ended without success.
    case configInvalid = "config-invalid"
    case fileMissing = "file-missing"
    case listenerBindFailed = "listener-bind-failed"
    case workerExitedInInit = "worker-exited-in-init"
    case workerRefused = "worker-refused"
    case workerProtocolError = "worker-protocol-error"
    case readyTimeout = "ready-timeout"
    case switchFailed = "switch-failed"
    case superseded = "superseded"
    case cancelled = "cancelled"
    case accessLogFailed = "access-log-failed"
    case masterRestarted = "master-restarted"
    case reloadFailed = "reload-failed"
    // The master cannot, now.
    case tooManyPlans = "too-many-plans"
    case internalError = "internal-error"
    case spawnFailed = "spawn-failed"
    case storeFailed = "store-failed"
    case noRoom = "no-room"
    case notReady = "not-ready"
    case masterStuck = "master-stuck"
    case shuttingDown = "shutting-down"
    case tooManyWatchers = "too-many-watchers"
    case tooManyConnections = "too-many-connections"

    /// Who asks may not, or is not known: a line of the audit.
    var isDenial: Bool {
        switch self {
        case .unauthenticated, .forbiddenOrigin, .forbiddenRole, .forbiddenPath, .tooManyFailures:
            true
        default: false
        }
    }

    var status: Int { entry.status }
    var title: String { entry.title }

    private var entry: (status: Int, title: String) {
        switch self {
        case .badRequest: (400, "Not a valid HTTP request")
        case .malformedJSON: (400, "Malformed JSON")
        case .unknownParameter: (400, "Unknown query parameter")
        case .invalidParameter: (400, "Invalid query parameter")
        case .unauthenticated: (401, "Nobody has shown who asks")
        case .forbiddenOrigin: (403, "Requests of web pages are refused")
        case .forbiddenRole: (403, "Role does not suffice")
        case .forbiddenPath: (403, "Token is not good for this path")
        case .notFound: (404, "Not found")
        case .methodNotAllowed: (405, "Method not allowed")
        case .requestTimeout: (408, "Request took too long")
        case .contentTooLarge: (413, "Request body too large")
        case .unsupportedMediaType: (415, "Unsupported media type")
        case .requestInvalid: (422, "Request rejected")
        case .headersTooLarge: (431, "Request header fields too large")
        case .generationServing: (409, "Generation is serving")
        case .generationExited: (409, "Generation has exited")
        case .reloadFinished: (409, "Reload has finished")
        case .probeInProgress: (409, "Another probe runs")
        case .reloadSwitching: (409, "Reload has reached SWITCH")
        case .reloadInProgress: (409, "Another reload is not over")
        case .idempotencyInFlight: (409, "The first request is not answered yet")
        case .idempotencyKeyReused: (422, "Idempotency key came with another request")
        case .tooManyReloads: (429, "Too many reloads")
        case .tooManyFailures: (429, "Too many wrong tokens")
        case .configInvalid: (422, "Configuration rejected")
        case .fileMissing: (422, "File missing")
        case .listenerBindFailed: (422, "Listener cannot be bound")
        case .workerExitedInInit: (422, "Worker exited in INIT")
        case .workerRefused: (422, "Worker refused the configuration")
        case .workerProtocolError: (422, "Worker broke the control protocol")
        case .readyTimeout: (422, "Generation was not READY in time")
        case .switchFailed: (422, "Listeners could not be handed over")
        case .superseded: (422, "Reload superseded by a newer one")
        case .cancelled: (422, "Reload cancelled")
        case .accessLogFailed: (422, "Access log cannot be opened")
        case .masterRestarted: (422, "The master ended before the reload did")
        case .reloadFailed: (422, "Reload failed")
        case .tooManyPlans: (429, "Too many configurations at once")
        case .internalError: (500, "Internal error")
        case .spawnFailed: (503, "Worker could not be started")
        case .storeFailed: (503, "The state directory cannot be written")
        case .noRoom: (503, "The shared state has no room")
        case .notReady: (503, "No generation is serving")
        case .masterStuck: (503, "The master does not make progress")
        case .shuttingDown: (503, "Shutting down")
        case .tooManyWatchers: (503, "Too many event watchers")
        case .tooManyConnections: (503, "Too many connections")
        }
    }
}
