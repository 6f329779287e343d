// Tests on real processes and sockets, one after another. `make soak` sets APUS_LONG=1 for the
// long forms. docs/testing.md says which sentence of the promise each suite checks.

internal import Foundation
internal import TestKit
internal import Testing

@Suite(.serialized) struct IntegrationTests {}

/// Whether the long forms were asked for.
let isLongRun = ProcessInfo.processInfo.environment["APUS_LONG"] == "1"

/// A figure worth reading in the log of a test run.
func report(_ figure: String) {
    print("    figure: \(figure)")
}

/// Calls `body` once each `seconds`, `count` times; says how often it came late.
func pace(every seconds: Double, count: Int, _ body: (Int) throws -> Void) throws {
    let start = Elapsed()
    for step in 0..<count {
        try body(step)
        let left = Double(step + 1) * seconds - start.milliseconds / 1000
        if left > 0 { Thread.sleep(forTimeInterval: left) }
    }
}

/// A worker program that a test can exchange while the master runs: a script in the place that
/// the master was told.
struct ExchangeableWorker {
    let directory: TemporaryDirectory
    var path: String { directory.path("worker") }

    init(_ script: String? = nil) throws {
        directory = try TemporaryDirectory()
        try set(script ?? Self.good)
    }

    static var good: String { "exec \(Programs.worker) \"$@\"" }

    /// Lies in that way; see Tests/HostileWorker.
    func setHostile(_ mode: String) throws {
        let link = try directory.link(mode, to: Programs.hostileWorker)
        try set("exec \(link) \"$@\"")
    }

    func set(_ script: String) throws {
        // By renaming: a script that is being read must not change.
        try directory.write("worker.new", "#!/bin/sh\n\(script)\n")
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o755], ofItemAtPath: directory.path("worker.new"))
        remove()
        try FileManager.default.moveItem(
            atPath: directory.path("worker.new"), toPath: path)
    }

    func remove() {
        try? FileManager.default.removeItem(atPath: path)
    }
}

/// A client in the middle of a slow response: it keeps its generation from ending.
struct PinnedTransfer {
    let client: HTTPClient

    init(port: Int, milliseconds: Int = 200) throws {
        client = try HTTPClient(port: port)
        try client.socket.send(HTTPClient.request("GET", "/trickle/\(milliseconds)"))
        _ = try client.raw(atLeast: 100)
    }

    /// Whether bytes still come, now.
    var isRunning: Bool {
        // What arrived before says nothing of now.
        while client.socket.isReadable() {
            guard (try? client.raw(atLeast: 1, within: 1)) != nil else { return false }
        }
        return (try? client.raw(atLeast: 1, within: 3)) != nil
    }
}
