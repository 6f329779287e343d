public import JSON

/// What a worker tells the master. It never sends a descriptor.
public enum WorkerMessage: Sendable, Equatable {
    /// First packet, before `prepare` is read.
    case hello(Hello)
    /// INIT → READY: configuration loaded, self-check passed, loops run; no listener yet.
    case ready
    /// `prepare` cannot be done; the worker exits by itself.
    case refused(Refusal)
    /// Every loop accepts from every listener of the handoff.
    case accepting(listenerCount: Int)
    /// Every loop let go of every listener, and they are closed.
    case released(listenerCount: Int)
    /// Nothing is left to do; exit follows.
    case drained
    /// What became of `MasterMessage.endSessions`.
    case sessionsEnded(SessionOutcome)

    public struct Hello: Codable, Sendable, Equatable {
        /// Of the program, as in `apus --version`.
        public var version: String
        public var pid: Int32

        public init(version: String, pid: Int32) {
            self.version = version
            self.pid = pid
        }
    }
    public struct Refusal: Codable, Sendable, Equatable {
        public var code: String
        public var detail: String
        /// JSON pointer into the configuration.
        public var pointer: String?

        public init(code: String, detail: String, pointer: String? = nil) {
            self.code = code
            self.detail = detail
            self.pointer = pointer
        }
    }
    private struct Count: Codable { var listeners: Int }
    private struct Empty: Codable {}

    public func packet(generation: Int) throws(JSONError) -> ControlPacket {
        let payload: [UInt8]
        let kind: Kind
        switch self {
        case .hello(let body): (kind, payload) = (.hello, try JSONWriter.encode(body))
        case .ready: (kind, payload) = (.ready, try JSONWriter.encode(Empty()))
        case .refused(let body): (kind, payload) = (.refused, try JSONWriter.encode(body))
        case .accepting(let count):
            (kind, payload) = (.accepting, try JSONWriter.encode(Count(listeners: count)))
        case .released(let count):
            (kind, payload) = (.released, try JSONWriter.encode(Count(listeners: count)))
        case .drained: (kind, payload) = (.drained, try JSONWriter.encode(Empty()))
        case .sessionsEnded(let body):
            (kind, payload) = (.sessionsEnded, try JSONWriter.encode(body))
        }
        return ControlPacket(
            kind: kind.rawValue, generation: UInt64(clamping: generation), payload: payload)
    }

    public init(_ packet: ControlPacket) throws(WireError) {
        guard let kind = Kind(rawValue: packet.kind) else { throw .unknownKind(packet.kind) }
        do throws(JSONError) {
            switch kind {
            case .hello: self = .hello(try JSONReader.decode(Hello.self, from: packet.payload))
            case .ready: self = .ready
            case .refused:
                self = .refused(try JSONReader.decode(Refusal.self, from: packet.payload))
            case .accepting:
                let body = try JSONReader.decode(Count.self, from: packet.payload)
                self = .accepting(listenerCount: body.listeners)
            case .released:
                let body = try JSONReader.decode(Count.self, from: packet.payload)
                self = .released(listenerCount: body.listeners)
            case .drained: self = .drained
            case .sessionsEnded:
                self = .sessionsEnded(
                    try JSONReader.decode(SessionOutcome.self, from: packet.payload))
            }
        } catch {
            throw .payload(error)
        }
    }

    private enum Kind: UInt16 {
        case hello = 1, ready, refused, accepting, released, drained, sessionsEnded
    }
}
