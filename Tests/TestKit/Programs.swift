// Where the programs under test are: in the build folder, beside the test bundle.

internal import Foundation

/// Paths of built programs.
public enum Programs {
    public static var apus: String { path("apus") }
    public static var worker: String { path("apus-worker") }
    /// A worker that lies on the control channel; its mode is the name it is called by.
    public static var hostileWorker: String { path("HostileWorker") }

    /// Makes the calls of one reload to the store of a directory.
    public static var storeWriter: String { path("StoreWriter") }

    /// `APUS_BUILD_DIR` if set, else the folder of the test bundle.
    public static let folder: String = {
        if let folder = ProcessInfo.processInfo.environment["APUS_BUILD_DIR"] { return folder }
        let arguments = CommandLine.arguments
        if let place = arguments.firstIndex(of: "--test-bundle-path"),
            arguments.indices.contains(place + 1)
        {
            return (arguments[place + 1] as NSString).deletingLastPathComponent
        }
        let executable = URL(fileURLWithPath: arguments[0]).resolvingSymlinksInPath()
        return executable.deletingLastPathComponent().path
    }()

    private static func path(_ name: String) -> String { "\(folder)/\(name)" }
}
