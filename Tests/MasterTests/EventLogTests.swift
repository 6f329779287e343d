import Foundation
import Logging
import Syscalls
import TestKit
import Testing

@testable import Master

@Suite struct EventLogTests {
    @Test func oneLineWhateverIsSaid() throws {
        let directory = try TemporaryDirectory()
        let log = try EventLog(to: try Files.openAppend(directory.path("log")))
        log.logger.info(
            "a\nb\u{1b}[31m\u{202E}", metadata: ["key": "x y\"\\\r", "plain": "1", "empty": ""])
        log.logger.debug("not written")
        log.flush(atMost: .seconds(5))
        let text = try String(contentsOfFile: directory.path("log"), encoding: .utf8)
        let line = text.drop { $0 != " " }
        #expect(
            line
                == " info a\\u{a}b\\u{1b}[31m\\u{202e} empty=\"\" "
                + "key=\"x y\\\"\\\\\\\\u{d}\" plain=1\n", "\(line)")
    }

    /// Nobody reads: whoever logs goes on, memory is bounded.
    @Test func blockedReaderBlocksNobody() throws {
        try SignalDescriptor.ignore(13)
        let pipe = Pipe()
        let log = try EventLog(
            to: try FileDescriptor.duplicate(pipe.fileHandleForWriting.fileDescriptor))
        for number in 0..<20_000 { log.logger.info("line \(number)") }
        #expect(log.waitingCount <= EventLog.lineCountMax)
        try pipe.fileHandleForReading.close()
    }
}
