// A running Apus: master, workers, admin socket, in a folder of its own. Whatever a test does to
// it, nothing of it is left afterwards.

internal import Foundation
internal import Glibc
internal import Synchronization

/// One master with its workers. Start it, talk to it, look at it from outside.
public final class ApusInstance: Sendable {
    public let directory: TemporaryDirectory
    public let configurationPath: String
    public let socketPath: String
    public let master: ChildProcess
    /// Every child it ever had, with its start time.
    private let workersSeen = Mutex<[Int: Int]>([:])

    /// Starts a master and, unless told otherwise, waits until it is ready.
    public init(
        _ configuration: TestConfiguration? = nil, worker: String = Programs.worker,
        environment: [String: String] = [:], directory: TemporaryDirectory? = nil,
        configurationPath: String? = nil, descriptorLimit: Int? = nil, waits: Bool = true,
        program: String = Programs.apus, descriptors: [Int32: Int32] = [:]
    ) throws {
        let folder = try directory ?? TemporaryDirectory()
        self.directory = folder
        socketPath = folder.path("run/admin.sock")
        self.configurationPath = configurationPath ?? folder.path("apus.yaml")
        var arguments = [
            "run", "--state-dir", folder.path("state"), "--runtime-dir", folder.path("run"),
            "--worker", worker,
        ]
        if let configuration {
            try folder.write("apus.yaml", configuration.text)
        }
        if configuration != nil || configurationPath != nil {
            arguments += ["--config", self.configurationPath]
        }
        var program = program
        if let descriptorLimit {
            let script = "ulimit -n \(descriptorLimit) && exec \"$0\" \"$@\""
            arguments = ["-c", script, program] + arguments
            program = "/bin/sh"
        }
        master = try ChildProcess(
            program, arguments, name: "master", directory: folder,
            environment: environment.merging(["SWIFT_BACKTRACE": "enable=no"]) { mine, _ in mine },
            descriptors: descriptors)
        if waits { try waitUntilReady() }
    }

    /// Another master on the directory of one that has ended, with its configuration as it is now.
    public convenience init(
        resuming directory: TemporaryDirectory, worker: String = Programs.worker,
        descriptors: [Int32: Int32] = [:]
    ) throws {
        try self.init(
            nil, worker: worker, directory: directory,
            configurationPath: directory.path("apus.yaml"), waits: false,
            descriptors: descriptors)
    }

    deinit { tearDown() }

    /// Kills the master and every worker it ever had.
    public func tearDown() {
        noteWorkers()
        master.signal(SIGKILL)
        _ = try? master.waitForEnd(within: 5)
        for (pid, started) in workersSeen.withLock({ $0 })
        where ProcessInspection(pid: pid).startTicks == started {
            _ = kill(Int32(pid), SIGKILL)
        }
    }

    public func waitUntilReady(within seconds: Double = 20) throws {
        try eventually("readiness; \(logText)", within: seconds) {
            guard master.isRunning else { throw MasterEnded(end: master.ended, log: logText) }
            return (try? get("/readyz").status) == 200
        }
        noteWorkers()
    }

    /// TERM, and the end.
    @discardableResult
    public func stop(_ signal: Int32 = 15, within seconds: Double = 20) throws -> ProcessEnd {
        noteWorkers()
        master.signal(signal)
        return try master.waitForEnd(within: seconds)
    }

    /// What the master and its workers wrote.
    public var logText: String { master.errorOutput + master.output }

    // MARK: Configuration and reload

    public func write(_ configuration: TestConfiguration) throws { try write(configuration.text) }

    public func write(_ text: String) throws { try directory.write("apus.yaml", text) }

    /// POST /v1/reloads and wait for its end.
    @discardableResult
    public func reload(
        wait: String = "60s", mode: String? = nil, reason: String? = nil
    ) throws -> HTTPResponse {
        var body: [String] = []
        if let mode { body.append("\"mode\":\"\(mode)\"") }
        if let reason { body.append("\"reason\":\"\(reason)\"") }
        let answer = try post(
            "/v1/reloads?wait=\(wait)", body: "{\(body.joined(separator: ","))}", within: 70)
        noteWorkers()
        return answer
    }

    // MARK: The admin API

    public func get(_ path: String, within seconds: Double = 5) throws -> HTTPResponse {
        let client = try HTTPClient(path: socketPath)
        return try client.exchange(
            "GET", path, host: "localhost", fields: ["Connection: close"], within: seconds)
    }

