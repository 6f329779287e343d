// The master's log: one line per event on standard error, `time level message key=value …`; or,
// where standard error is the systemd journal, an event with fields there (`JournalSink`). Whoever
// logs never waits: lines go through a bounded queue, and what a blocked reader makes too much is
// dropped and counted. Any thread.

internal import Clock
public import Logging
internal import Supervisor
internal import Synchronization
internal import Syscalls

/// A destination of log lines that is written in the background.
public final class EventLog: Sendable {
    /// One event as it is logged: text and values are of one line and bounded already.
    struct Event: Sendable {
        var time = WallTime.now()
        var level: Logger.Level
        /// `message key=value …`
        var text: String
        /// Ascending by key.
        var values: [(key: String, value: String)]

        /// As on standard error.
        var line: [UInt8] { Array("\(time.rfc3339) \(level) \(text)\n".utf8) }
    }

    /// Events that wait to be written, at most.
    static let lineCountMax = 4096
    /// Of a message or a value, the rest is cut.
    static let characterCountMax = 2048

    private struct State {
        var waiting: [Event] = []
        var dropCount = 0
        var isWriting = false
        var level = Logger.Level.info
    }
    private let state = Mutex(State())
    private let descriptor: FileDescriptor
    private let isJournal: Bool
    private let thread: WorkThread

    /// Logs to the journal if standard error ends there, else to a copy of standard error.
    public convenience init() throws {
        try self.init(
            to: try FileDescriptor.duplicate(2),
            isJournal: JournalSink.isBehind(2, environment: JournalSink.environment))
    }

    init(
        to descriptor: consuming FileDescriptor, isJournal: Bool = false
    ) throws(SystemError) {
        thread = try WorkThread(name: "log")
        self.descriptor = descriptor
        self.isJournal = isJournal
    }

    /// The least severe level that is written, for every logger of this log. `info` at first.
    public var level: Logger.Level {
        get { state.withLock { $0.level } }
        set { state.withLock { $0.level = newValue } }
    }

    /// A logger of swift-log that writes here.
    public var logger: Logger {
        Logger(label: "apus") { _ in EventLogHandler(log: self) }
    }

    /// Events that nobody has written yet.
    var waitingCount: Int { state.withLock { $0.waiting.count } }

    func append(_ event: Event) {
        let mustStart = state.withLock { state in
            if state.waiting.count >= Self.lineCountMax {
                state.dropCount += 1
                return false
            }
            state.waiting.append(event)
            if state.isWriting { return false }
            state.isWriting = true
            return true
        }
        if mustStart { thread.async { self.write() } }
    }

    /// Waits until what was logged is written, at most this long: for the program's end.
    public func flush(atMost limit: Duration) {
        thread.sync(atMost: limit) {}
    }

    private func write() {
        while true {
            let (events, dropCount) = state.withLock { state in
                let taken = (state.waiting, state.dropCount)
                state.waiting = []
                state.dropCount = 0
                if taken.0.isEmpty { state.isWriting = false }
                return taken
            }
            if events.isEmpty { return }
            write(events)
            if dropCount > 0 {
                write([
                    Event(
                        level: .warning, text: "log lines were dropped count=\(dropCount)",
                        values: [("count", "\(dropCount)")])
                ])
            }
        }
    }

    private func write(_ events: [Event]) {
        let lines = isJournal ? events.filter { !JournalSink.send($0) } : events
        if lines.isEmpty { return }
        // Nobody can be told that standard error is gone.
        try? Files.writeAll(descriptor.rawValue, lines.flatMap(\.line))
    }
}

/// Formats for `EventLog`.
struct EventLogHandler: LogHandler {
    let log: EventLog
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?

    init(log: EventLog) {
        self.log = log
    }

    var logLevel: Logger.Level {
        get { log.level }
        nonmutating set { log.level = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var all = metadata
        if let provided = metadataProvider?.get() { all.merge(provided) { _, new in new } }
        if let own = event.metadata { all.merge(own) { _, new in new } }
        let values = all.sorted { $0.key < $1.key }.map { ($0.key, $0.value.description) }
        var text = Self.escaped(event.message.description)
        for (key, value) in values { text += " \(key)=\(Self.quoted(value))" }
        log.append(EventLog.Event(level: event.level, text: text, values: values))
    }

    /// One line whatever it is, at most `characterCountMax` characters.
    static func escaped(_ text: String) -> String {
        var result = ""
        var count = 0
        for scalar in text.unicodeScalars {
            count += 1
            if count > EventLog.characterCountMax { return result + "…" }
            let isControl = scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
            let isDirection =
                (0x202A...0x202E).contains(scalar.value)
                || (0x2066...0x2069).contains(scalar.value)
                || (0x2028...0x2029).contains(scalar.value)
            if isControl || isDirection {
                result += "\\u{\(String(scalar.value, radix: 16))}"
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// In quotes where a reader could not see its end.
    static func quoted(_ value: String) -> String {
        let text = escaped(value)
        guard text.isEmpty || text.contains(where: { " \"=\\".contains($0) }) else { return text }
        let inner = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        return "\"\(inner)\""
    }
}
