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
    var listen: ListenPlace
    var error: SystemError

    /// JSON pointer into the configuration; names of frontends need no escaping.
    var pointer: String { "/frontends/\(frontend)/bind/\(place)" }

    /// With what is to be done where a privilege is missing.
    var text: String {
        let needed =
            error.errno == EPERM && error.call.contains("TRANSPARENT")
            ? "; \"transparent\" takes the capability NET_ADMIN or NET_RAW: add it to the service's "
                + "AmbientCapabilities= and CapabilityBoundingSet=, or to the container" : ""
        return "\(listen): \(error)\(needed)"
    }
}

final class ListenerTable {
    /// One packet of a handoff; the numbers are borrowed, one per entry.
    struct Lease {
        var manifest: ListenerHandoff
        var descriptors: [Int32]
    }

    private var listeners: [Listener] = []
    private var nextID = 1
    /// Passed to us at the start; each is adopted by the listener of its address, or that asks for it.
    private let inherited: [InheritedSocket]
    /// Inodes of those that had a listener at some time.
    private var adopted: Set<UInt64> = []
    /// The generation whose configuration holds now.
    private var committed: Int?
    /// Where an address stands in a generation's configuration.
    private var places: [Int: [ListenPlace: Place]] = [:]

    private struct Place {
        var frontend: String
        var index: Int
        var bind: Bind
        var owner: SocketOwner
    }

    init(inherited: [InheritedSocket] = []) {
        self.inherited = inherited
    }

    /// Inherited sockets that no listener has and somebody meant for us: connections wait in them for
    /// nobody.
    var idleInherited: [InheritedSocket] {
        unused.filter { $0.name != nil || adopted.contains($0.inode) }
    }

    private var unused: [InheritedSocket] {
        inherited.filter { socket in !listeners.contains { $0.inode == socket.inode } }
    }

    /// One for the place that the generation does not have at another. An older one may have it by
    /// another name: the queue is the same. By its address none is found whose interface is gone.
    private func inherited(for place: ListenPlace, of generation: Int) -> InheritedSocket? {
        inherited.first { socket in
            socket.has(place)
                && !listeners.contains { listener in
                    listener.inode == socket.inode
                        && (listener.wantedBy.contains(generation)
                            || listener.configured == place && listener.isDeaf)
                }
        }
    }

    /// By id. Closed ones are gone.
    var all: [Listener] { listeners }

    var views: [ListenerView] {
        listeners.map {
            ListenerView(
                id: $0.id, address: $0.text, frontend: $0.frontend,
                phase: $0.phase.rawValue)
        }
    }

    /// Whether the place is one of ours, or overlaps one: then we ourselves hold the port.
    func overlapping(_ place: ListenPlace) -> Listener? {
        listeners.first { $0.configured.overlaps(place) && !$0.isInherited }
    }

    // MARK: Prepare and its undo

    /// Binds what the configuration has and nobody bound yet. Nothing listens yet, and where one
    /// address fails, none of the others stays bound.
    func bind(
        generation: Int, configuration: Configuration,
        owners: [SocketFileAccess: SocketOwner] = [:]
    ) throws(ListenerFailure) {
        var places: [ListenPlace: Place] = [:]
        var known = Dictionary(listeners.filter { !$0.isDeaf }.map { ($0.configured, $0) }) {
            first, _ in first
        }
        let deaf = Dictionary(
            listeners.filter { listener in
                listener.isDeaf && listener.isAdvertised
                    && committed.map(listener.wantedBy.contains) == true
            }.map { ($0.configured, $0) }
        ) { first, _ in first }
        for frontend in configuration.frontends {
            for (index, entry) in frontend.bind.enumerated() {
                for listen in entry.places {
                    do throws(SystemError) {
                        if let listener = known[listen] {
                            try listener.checkMayListen(as: entry)
                            listener.wantedBy.insert(generation)
                        } else {
                            known[listen] = try bind(
                                listen, as: entry, of: frontend.name, for: generation,
                                elseKeeping: deaf[listen])
                        }
                    } catch {
                        abandon(generation: generation)
                        throw ListenerFailure(
                            frontend: frontend.name, place: index, listen: listen, error: error)
                    }
                    places[listen] = Place(
                        frontend: frontend.name, index: index, bind: entry,
                        owner: owners[entry.access] ?? SocketOwner())
                }
            }
        }
        self.places[generation] = places
    }

    /// - Parameter deaf: who has the place and is reached by nobody, because an interface or a file is
    ///   gone. While there can be no other, it stays: what comes back is bound by the next reload, and
    ///   until then nothing else has to wait for it.
    private func bind(
        _ listen: ListenPlace, as entry: Bind, of frontend: String, for generation: Int,
        elseKeeping deaf: Listener?
    ) throws(SystemError) -> Listener {
        let listener: Listener
        do throws(SystemError) {
            listener = try Listener(
                id: nextID, configured: listen, as: entry, frontend: frontend,
                adopting: inherited(for: listen, of: generation))
        } catch {
            // Nothing else: somebody who has the place is no reason to be silent.
            if let deaf, error.errno == ENODEV || error.errno == ENOENT {
                try deaf.checkMayListen(as: entry)
                deaf.wantedBy.insert(generation)
                return deaf
            }
            throw explained(error, of: listen)
        }
        nextID += 1
        listener.wantedBy = [generation]
        listeners.append(listener)
        if listener.isInherited { adopted.insert(listener.inode) }
        return listener
    }

    /// An inherited socket may be in the way without being the one that is wanted.
    private func explained(_ error: SystemError, of listen: ListenPlace) -> SystemError {
        guard error.errno == EADDRINUSE,
            let other = inherited.first(where: { $0.overlaps(listen) })
        else { return error }
        let call =
            other.name == nil
            ? "\(error.call), which the socket has that was passed as fd:\(other.number): bind that"
            : "\(error.call), while systemd passed \(other.address) as \(other.label)"
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
            try? listener.listen(as: place.bind, of: place.owner)
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
                    as: places[listener.configured]?.bind ?? Bind(listener.address),
                    of: places[listener.configured]?.owner ?? SocketOwner())
            } catch {
                let place = places[listener.configured]
                throw ListenerFailure(
                    frontend: place?.frontend ?? listener.frontend, place: place?.index ?? 0,
                    listen: listener.configured, error: error)
            }
        }
        for listener in wanted { listener.heldBy.insert(generation) }
        return leases(of: wanted, places: places)
    }

    private func leases(of wanted: [Listener], places: [ListenPlace: Place]) -> [Lease] {
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
                                bind: places[$0.configured]?.index ?? 0,
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
