// `prepare`: from its packet and descriptors to everything the loops need. No effect on anything
// shared, except the counters of this worker's own slot. Main thread of the worker.

internal import Glibc
internal import JSON
internal import Model
internal import SharedState
internal import Syscalls
internal import Wire

/// What came out of `prepare`.
struct Preparation: ~Copyable {
    let order: MasterMessage.Prepare
    let configuration: Configuration
    private let traffic: TrafficNumbers
    private let region: SharedRegion
    private var accessLog: FileDescriptor?

    /// Reads and checks everything; refuses with words for the reload's record.
    static func read(
        _ order: MasterMessage.Prepare, descriptors: consuming DescriptorList
    ) throws(WorkerRefusal) -> Preparation {
        guard descriptors.count == (order.accessLog ? 3 : 2), (1...64).contains(order.threads),
            let memory = descriptors.take(at: 0), let state = descriptors.take(at: 1)
        else { throw WorkerRefusal(code: "prepare-malformed", detail: "descriptors or numbers") }
        guard (try? MemoryFile.isSealed(memory.rawValue)) == true else {
            throw WorkerRefusal(code: "prepare-malformed", detail: "memory is not sealed")
        }
        let given = try Self.configuration(
            in: memory.rawValue, byteCount: order.configurationBytes)
        do throws(SharedRegionError) {
            let region = try SharedRegion(fd: state.rawValue)
            return Preparation(
                order: order, configuration: given.configuration, traffic: given.traffic,
                region: region,
                accessLog: descriptors.take(at: 2))
        } catch {
            throw WorkerRefusal(code: "shared-state-mismatch", detail: "\(error)")
        }
    }

    /// Where the access log goes; nil where none is wanted.
    mutating func takeAccessLog() -> FileDescriptor? {
        accessLog.take()
    }

    /// One loop for each thread, not running yet.
    func makeLoops(
        reports: LoopReports, accessLog: AccessLogSink
    ) throws(WorkerRefusal) -> [ProxyLoop] {
        let identity = WorkerIdentity(
            generation: order.generation, revision: order.revision, pid: getpid(),
            worker: order.workerIndex)
        let runtime = RuntimeConfiguration(
            configuration, generation: order.generation,
            traffic: TrafficRecords(traffic, in: region, slot: order.sharedStateSlot),
            slot: order.sharedStateSlot, loopCount: order.threads)
        try checkPermits(runtime.traffic)
        var loops: [ProxyLoop] = []
        for index in 0..<order.threads {
            guard let record = LoopRecord(region, slot: order.sharedStateSlot, loop: index) else {
                throw WorkerRefusal(
                    code: "prepare-malformed", detail: "no slot \(order.sharedStateSlot)")
            }
            do throws(SystemError) {
                loops.append(
                    try ProxyLoop(
                        index: index, configuration: runtime, record: record, identity: identity,
                        accessLog: accessLog, reports: reports,
                        seed: UInt64.random(in: .min ... .max)))
            } catch {
                throw WorkerRefusal(code: "loop-failed", detail: "\(error)")
            }
        }
        for loop in loops { loop.join(loops) }
        return loops
    }

    /// A limit that cannot be kept is no limit: then rather no generation.
    private func checkPermits(_ traffic: TrafficRecords) throws(WorkerRefusal) {
        for (place, backend) in configuration.backends.enumerated() {
            for (index, server) in backend.servers.enumerated() {
                guard let limit = server.maxConnections else { continue }
                if let record = traffic.serverRecord(place, index),
                    ServerPermits(region, record).count >= limit
                {
                    continue
                }
                throw WorkerRefusal(
                    code: "no-room-for-limit",
                    detail: "the shared state has no room for the max_connections of "
                        + "\(backend.name)/\(server.name)")
            }
        }
    }

    private static func configuration(
        in fd: Int32, byteCount: Int
    ) throws(WorkerRefusal) -> WorkerConfiguration {
        let text: [UInt8]
        do throws(SystemError) {
            text = try MemoryFile.read(fd, maxBytes: configurationLimits.byteCountMax)
        } catch {
            throw WorkerRefusal(code: "prepare-malformed", detail: "\(error)")
        }
        guard text.count == byteCount else {
            throw WorkerRefusal(
                code: "prepare-malformed", detail: "\(text.count) of \(byteCount) bytes")
        }
        do throws(JSONError) {
            return try JSONReader.decode(
                WorkerConfiguration.self, from: text, limits: configurationLimits)
        } catch {
            throw WorkerRefusal(code: "configuration-unreadable", detail: "\(error)")
        }
    }
}

/// The file language ends at 10 MB; with every default filled in it is longer.
private let configurationLimits = JSONLimits(byteCountMax: 256 << 20)

/// Why this worker will not come up; becomes `WorkerMessage.refused`.
struct WorkerRefusal: Error {
    var code: String
    var detail: String
    var pointer: String?
}
