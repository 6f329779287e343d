import ArgumentParser
import JSON
import Testing

@testable import apus

struct ArgumentTests {
    @Test(arguments: [
        ("60s", 60_000), ("500ms", 500), ("5m", 300_000), ("0s", 0), ("1m", 60_000),
    ])
    func waits(_ text: String, _ milliseconds: Int) {
        #expect(WaitArgument(argument: text)?.duration == .milliseconds(milliseconds))
    }

    @Test(arguments: ["", "60", "s", "-1s", "1.5s", "6m", "1h", "301s", "1 s", "١s", "9999999999s"])
    func noWaits(_ text: String) {
        #expect(WaitArgument(argument: text) == nil)
    }

    @Test func globalOptionsStandBeforeOrAfter() throws {
        for arguments in [
            ["--socket", "/s", "-o", "json", "generations", "list"],
            ["generations", "list", "--socket", "/s", "-o", "json"],
            ["--socket", "/s", "generations", "-o", "json", "list"],
            ["--socket", "/s", "-o", "json", "generations"],
        ] {
            let command = try Apus.parseAsRoot(arguments)
            let list = try #require(command as? GenerationsCommand.List, "\(arguments)")
            #expect(list.global.socket == "/s", "\(arguments)")
            #expect(list.global.output == .json, "\(arguments)")
        }
    }

    @Test func reloadOptions() throws {
        let command = try Apus.parseAsRoot([
            "reload", "--wait", "60s", "--hard", "--reason", "deploy 7781",
        ])
        let reload = try #require(command as? ReloadCommand)
        #expect(reload.wait?.text == "60s")
        #expect(reload.hard)
        #expect(reload.reason == "deploy 7781")
    }

    @Test func serverOptions() throws {
        let command = try Apus.parseAsRoot([
            "server", "set", "web/one", "--reset", "--weight", "5", "--address", "10.0.0.1:80",
        ])
        let set = try #require(command as? ServerCommand.Set)
        #expect(
            set.body == [
                "admin_state": .null, "address": "10.0.0.1:80", "weight": 5,
                "max_connections": .null,
            ])
    }

    @Test(arguments: [
        ["reload", "--wait", "soon"], ["nonsense"], ["generations", "show"],
        ["generations", "terminate", "x"], ["server", "set", "web/one"], ["-o", "xml", "status"],
        ["run", "--confg", "x"],
    ])
    func usage(_ arguments: [String]) {
        #expect(throws: (any Error).self) { try Apus.parseAsRoot(arguments) }
    }
}
