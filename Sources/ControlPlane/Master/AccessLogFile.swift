// Opens what an access log goes to and workers can share: a file, or a socket to a logger. May wait
// for a disk; the thread of the starts.

internal import Foundation
internal import Model
internal import Supervisor
internal import Syscalls

enum AccessLogFile {
    /// What can be opened anew, for people; nil for what cannot.
    static func name(_ settings: LogSettings) -> String? {
        switch settings.accessTo {
        case .off, .standardOutput, .standardError: nil
        case .file(let path): path
        case .journal: "journal"
        case .syslog: isConnectedByWorkers(settings) ? nil : "syslog"
        }
    }

    /// Nil: no log is wanted, or each worker connects by itself.
    /// Throws `ReloadFailure` where a destination is no good.
    static func open(_ settings: LogSettings) throws -> FileDescriptor? {
        if let receiver = settings.receiver { return try socket(receiver, settings) }
        return switch settings.accessTo {
        case .off, .journal, .syslog: nil
        case .standardOutput: try FileDescriptor.duplicate(1)
        case .standardError: try FileDescriptor.duplicate(2)
        case .file(let path): try file(path)
        }
    }

    /// A connection that workers shared would mix their messages.
    private static func isConnectedByWorkers(_ settings: LogSettings) -> Bool {
        if case .tcp? = settings.receiver { true } else { false }
    }

    /// Opening what is no file might wait for ever (fifo(7)).
    private static func file(_ path: String) throws -> FileDescriptor {
        let real = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        let attributes = try? FileManager.default.attributesOfItem(atPath: real)
        let type = attributes?[.type] as? FileAttributeType
        guard type == nil || type == .typeRegular || type == .typeCharacterSpecial else {
            throw ReloadFailure(
                code: "access-log-failed", detail: "\(path) is neither a file nor a device",
                pointer: "/log/access/to")
        }
        do throws(SystemError) {
            let file = try Files.openAppend(path, mode: 0o640)
            // The master's umask is stricter than an access log wants.
            if type == nil { try Files.setMode(path, 0o640) }
            return file
        } catch {
            throw ReloadFailure(
                code: "access-log-failed", detail: "\(error)", pointer: "/log/access/to")
        }
    }

    private static func socket(
        _ receiver: SyslogSettings.Receiver, _ settings: LogSettings
    ) throws(ReloadFailure) -> FileDescriptor? {
        do throws(SystemError) {
            switch receiver {
            case .tcp: return nil
            case .socket(let path): return try DatagramSocket.connect(toPath: path)
            case .udp(let address):
                return try DatagramSocket.connect(to: RawSocketAddress(address))
            }
        } catch {
            throw ReloadFailure(
                code: "access-log-failed", detail: "\(error)",
                pointer: settings.accessTo == .syslog
                    ? "/log/access/syslog/address" : "/log/access/to")
        }
    }
}
