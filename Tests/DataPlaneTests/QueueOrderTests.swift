// First come, first served within a priority, with several threads at one queue: the only permit
// orders the services, and the tickets tell who came first.

import Glibc
import Model
import SharedState
import Synchronization
import Syscalls
import Testing

@testable import DataPlane

@Suite struct QueueOrderTests {
    /// Threads that stand in line, leave it, are served and hand the permit on, as loops do.
    private final class Crowd: Sendable {
        private struct Service: Sendable {
            var priority: Int
            var sequence: UInt64
        }
        /// One that waits.
        struct Place {
            var ticket: QueueTicket
            var priority: Int
        }
        /// What one thread has.
        private struct Player {
            let thread: Int
            /// Times that it will stand in line.
            var rest: Int
            var random: SmallRandom
            var waiting: [Place] = []
            /// With the permit.
            var held: QueueAnswer?

            init(thread: Int, rest: Int) {
                self.thread = thread
                self.rest = rest
                random = SmallRandom(seed: UInt64(thread) &* 31 &+ 5)
            }
        }
        private let queue: BackendQueue
        private let inboxes: [Guarded<[QueueAnswer]>]
        private let services = Guarded<[Service]>([])
        private let present = Atomic(0)
        let most = Atomic(0)
        let finished = Atomic(0)
        let left = Atomic(0)

        init(_ queue: BackendQueue, threads: Int) {
            self.queue = queue
            inboxes = (0..<threads).map { _ in Guarded([]) }
        }

        /// Tickets of a priority in the order of their service.
        func order(_ priority: Int) -> [UInt64] {
            services.withLock { $0.filter { $0.priority == priority }.map(\.sequence) }
        }

        func play(_ thread: Int, rounds: Int) {
            var player = Player(thread: thread, rest: rounds)
            while player.rest > 0 || !player.waiting.isEmpty || player.held != nil {
                // Whoever has the permit keeps it while it stands in line again, so that there is a
                // line even where one thread runs for long and no other.
                while player.rest > 0, player.waiting.count < 6 { join(&player) }
                if player.waiting.count > 2, player.random.next(below: 4) == 0 {
                    // An answer may be on its way to it.
                    queue.leave(player.waiting.remove(at: 1).ticket)
                    left.add(1, ordering: .relaxed)
                }
                if let answer = player.held.take() {
                    present.subtract(1, ordering: .relaxed)
                    passOn(answer)
                }
                if !hear(&player), player.held == nil { usleep(20) }
            }
            finished.add(1, ordering: .relaxed)
            // What comes for who has left goes on to others.
            while finished.load(ordering: .relaxed) < inboxes.count {
                if !hear(&player) { usleep(20) }
            }
        }

        /// When all are finished.
        func end() {
            for thread in inboxes.indices {
                var player = Player(thread: thread, rest: 0)
                _ = hear(&player)
            }
        }

        private func join(_ player: inout Player) {
            player.rest -= 1
            let priority = Int(player.random.next(below: 3))
            var others: [QueueAnswer] = []
            let waiter = Waiter(
                loop: player.thread, exchange: UInt64(player.rest), priority: priority,
                server: player.random.next(below: 4) == 0 ? 0 : nil)
            let joining = queue.join(waiter, answers: &others)
            for answer in others { deliver(answer) }
            switch joining {
            case .waits(let ticket):
                player.waiting.append(Place(ticket: ticket, priority: priority))
            case .answered(let answer): serve(answer, priority, &player)
            case .full, .laneIsFull: Issue.record("there is room for all of them")
            }
        }

        /// False: there was nothing.
        private func hear(_ player: inout Player) -> Bool {
            let answers = inboxes[player.thread].withLock { inbox in
                defer { inbox = [] }
                return inbox
            }
            for answer in answers {
                if let place = player.waiting.firstIndex(where: {
                    $0.ticket.sequence == answer.sequence
                }) {
                    serve(answer, player.waiting.remove(at: place).priority, &player)
                } else {
                    passOn(answer)
                }
            }
            return !answers.isEmpty
        }

        /// It has the permit until it hands it on.
        private func serve(
            _ answer: QueueAnswer, _ priority: Int, _ player: inout Player
        ) {
            most.max(present.add(1, ordering: .relaxed).newValue, ordering: .relaxed)
            services.withLock {
                $0.append(Service(priority: priority, sequence: answer.sequence))
            }
            if player.held != nil { Issue.record("two have the only permit") }
            player.held = answer
        }

        private func passOn(_ answer: QueueAnswer) {
            guard let permit = answer.permit, let server = answer.server else {
                Issue.record("an answer without a permit")
                return
            }
            if let next = queue.takeBack(permit, server: server) { deliver(next) }
        }

        private func deliver(_ answer: QueueAnswer) {
            inboxes[answer.loop].withLock { $0.append(answer) }
        }
    }

    @Test(arguments: [2, 4, 8]) func firstComeFirstServed(threads: Int) throws {
        let place = try SharedPlace()
        let slot = try place.addWorker(loopCount: threads)
        try place.provide(1, number: EngineHarness.server(0))
        var server = Server(name: "s", address: SocketAddress(host: .ipv4(0x7F00_0001), port: 9))
        server.maxConnections = 1
        var rules = ServerRules()
        rules.address = server.address.fixed.map { RawSocketAddress($0) }
        let backend = Backend(name: "b", mode: .http, servers: [server])
        let queue = BackendQueue(
            backend, place: 0, rules: [rules],
            traffic: TrafficRecords(
                TrafficNumbers(frontends: [], backends: [2], servers: [[EngineHarness.server(0)]]),
                in: place.region, slot: slot),
            worker: try #require(QueueWorker(place.region, slot: slot)))
        _ = queue.attend(now: 0, wall: 0)
        let crowd = Crowd(queue, threads: threads)
        let rounds = EngineLoad.scaled(300)
        for thread in 0..<threads {
            try Thread.start(name: "waiter") { crowd.play(thread, rounds: rounds) }
        }
        #expect(
            Wait.until(EngineLoad.deadlineSeconds) {
                crowd.finished.load(ordering: .relaxed) == threads
            })
        crowd.end()
        #expect(crowd.most.load(ordering: .relaxed) == 1)
        let orders = (0..<3).map { crowd.order($0) }
        let left = crowd.left.load(ordering: .relaxed)
        #expect(orders.reduce(left) { $0 + $1.count } == threads * rounds)
        for order in orders { #expect(zip(order, order.dropFirst()).allSatisfy { $0 < $1 }) }
        #expect(place.heldCount(EngineHarness.server(0)) == 0)
    }
}
