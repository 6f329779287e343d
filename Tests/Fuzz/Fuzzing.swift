// libFuzzer's side of `make fuzz`: a build of its own, with the address sanitizer. Which parser is run
// says APUS_FUZZ_TARGET.

import FuzzTargets
import Glibc

private let chosen = unsafe getenv("APUS_FUZZ_TARGET").map { unsafe String(cString: $0) }
private let target = chosen.flatMap { FuzzTarget(rawValue: $0) } ?? .requestHead

/// libFuzzer's entry: one input.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // SAFETY: libFuzzer vouches for `count` bytes for the time of the call.
    unsafe target.run(UnsafeBufferPointer(start: bytes, count: count))
    return 0
}

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ argumentCount: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ test: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// An executable target has a `main` of its own, so libFuzzer's is not the one that runs.
@main
struct Fuzzing {
    static func main() {
        var count = CommandLine.argc
        var arguments = unsafe CommandLine.unsafeArgv
        // SAFETY: the driver keeps both to the end of the process.
        exit(unsafe runDriver(&count, &arguments) { unsafe testOneInput($0, $1) })
    }
}
