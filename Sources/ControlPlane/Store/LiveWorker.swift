internal import GRDB
public import Supervisor

/// A worker as a later master can recognise it: a number alone may meanwhile be another process.
public struct LiveWorker: Equatable, Sendable {
    public var id: WorkerID
    public var pid: Int32
    /// When the process began, in clock ticks since boot (/proc/PID/stat, field 22).
    public var startTicks: Int64
    /// Of the boot that `startTicks` counts from (/proc/sys/kernel/random/boot_id).
    public var bootID: String

    public init(id: WorkerID, pid: Int32, startTicks: Int64, bootID: String) {
        self.id = id
        self.pid = pid
        self.startTicks = startTicks
        self.bootID = bootID
    }

    init(row: Row) {
        id = WorkerID(generation: row["generation"], index: row["place"])
        pid = row["pid"]
        startTicks = row["start_ticks"]
        bootID = row["boot_id"]
    }
}
