// Ctrl-C and its like while a command has something to say or to tidy up before it ends. The action
// runs on a thread of Dispatch; then the signal does what it always does, so that a shell sees a
// program that was interrupted.

import Dispatch
import Glibc

final class Interruption {
    private let sources: [any DispatchSourceSignal]

    init(_ numbers: [Int32] = [SIGINT, SIGTERM], action: @escaping @Sendable () -> Void) {
        sources = numbers.map { number in
            let source = DispatchSource.makeSignalSource(
                signal: number, queue: .global(qos: .userInteractive))
            source.setEventHandler {
                action()
                Self.endBy(number)
            }
            source.resume()
            return source
        }
    }

    deinit {
        for source in sources { source.cancel() }
    }

    /// Dispatch has blocked the signal where it came to, and taken its action away.
    private static func endBy(_ number: Int32) {
        signal(number, SIG_DFL)
        var mask = sigset_t()
        // SAFETY: both are initialised by the calls before they are read.
        unsafe sigemptyset(&mask)
        unsafe sigaddset(&mask, number)
        unsafe pthread_sigmask(SIG_UNBLOCK, &mask, nil)
        raise(number)
    }
}
