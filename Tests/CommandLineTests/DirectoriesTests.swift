import Testing

@testable import apus

struct DirectoriesTests {
    private func find(
        _ environment: [String: String], isRoot: Bool = false, exists: Bool = true
    ) throws -> Directories {
        try Directories.standard(environment: environment, isRoot: isRoot) { _ in exists }
    }

    @Test func systemdNamesThem() throws {
        let environment = [
            "STATE_DIRECTORY": "/var/lib/a:/var/lib/b", "RUNTIME_DIRECTORY": "/run/a",
            "XDG_RUNTIME_DIR": "/run/user/0", "HOME": "/root",
        ]
        let found = try find(environment, isRoot: true)
        #expect(found == Directories(state: "/var/lib/a", runtime: "/run/a"))
    }

    @Test func rootHasTheSystems() throws {
        let found = try find(["HOME": "/root", "XDG_RUNTIME_DIR": "/run/user/0"], isRoot: true)
        #expect(found == Directories(state: "/var/lib/apus", runtime: "/run/apus"))
    }

    @Test func usersHaveTheirOwn() throws {
        #expect(
            try find(["HOME": "/users/a", "XDG_RUNTIME_DIR": "/run/user/7"])
                == Directories(state: "/users/a/.local/state/apus", runtime: "/run/user/7/apus"))
        #expect(
            try find(["XDG_STATE_HOME": "/s", "XDG_RUNTIME_DIR": "/r"])
                == Directories(state: "/s/apus", runtime: "/r/apus"))
    }

    /// Never a directory where others may write.
    @Test func withoutASessionTheSocketIsWithTheState() throws {
        #expect(
            try find(["HOME": "/h", "XDG_RUNTIME_DIR": "/run/user/7"], exists: false).runtime
                == "/h/.local/state/apus/run")
        #expect(try find(["HOME": "/h"]).runtime == "/h/.local/state/apus/run")
    }

    @Test func relativePathsAreIgnored() throws {
        #expect(
            try find(["HOME": "/h", "XDG_STATE_HOME": "here", "STATE_DIRECTORY": "x"]).state
                == "/h/.local/state/apus")
        #expect(throws: CommandFailure.self) { try find(["HOME": "h"]) }
    }
}
