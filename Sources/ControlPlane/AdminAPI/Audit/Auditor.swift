// One line for every change that was let through and every request that was refused: in the store,
// before a change is answered, and in the log. Any thread; holds no state.

import JSON
import Logging
import Master
import Store

struct Auditor: Sendable {
    let port: any ControlPort
    let logger: Logger

    /// The newest valid one now.
    var revision: Int? { port.snapshot().desiredRevision }

    func note(_ trace: RequestTrace, _ answer: Answer) async {
        guard trace.isDenied || trace.isChange else { return }
        let line = trace.auditLine(answer, revisionAfter: trace.isDenied ? nil : revision)
        logger.notice(
            trace.isDenied ? "admin request refused" : "admin request",
            metadata: ["audit": "\(String(decoding: line.payload, as: UTF8.self))"])
        if trace.isDenied {
            port.record(refusal: line)
        } else {
            await port.record(change: line)
        }
    }
}
