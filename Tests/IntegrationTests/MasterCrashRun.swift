// Lives of a master, each with a fault at one system call of its threads that write, and the look at
// what the next life finds.

internal import Foundation
internal import TestKit

struct MasterCrashRun {
    /// What the master carries out meanwhile.
    enum Work {
        case reload
        /// A PATCH of a server.
        case serverChange
    }
    enum Fault: CaseIterable {
        case killed, noSpace, inputOutput, quota, readOnly

        /// For strace(1), of the k-th call. A full or read-only disk stays so; an error may be one.
        func rule(_ point: Point) -> String {
            switch self {
            case .killed: "\(point.call):signal=SIGKILL:when=\(point.number)"
            case .noSpace: "\(point.call):error=ENOSPC:when=\(point.number)+"
            case .inputOutput: "\(point.call):error=EIO:when=\(point.number)"
            case .quota: "\(point.call):error=EDQUOT:when=\(point.number)"
            case .readOnly: "\(point.call):error=EROFS:when=\(point.number)+"
            }
        }
    }
    /// The number-th call of that name of that thread, in the course of the work.
    struct Point {
        var thread: String
        var call: String
        var number: Int
    }
    struct Outcome {
        var isInjected = false
        /// What the API said; nil if it died before.
        var answer: Int?
        /// Everything that must not be so, in words.
        var faults: [String] = []
    }

    /// Those that change a file.
    private static let calls =
        "?open,openat,write,writev,pwrite64,pwritev,fsync,fdatasync,ftruncate,fallocate,"
        + "?rename,renameat,renameat2,?unlink,unlinkat,?link,linkat"
    private static let key = "Idempotency-Key: p1"

    private static let server = "/v1/backends/web/servers/one"

    private let work: Work
    private let port: Int
    private let old: TestConfiguration
    private let new: TestConfiguration

    init(_ work: Work = .reload) throws {
        self.work = work
        port = try FreePort.lease()
        old = Self.configuration(port, "old")
        new = Self.configuration(port, "new")
    }

    private static func configuration(_ port: Int, _ body: String) -> TestConfiguration {
        var configuration = TestConfiguration(port: port, body: body)
        configuration.backends["web"] = "{servers: {one: {address: \"127.0.0.1:1\"}}}"
        return configuration
    }

