public import JSON

/// What the master tells a worker.
public enum MasterMessage: Sendable, Equatable {
    /// First packet. Descriptors, in order: the configuration (sealed memory file, JSON of
    /// `Configuration`), the shared state, and the access log's sink if `prepare.accessLog`.
    case prepare(Prepare)
    /// Listening sockets, one descriptor per entry of the manifest, in its order.
    case handoff(ListenerHandoff)
    /// Unregister every listener in every loop, close it, acknowledge; then drain and exit.
    case release(Release)
    /// Something about servers has changed in the shared state: look at once, not in the next round.
    case attend
    /// End sessions now; answered with `WorkerMessage.sessionsEnded`.
    case endSessions(SessionOrder)
    /// Write the access log to the one descriptor that comes along, from now on: the file was
    /// renamed, or the logger started anew.
    case reopenLog

    public struct Prepare: Codable, Sendable, Equatable {
        public var generation: Int
        public var revision: Int
        /// Of this worker in its generation, 0…<`workerCount`.
        public var workerIndex: Int
        public var workerCount: Int
        /// Event loops to run, 1…64.
        public var threads: Int
        /// Slot of the shared state that is this worker's.
        public var sharedStateSlot: Int
        /// Length of the configuration in its memory file.
        public var configurationBytes: Int
        /// Whether a third descriptor, the access log's sink, is there.
        public var accessLog: Bool

        public init(
            generation: Int, revision: Int, workerIndex: Int, workerCount: Int, threads: Int,
            sharedStateSlot: Int, configurationBytes: Int, accessLog: Bool
        ) {
            self.generation = generation
            self.revision = revision
            self.workerIndex = workerIndex
            self.workerCount = workerCount
            self.threads = threads
            self.sharedStateSlot = sharedStateSlot
            self.configurationBytes = configurationBytes
            self.accessLog = accessLog
        }
    }

    public struct Release: Codable, Sendable, Equatable {
        /// Listeners that nobody else will accept from: take what is queued before closing.
        public var drainAcceptQueueOf: [Int]
        /// A silent idle client connection is kept this long…
        public var idleAfterMilliseconds: Int
        /// …and closed at a random moment of this window after it.
        public var idleSpreadMilliseconds: Int

        public init(
            drainAcceptQueueOf: [Int], idleAfterMilliseconds: Int, idleSpreadMilliseconds: Int
        ) {
            self.drainAcceptQueueOf = drainAcceptQueueOf
            self.idleAfterMilliseconds = idleAfterMilliseconds
            self.idleSpreadMilliseconds = idleSpreadMilliseconds
        }
    }

    public func packet(generation: Int) throws(JSONError) -> ControlPacket {
        let payload: [UInt8]
        let kind: Kind
        switch self {
        case .prepare(let body): (kind, payload) = (.prepare, try JSONWriter.encode(body))
        case .handoff(let body): (kind, payload) = (.handoff, try JSONWriter.encode(body))
        case .release(let body): (kind, payload) = (.release, try JSONWriter.encode(body))
        case .attend: (kind, payload) = (.attend, try JSONWriter.encode(Empty()))
        case .endSessions(let body):
            (kind, payload) = (.endSessions, try JSONWriter.encode(body))
        case .reopenLog: (kind, payload) = (.reopenLog, try JSONWriter.encode(Empty()))
        }
        return ControlPacket(
            kind: kind.rawValue, generation: UInt64(clamping: generation), payload: payload)
    }

    public init(_ packet: ControlPacket) throws(WireError) {
        guard let kind = Kind(rawValue: packet.kind) else { throw .unknownKind(packet.kind) }
        do throws(JSONError) {
            switch kind {
            case .prepare:
                self = .prepare(try JSONReader.decode(Prepare.self, from: packet.payload))
            case .handoff:
                self = .handoff(try JSONReader.decode(ListenerHandoff.self, from: packet.payload))
            case .release:
                self = .release(try JSONReader.decode(Release.self, from: packet.payload))
            case .attend: self = .attend
            case .endSessions:
                self = .endSessions(try JSONReader.decode(SessionOrder.self, from: packet.payload))
            case .reopenLog: self = .reopenLog
            }
        } catch {
            throw .payload(error)
        }
    }

    private struct Empty: Codable {}
    private enum Kind: UInt16 { case prepare = 1, handoff, release, attend, endSessions, reopenLog }
}
