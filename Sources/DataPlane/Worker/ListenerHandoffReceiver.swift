// The receiving end of a listener handoff: checks the manifest against the descriptors and owns
// them from then on. Main thread of the worker. Counterparts: `ListenerHandoff` (Wire), the
// master's `ListenerTable`, the loops' accepting.

internal import Model
internal import Syscalls
internal import Wire

/// The listening sockets of this worker: closed here, and only after every loop let go of them.
struct ListenerHandoffReceiver: ~Copyable {
    private var entries: [ListenerHandoff.Entry] = []
    private var rawValues: [Int32] = []
    private(set) var isComplete = false

    var count: Int { entries.count }

    deinit {
        for fd in rawValues { FileDescriptor(owning: fd).close() }
    }

    /// Takes one packet of the handoff. Nothing of it is used if any entry is not what it says.
    mutating func receive(
        _ handoff: ListenerHandoff, descriptors received: consuming DescriptorList
    ) throws(WireError) {
        guard !isComplete else { throw .manifest("a packet after the last one") }
        guard handoff.entries.count == received.count else {
            throw .manifest("\(handoff.entries.count) entries, \(received.count) descriptors")
        }
        for (index, entry) in handoff.entries.enumerated() {
            guard let fd = received.peek(at: index) else { throw .manifest("a descriptor is gone") }
            if let fault = Self.fault(of: entry, fd) {
                throw .manifest("listener \(entry.listener): \(fault)")
            }
        }
        for (index, entry) in handoff.entries.enumerated() {
            guard let descriptor = received.take(at: index) else { continue }
            rawValues.append(descriptor.take())
            entries.append(entry)
        }
        isComplete = handoff.isLast
    }

    /// What the loops register; the frontend's index is its place in the configuration.
    func registrations(
        in configuration: Configuration
    ) throws(WireError) -> [ListenerRegistration] {
        var registrations: [ListenerRegistration] = []
        for (entry, fd) in zip(entries, rawValues) {
            let index = configuration.frontends.firstIndex { $0.name == entry.frontend }
            guard let index, configuration.frontends[index].bind.indices.contains(entry.bind)
            else { throw .manifest("no bind \(entry.bind) of a frontend \(entry.frontend)") }
            registrations.append(
                ListenerRegistration(
                    listener: entry.listener, frontendIndex: index, fd: fd, bindIndex: entry.bind))
        }
        return registrations
    }

    /// Every loop let go: this worker's references go away.
    mutating func closeAll() {
        for fd in rawValues { FileDescriptor(owning: fd).close() }
        rawValues = []
        entries = []
    }

    /// A manifest that lies would send the clients of one frontend to another.
    private static func fault(of entry: ListenerHandoff.Entry, _ fd: Int32) -> String? {
        do throws(SystemError) {
            guard try ListenerSocket.isListening(fd) else { return "it does not listen" }
            guard try ListenerSocket.inode(fd) == entry.inode else { return "another inode" }
            switch entry.address {
            case .internet(let expected):
                let address = try TCPSocket.localAddress(fd)
                return address == RawSocketAddress(expected) ? nil : "it is \(address)"
            case .unix(let expected):
                let name = try UnixSocket.localName(fd)
                return name == expected.name ? nil : "it is unix:\(name)"
            case .passed: return "no address is said"
            }
        } catch {
            return "\(error)"
        }
    }
}
