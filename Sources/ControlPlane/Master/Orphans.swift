// Workers of an earlier master that died: they serve on. Until a master can adopt them, those that
// are in the way of an address we need are asked to release their listeners and drain. The loop's.

internal import Glibc
internal import Store
internal import Supervisor
internal import Syscalls

final class Orphans {
    private final class Orphan {
        let id: WorkerID
        let process: ProcessDescriptor

        init(id: WorkerID, process: consuming ProcessDescriptor) {
            self.id = id
            self.process = process
        }
    }

    /// Known by the store, and not there any more: to be forgotten.
    private(set) var gone: [WorkerID] = []
    private var orphans: [Orphan] = []
    private var wereAsked = false
    /// Words for the log.
    private let complain: (String) -> Void

    /// Looks at each of `known`: the same boot, the same start, the same program as ours.
    init(known: [LiveWorker], program: String, complain: @escaping (String) -> Void) {
        self.complain = complain
        let name = program.split(separator: "/").last.map(String.init) ?? program
        let bootID = ProcessFacts.bootID()
        for worker in known {
            // The handle first: what is checked afterwards is of that very process, or it ended.
            guard worker.bootID == bootID, let process = try? ProcessDescriptor(pid: worker.pid),
                ProcessFacts.startTicks(pid: worker.pid) == worker.startTicks,
                ProcessFacts.isProgram(name, pid: worker.pid)
            else {
                gone.append(worker.id)
                continue
            }
            orphans.append(Orphan(id: worker.id, process: process))
        }
    }

    var pids: [Int32] { orphans.map { $0.process.pid } }

    /// Whether there is any point in waiting for an address: somebody was asked to release it.
    /// SIGUSR1 tells a worker to do what its master's `release` would.
    func askToRelease() -> Bool {
        if !wereAsked, !orphans.isEmpty {
            orphans.removeAll { !ask($0) }
            wereAsked = true
        }
        return !orphans.isEmpty
    }

    /// False: it cannot be asked, so there is no point in waiting for it.
    private func ask(_ orphan: Orphan) -> Bool {
        do throws(SystemError) {
            try orphan.process.send(signal: SIGUSR1)
        } catch  where error.errno == ESRCH {
            // It has ended, which is as good.
        } catch {
            complain(
                "worker \(orphan.id) of an earlier master (pid \(orphan.process.pid)) cannot be asked "
                    + "to release its listeners: \(error)")
            return false
        }
        return true
    }

    /// Those that were asked drain and end by themselves: nobody waits for them again.
    func forgetAsked() {
        if wereAsked { orphans = [] }
    }
}
