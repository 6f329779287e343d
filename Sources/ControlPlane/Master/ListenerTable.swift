// Every listening socket of this installation. The master binds them, keeps one reference to each
// and lends copies to generations, so that no worker's death closes a port or loses what the
// kernel has queued for it. Confined to the loop; nothing here waits.
//
// The counterparts: `ListenerHandoff` (Wire) is what a worker gets, `Supervisor` says when.

internal import Glibc
internal import Model
internal import Syscalls
internal import Wire

/// An address that cannot be had.
struct ListenerFailure: Error, Equatable {
    var frontend: String
    /// The place in the frontend's `bind`, from 0.
    var place: Int
    var address: SocketAddress
    var error: SystemError

    /// JSON pointer into the configuration; names of frontends need no escaping.
    var pointer: String { "/frontends/\(frontend)/bind/\(place)" }
}

final class ListenerTable {
    /// One packet of a handoff; the numbers are borrowed, one per entry.
    struct Lease {
        var manifest: ListenerHandoff
        var descriptors: [Int32]
    }

    private var listeners: [Listener] = []
    private var nextID = 1
    /// Passed to us at the start; each is adopted by the listener of its address, if there is one.
    private let inherited: [InheritedSocket]
    /// The generation whose configuration holds now.
    private var committed: Int?
    /// Where an address stands in a generation's configuration.
    private var places: [Int: [SocketAddress: Place]] = [:]

    private struct Place {
        var frontend: String
        var index: Int
        var bind: Bind
    }

    init(inherited: [InheritedSocket] = []) {
        self.inherited = inherited
    }

    /// Inherited sockets that no listener has: connections wait in them for nobody.
    var idleInherited: [InheritedSocket] {
        inherited.filter { socket in !listeners.contains { $0.inode == socket.inode } }
    }

    /// By id. Closed ones are gone.
    var all: [Listener] { listeners }

    var views: [ListenerView] {
        listeners.map {
            ListenerView(
                id: $0.id, address: $0.address.description, frontend: $0.frontend,
                phase: $0.phase.rawValue)
        }
    }

    /// Whether the address is one of ours, or overlaps one: then we ourselves hold the port.
    func overlapping(_ address: SocketAddress) -> Listener? {
        listeners.first { $0.address.overlaps(address) }
    }

    // MARK: Prepare and its undo

    /// Binds what the configuration has and nobody bound yet. Nothing listens yet, and where one
    /// address fails, none of the others stays bound.
    func bind(
        generation: Int, configuration: Configuration
    ) throws(ListenerFailure) {
        places[generation] = [:]
        var known = Dictionary(listeners.map { ($0.configured, $0) }) { first, _ in first }
        for frontend in configuration.frontends {
            for (place, entry) in frontend.bind.enumerated() {
                let address = entry.address
                do throws(SystemError) {
                    places[generation]?[address] = Place(
                        frontend: frontend.name, index: place, bind: entry)
                    if let listener = known[address] {
                        listener.wantedBy.insert(generation)
                    } else {
                        known[address] = try bind(address, of: frontend.name, for: generation)
                    }
                } catch {
                    abandon(generation: generation)
                    throw ListenerFailure(
                        frontend: frontend.name, place: place, address: address, error: error)
                }
            }
        }
    }

    private func bind(
        _ address: SocketAddress, of frontend: String, for generation: Int
    ) throws(SystemError) -> Listener {
        let listener: Listener
        do throws(SystemError) {
            listener = try Listener(
                id: nextID, configured: address, frontend: frontend,
                adopting: idleInherited.first { $0.address == address })
        } catch {
            throw explained(error, of: address)
        }
        nextID += 1
        listener.wantedBy = [generation]
        listeners.append(listener)
        return listener
    }

    /// An inherited socket may be in the way without being the one that is wanted.
    private func explained(_ error: SystemError, of address: SocketAddress) -> SystemError {
        guard error.errno == EADDRINUSE,
            let other = idleInherited.first(where: { $0.address.overlaps(address) })
        else { return error }
        let call = "\(error.call), while systemd passed \(other.address) as \"\(other.name)\""
        return SystemError(call: call, errno: error.errno)
    }

    /// Undoes `bind` and `handOff`: closes what only this generation would have had, and gives the
    /// others' sockets the options back that they had.
    func abandon(generation: Int) {
        forget(generation)
        guard let committed, let places = places[committed] else { return }
        for listener in listeners where listener.isListening {
            guard let place = places[listener.configured] else { continue }
            // It was possible before; who cannot have it now keeps what there is.
            try? listener.listen(as: place.bind)
        }
    }

