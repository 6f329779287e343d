// Writes log events to the systemd journal with fields, natively (sd_journal_sendv(3)): so
// `journalctl APUS_GENERATION=13` finds them. The thread of `EventLog`; may wait for the journal.

internal import CSystemd
internal import Glibc
internal import Logging
internal import Syscalls

enum JournalSink {
    /// Of one event; the rest is dropped.
    static let fieldCountMax = 32

    /// Whether what is written to `descriptor` goes to the journal anyway: then JOURNAL_STREAM
    /// names its device and inode (systemd.exec(5)).
    static func isBehind(_ descriptor: Int32, environment: String?) -> Bool {
        guard let environment, let file = try? Files.identity(of: descriptor) else { return false }
        return environment == "\(file.device):\(file.inode)"
    }

    static var environment: String? {
        // SAFETY: the name is a constant; the string is copied before anybody could change it.
        unsafe getenv("JOURNAL_STREAM").map { unsafe String(cString: $0) }
    }

    /// False if the journal did not take it.
    static func send(_ event: EventLog.Event) -> Bool {
        let fields = fields(of: event).map { Array($0.utf8) }
        var bytes: [UInt8] = []
        var places: [Range<Int>] = []
        for field in fields {
            places.append(bytes.count..<(bytes.count + field.count))
            bytes += field
        }
        // SAFETY: every place is a range of `bytes`, which does not change in the closure; the
        // callee reads during the call only.
        return unsafe bytes.withUnsafeMutableBytes { memory in
            let vectors = unsafe places.map {
                unsafe iovec(
                    iov_base: memory.baseAddress?.advanced(by: $0.lowerBound), iov_len: $0.count)
            }
            return unsafe vectors.withUnsafeBufferPointer {
                unsafe sd_journal_sendv($0.baseAddress, Int32(clamping: $0.count)) == 0
            }
        }
    }

    /// `NAME=value`. The message has the values too: it alone is what `systemctl status` shows.
    static func fields(of event: EventLog.Event) -> [String] {
        var fields = ["MESSAGE=\(event.text)", "PRIORITY=\(priority(event.level))"]
        for (key, value) in event.values.prefix(fieldCountMax) {
            fields.append("\(name(key, value))=\(EventLogHandler.escaped(value))")
        }
        return fields
    }

    /// syslog(3).
    static func priority(_ level: Logger.Level) -> Int {
        switch level {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }

    /// Upper case, digits and underscores are all that a field's name may have, at most 64.
    static func name(_ key: String, _ value: String) -> String {
        if key == "id" && (value.hasPrefix("rl_") || value.hasPrefix("rs_")) {
            return "APUS_RELOAD_ID"
        }
        let word = key.uppercased().map { character in
            character.isASCII && (character.isLetter || character.isNumber) ? character : "_"
        }
        return "APUS_" + String(word.prefix(59))
    }
}
