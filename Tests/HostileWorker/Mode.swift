import Foundation

/// What is wrong with this worker.
enum Mode: String {
    /// Nothing: hello, ready, accepts and answers, releases, drains, exits.
    case ok
    /// Ready only after 400 ms.
    case slowReady = "slow-ready"
    /// Says why and exits with 7 before it is ready.
    case exitInInit = "exit-in-init"
    /// SIGSEGV before it is ready.
    case crash
    /// Stops itself before it is ready.
    case hang
    /// Stops itself 300 ms after it began to serve.
    case hangServing = "hang-serving"
    /// Refuses its configuration in the proper way.
    case refuse
    /// Bytes that are no packet.
    case garbage
    /// More packets than anybody could want.
    case flood
    /// A packet of 100 KB.
    case oversize
    /// Speaks for the next generation.
    case wrongGeneration = "wrong-generation"
    /// Is of another version.
    case wrongVersion = "wrong-version"
    /// 250 descriptors with its hello.
    case sendDescriptors = "send-descriptors"
    /// Closes the channel 300 ms after it began to serve, and lives on.
    case halfClose = "half-close"
    /// Closes the channel before it is ready, and lives on.
    case halfCloseInInit = "half-close-in-init"
    /// Accepts before it was handed anything.
    case lie
    /// Accepts from one listener more than it was handed.
    case miscount
    /// Never acknowledges a release.
    case neverRelease = "never-release"
    /// Releases, and never is drained.
    case linger
    /// Prints without end.
    case loud

    /// The name it was called by says it, or the name of the file that it is.
    static func ofThisProgram() -> Mode {
        let file = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let names = [CommandLine.arguments.first, file].compactMap { $0 }
        let modes = names.compactMap { path in
            path.split(separator: "/").last.flatMap {
                Mode(rawValue: $0.replacingOccurrences(of: "hostile-worker-", with: ""))
            }
        }
        return modes.first ?? .ok
    }
}