    /// Where a fault could be, as the work without one shows. Nobody else writes there.
    func points() throws -> [Point] {
        let apus = try start()
        let names = try Self.threads(of: apus)
        let tracer = try Tracer(Self.calls, threads: Array(names.keys), in: apus.directory)
        _ = try carryOut(apus, waits: true)
        try settle(apus)
        tracer.end()
        apus.tearDown()
        var counts: [String: Int] = [:]
        var points: [Point] = []
        for line in tracer.text.split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
            guard words.count == 2, let thread = Int(words[0]).flatMap({ names[$0] }),
                let bracket = words[1].firstIndex(of: "(")
            else { continue }
            let call = words[1][..<bracket].trimmingCharacters(in: .whitespaces)
            counts["\(thread) \(call)", default: 0] += 1
            let isOpening = call.hasPrefix("open")
            if words[1].contains("/state"), !isOpening || words[1].contains("O_CREAT") {
                points.append(
                    Point(
                        thread: thread, call: call, number: counts["\(thread) \(call)", default: 0])
                )
            }
        }
        return points
    }

    func outcome(of fault: Fault, at point: Point, waits: Bool) throws -> Outcome {
        let apus = try start()
        let threads = try Self.threads(of: apus).filter { $0.value == point.thread }.map(\.key)
        let tracer = try Tracer(
            point.call, threads: threads, rule: fault.rule(point), in: apus.directory)
        let answer = try? carryOut(apus, waits: waits)
        if fault == .killed {
            _ = try? apus.master.waitForEnd(within: 2)
        } else {
            try settle(apus)
        }
        let isInjected =
            fault == .killed ? !apus.master.isRunning : tracer.text.contains("(INJECTED)")
        apus.tearDown()
        tracer.end()
        var outcome = Outcome(isInjected: isInjected, answer: answer?.status)
        if answer == nil, fault != .killed { outcome.faults.append("no answer") }
        try look(after: apus, answer: answer, waits: waits, &outcome)
        return outcome
    }

    /// A reload, and the state directory of before it.
    func outcomeOfForgetting() throws -> Outcome {
        let apus = try start()
        let (state, kept) = (apus.directory.path("state"), apus.directory.path("kept"))
        try FileManager.default.copyItem(atPath: state, toPath: kept)
        let answer = try post(apus, waits: true)
        apus.tearDown()
        try FileManager.default.removeItem(atPath: state)
        try FileManager.default.moveItem(atPath: kept, toPath: state)
        var outcome = Outcome(answer: answer.status)
        try look(after: apus, answer: answer, waits: true, &outcome)
        return outcome
    }

    // MARK: The life with the fault

    private func start() throws -> ApusInstance {
        let apus = try ApusInstance(old)
        // Served, stored, and nothing left to write.
        try eventually("the first record") {
            try apus.get("/v1/reloads").json["items"].list.first?["status"].text == "SUCCEEDED"
        }
        try settle(apus)
        if work == .reload { try apus.write(new) }
        return apus
    }

    private func carryOut(_ apus: ApusInstance, waits: Bool) throws -> HTTPResponse {
        switch work {
        case .reload: try post(apus, waits: waits)
        case .serverChange:
            try apus.patch(
                Self.server, body: #"{"admin_state":"MAINT","weight":7,"max_connections":3}"#,
                within: 40)
        }
    }

    private func post(_ apus: ApusInstance, waits: Bool) throws -> HTTPResponse {
        try HTTPClient(path: apus.socketPath).exchange(
            "POST", "/v1/reloads\(waits ? "?wait=30s" : "")", host: "localhost",
            fields: ["Connection: close", "Content-Type: application/json", Self.key],
            body: Array("{}".utf8), within: 40)
    }

    /// Until no reload is under way, nothing leaves, and the threads that write sleep.
    private func settle(_ apus: ApusInstance) throws {
        try eventually("the end of the reload", within: 20) {
            guard apus.master.isRunning else { return true }
            let reloads = try apus.get("/v1/reloads").json["items"].list
            let isOver = reloads.allSatisfy { !["QUEUED", "RUNNING"].contains($0["status"].text) }
            return try isOver && apus.generations("phase=LEAVING").isEmpty
        }
    }

    private static func threads(of apus: ApusInstance) throws -> [Int: String] {
        let folder = "/proc/\(apus.master.pid)/task"
        var threads: [Int: String] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
            let comm = try? String(contentsOfFile: "\(folder)/\(name)/comm", encoding: .utf8)
            let thread = comm?.trimmingCharacters(in: .whitespacesAndNewlines) ?? ""
            if ["store", "audit"].contains(thread), let id = Int(name) { threads[id] = thread }
        }
        return threads
    }

    // MARK: The life after

    /// With a file that cannot be used, so that what is stored decides what is served.
    private func look(
        after first: ApusInstance, answer: HTTPResponse?, waits: Bool, _ outcome: inout Outcome
    ) throws {
        try first.write("version: 1\nfrontends: 7\n")
        let apus = try ApusInstance(resuming: first.directory)
        try apus.waitUntilReady()
        let body = try HTTPClient(port: port).exchange().text
        if body != "old", body != "new" { outcome.faults.append("\(body) is served") }
        try lookAtRevisions(apus, &outcome)
        let intact = try apus.status["conditions"].list.first { $0["type"].text == "StateIntact" }
        // Forgetting is reported, and is not what this is about.
        if intact?["status"].text != "True" {
            outcome.faults.append("state: \(intact?["message"].text ?? "unknown")")
        }
        if work == .serverChange { try lookAtServer(apus, answer, &outcome) }
        guard let answer, [200, 202].contains(answer.status), work == .reload else {
            if let answer, ![200, 503].contains(answer.status) {
                outcome.faults.append("\(answer)")
            }
            return
        }
        let id = answer.json["id"].text ?? ""
        let record = try apus.get("/v1/reloads/\(id)")
        if record.status != 200 { outcome.faults.append("the record is lost") }
        let status = record.json["status"].text
        if !["SUCCEEDED", "FAILED"].contains(status) { outcome.faults.append("\(record)") }
        if answer.status == 200, status != "SUCCEEDED" { outcome.faults.append("the end is lost") }
        if status == "SUCCEEDED", body != "new" { outcome.faults.append("the revision is lost") }
        let again = try post(apus, waits: waits)
        if again["Idempotency-Replayed"] != "true" { outcome.faults.append("the key is lost") }
    }

    /// All that was said of it, or nothing.
    private func lookAtServer(
        _ apus: ApusInstance, _ answer: HTTPResponse?, _ outcome: inout Outcome
    ) throws {
        let server = try apus.get(Self.server).json
        let found = (
            server["admin_state"].text, server["weight"]["override"].int,
            server["max_connections"]["override"].int
        )
        let isNew = found == ("MAINT", 7, 3)
        if !isNew, found != ("READY", nil, nil) { outcome.faults.append("half: \(server)") }
        if !isNew, answer?.status == 200 { outcome.faults.append("the override is lost") }
    }

    private func lookAtRevisions(_ apus: ApusInstance, _ outcome: inout Outcome) throws {
        let items = try apus.get("/v1/config/revisions").json["items"].list
        let texts = try items.map { item in
            try HTTPClient(path: apus.socketPath).exchange(
                "GET", "/v1/config/revisions/\(item["revision"].int ?? 0)", host: "localhost",
                fields: ["Connection: close", "Accept: application/yaml"]
            ).text
        }
        if texts != [old.text], texts != [new.text, old.text] {
            outcome.faults.append("revisions: \(texts)")
        }
    }
}

/// strace(1) on some threads of a running process.
private final class Tracer {
    private let path: String
    private let process: ChildProcess

    init(
        _ calls: String, threads: [Int], rule: String? = nil, in directory: TemporaryDirectory
    ) throws {
        path = directory.path("trace")
        let strace = try ChildProcess(
            "strace",
            ["-y", "-e", "trace=\(calls)", "-o", path]
                + (rule.map { ["-e", "inject=\($0)"] } ?? [])
                + threads.flatMap { ["-p", "\($0)"] }, name: "strace", directory: directory)
        process = strace
        try eventually("strace to attach") {
            strace.errorOutput.components(separatedBy: "attached").count > threads.count
        }
    }

    var text: String { (try? String(contentsOfFile: path, encoding: .utf8)) ?? "" }

    /// Detaches; strace ends in order by SIGINT.
    func end() {
        process.signal(2)
        _ = try? process.waitForEnd(within: 5)
    }
}
