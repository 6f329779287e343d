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

    /// The name it was called by says it, or a file beside that name: for `…/worker` the file
    /// `…/worker.mode`.
    static func ofThisProgram() -> Mode {
        let name = CommandLine.arguments.first?.split(separator: "/").last ?? ""
        if let mode = Mode(rawValue: String(name)) { return mode }
        guard let path = pathOfThisProgram(),
            let text = try? String(contentsOfFile: path + ".mode", encoding: .utf8)
        else { return .ok }
        return Mode(rawValue: text) ?? .ok
    }

    /// As execve(2) was given it, so a symbolic link is not followed (getauxval(3), AT_EXECFN).
    private static func pathOfThisProgram() -> String? {
        guard let words = try? Data(contentsOf: URL(fileURLWithPath: "/proc/self/auxv")) else {
            return nil
        }
        // SAFETY: the kernel writes pairs of words; 31 is followed by the address of a terminated
        // string that lives as long as the process.
        return unsafe words.withUnsafeBytes { bytes in
            for offset in stride(from: 0, to: bytes.count - 15, by: 16) {
                let key = unsafe bytes.loadUnaligned(fromByteOffset: offset, as: UInt.self)
                let value = unsafe bytes.loadUnaligned(fromByteOffset: offset + 8, as: UInt.self)
                guard key == 31, let text = unsafe UnsafePointer<CChar>(bitPattern: value) else {
                    continue
                }
                return unsafe String(cString: text)
            }
            return nil
        }
    }
}
