// The one poll set of the master's loop, and the meaning of its tokens.

internal import Syscalls

/// What an event is about. A worker is named by a serial number that is never given twice, so an
/// event of a worker that is gone finds nobody, even if its descriptor's number is in use again.
enum PollSource: Equatable {
    case signals
    case mailbox
    case process(serial: UInt32)
    case channel(serial: UInt32)
    case output(serial: UInt32)

    var token: UInt64 {
        switch self {
        case .signals: 1 << 32
        case .mailbox: 2 << 32
        case .process(let serial): 3 << 32 | UInt64(serial)
        case .channel(let serial): 4 << 32 | UInt64(serial)
        case .output(let serial): 5 << 32 | UInt64(serial)
        }
    }

    init?(token: UInt64) {
        let serial = UInt32(truncatingIfNeeded: token)
        switch token >> 32 {
        case 1: self = .signals
        case 2: self = .mailbox
        case 3: self = .process(serial: serial)
        case 4: self = .channel(serial: serial)
        case 5: self = .output(serial: serial)
        default: return nil
        }
    }
}

final class PollSet {
    private static let eventCountMax = 64
    private let epoll: Epoll
    private let events: EventBuffer

    init() throws(SystemError) {
        epoll = try Epoll()
        events = EventBuffer(capacity: Self.eventCountMax)
    }

    func add(_ rawValue: Int32, _ source: PollSource) throws(SystemError) {
        try epoll.add(fd: rawValue, events: EpollEvents.input, token: source.token)
    }

    func remove(_ rawValue: Int32) {
        try? epoll.remove(fd: rawValue)
    }

    /// What is readable now or within the time.
    func wait(timeoutMilliseconds: Int32) throws(SystemError) -> [PollSource] {
        let count = try epoll.wait(into: events, timeoutMilliseconds: timeoutMilliseconds)
        var sources: [PollSource] = []
        for index in 0..<count {
            if let source = PollSource(token: events.token(index)) { sources.append(source) }
        }
        return sources
    }
}