    public func post(
        _ path: String, body: String = "{}", within seconds: Double = 5
    ) throws -> HTTPResponse {
        let client = try HTTPClient(path: socketPath)
        return try client.exchange(
            "POST", path, host: "localhost",
            fields: ["Connection: close", "Content-Type: application/json"],
            body: Array(body.utf8), within: seconds)
    }

    public func patch(
        _ path: String, body: String, within seconds: Double = 5
    ) throws -> HTTPResponse {
        let client = try HTTPClient(path: socketPath)
        return try client.exchange(
            "PATCH", path, host: "localhost",
            fields: ["Connection: close", "Content-Type: application/json"],
            body: Array(body.utf8), within: seconds)
    }

    public var status: JSONValue { get throws { try get("/v1/status").json } }

    /// Newest first; a filter such as `phase=LEAVING`.
    public func generations(_ filter: String = "") throws -> [JSONValue] {
        try get("/v1/generations?limit=1000\(filter.isEmpty ? "" : "&")\(filter)")
            .json["items"].list
    }

    public func generation(_ number: Int) throws -> JSONValue {
        try get("/v1/generations/\(number)").json
    }

    /// The serving generation's number; nil while none serves.
    public var servingGeneration: Int? {
        get throws { try status["serving_generation"].int }
    }

    /// Pids of the serving generation's workers.
    public var servingPids: [Int] {
        get throws { try Self.pids(try get("/v1/generations/current").json) }
    }

    public static func pids(_ generation: JSONValue) throws -> [Int] {
        let workers = generation["workers"].list
        return workers.filter { $0["exit"] == .null }.compactMap { $0["pid"].int }
    }

    // MARK: Outside

    /// The `apus` client against this master.
    public func command(_ arguments: [String], within seconds: Double = 70) throws -> CommandResult
    {
        try CommandResult.run(
            Programs.apus, ["--socket", socketPath] + arguments, within: seconds)
    }

    public var inspection: ProcessInspection { ProcessInspection(pid: Int(master.pid)) }

    /// Living children of the master.
    public var workerPids: [Int] {
        noteWorkers()
        return inspection.children.filter { ProcessInspection(pid: $0).isAlive }
    }

    /// What a failed reload must leave as it was: descriptors by kind, listening sockets.
    public var footprint: Footprint {
        let descriptors = inspection.descriptors
        let listening = ProcessInspection.listeningSockets()
        var kinds: [String: Int] = [:]
        for target in descriptors.values {
            kinds[Footprint.kind(target), default: 0] += 1
        }
        let inodes = inspection.socketInodes.filter { listening[$0] != nil }
        return Footprint(
            descriptorCountByKind: kinds,
            listeners: Dictionary(uniqueKeysWithValues: inodes.map { ($0, listening[$0] ?? 0) }))
    }

    /// The footprint when it has stopped changing: connections of the last API calls are closed.
    public func steadyFootprint() throws -> Footprint {
        var last: Footprint?
        return try eventually("a steady set of descriptors") {
            let now = footprint
            defer { last = now }
            Thread.sleep(forTimeInterval: 0.1)
            return now == last ? now : nil
        }
    }

    private func noteWorkers() {
        for pid in inspection.children {
            guard let started = ProcessInspection(pid: pid).startTicks else { continue }
            workersSeen.withLock { $0[pid] = started }
        }
    }
}

/// A master that ended while a test waited for it.
public struct MasterEnded: Error, CustomStringConvertible {
    public let end: ProcessEnd?
    public let log: String

    public var description: String { "the master ended (\(String(describing: end)))\n\(log)" }
}

/// The master's descriptors by kind, and its listening sockets with their ports.
public struct Footprint: Equatable, Sendable, CustomStringConvertible {
    public var descriptorCountByKind: [String: Int]
    public var listeners: [Int: Int]

    public var description: String {
        let kinds = descriptorCountByKind.sorted { $0.key < $1.key }
        return "\(kinds.map { "\($0.key)×\($0.value)" }) listening \(listeners)"
    }

    /// A link of /proc/PID/fd without what is different each time.
    static func kind(_ target: String) -> String {
        target.hasPrefix("socket:") || target.hasPrefix("pipe:")
            ? String(target.prefix { $0 != ":" }) : target
    }
}