    // MARK: Switch

    /// Opens the generation's sockets to connections and says what its workers must get. From now
    /// on the sockets count as held by it.
    func handOff(generation: Int) throws(ListenerFailure) -> [Lease] {
        let places = places[generation] ?? [:]
        let wanted = listeners.filter { $0.wantedBy.contains(generation) }
        for listener in wanted {
            do throws(SystemError) {
                try listener.listen(
                    as: places[listener.configured]?.bind ?? Bind(listener.configured))
            } catch {
                let place = places[listener.configured]
                throw ListenerFailure(
                    frontend: place?.frontend ?? listener.frontend, place: place?.index ?? 0,
                    address: listener.configured, error: error)
            }
        }
        for listener in wanted { listener.heldBy.insert(generation) }
        return leases(of: wanted, places: places)
    }

    private func leases(of wanted: [Listener], places: [SocketAddress: Place]) -> [Lease] {
        let limit = ControlPacket.descriptorCountMax
        var leases: [Lease] = []
        var start = 0
        repeat {
            let part = wanted[start..<min(start + limit, wanted.count)]
            start += limit
            leases.append(
                Lease(
                    manifest: ListenerHandoff(
                        entries: part.map {
                            ListenerHandoff.Entry(
                                listener: $0.id,
                                frontend: places[$0.configured]?.frontend ?? $0.frontend,
                                address: $0.address, inode: $0.inode)
                        }, isLast: start >= wanted.count),
                    descriptors: part.compactMap(\.rawValue)))
        } while start < wanted.count
        return leases
    }

    /// The generation is to let go of its sockets. Those that no successor accepts from stop
    /// being advertised; their ids are returned, for the leaver to drain their queues.
    ///
    /// `isFinal`: the master ends, nobody will want any of them. Otherwise a release without a
    /// successor leaves what the committed configuration wants open, for the next generation.
    func willRelease(generation: Int, successor: Int?, isFinal: Bool) -> [Int] {
        if isFinal {
            for listener in listeners { listener.wantedBy = [] }
        }
        let heir = successor ?? (committed == generation ? nil : committed)
        var drained: [Int] = []
        for listener in listeners where listener.heldBy.contains(generation) {
            listener.releasedBy.insert(generation)
            if let heir, listener.wantedBy.contains(heir) { continue }
            // What waits in an inherited socket waits for the next master.
            if listener.isInherited { continue }
            listener.stopAdvertising()
            drained.append(listener.id)
        }
        return drained
    }

    /// The generation's configuration is the one from now on.
    func commit(generation: Int) {
        committed = generation
        let places = places[generation] ?? [:]
        for listener in listeners {
            // One that starts now keeps its wishes; all older ones have none any more.
            listener.wantedBy = listener.wantedBy.filter { $0 >= generation }
            if let place = places[listener.configured] { listener.frontend = place.frontend }
        }
        self.places = self.places.filter { $0.key >= generation }
        closeUnwanted()
    }

    /// The generation holds no socket any more: all its workers released, or are gone. What a
    /// crashed generation was serving stays open, for the kernel to queue.
    func didLetGo(generation: Int) {
        for listener in listeners {
            listener.heldBy.remove(generation)
            listener.releasedBy.remove(generation)
        }
        closeUnwanted()
    }

    /// For the program's end.
    func closeAll() {
        for listener in listeners { listener.close() }
        listeners = []
    }

    private func forget(_ generation: Int) {
        places[generation] = nil
        for listener in listeners {
            listener.wantedBy.remove(generation)
            listener.heldBy.remove(generation)
            listener.releasedBy.remove(generation)
        }
        closeUnwanted()
    }

    private func closeUnwanted() {
        for listener in listeners where listener.wantedBy.isEmpty && listener.heldBy.isEmpty {
            listener.close()
        }
        listeners.removeAll { $0.rawValue == nil }
    }
}

extension SocketAddress {
    /// Whether not both can be bound.
    fileprivate func overlaps(_ other: SocketAddress) -> Bool {
        port == other.port && port != 0
            && (host == other.host || host.isWildcard || other.host.isWildcard)
    }
}

extension SocketAddress.Host {
    /// `0.0.0.0` or `::`.
    fileprivate var isWildcard: Bool {
        switch self {
        case .ipv4(let word): word == 0
        case .ipv6(let high, let low): high == 0 && low == 0
        }
    }
}
