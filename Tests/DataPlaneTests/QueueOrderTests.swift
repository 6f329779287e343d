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
            var random = SmallRandom(seed: UInt64(thread) &* 31 &+ 5)
            var waiting: [Place] = []
            var joined = 0
            while joined < rounds || !waiting.isEmpty {
                if joined < rounds, waiting.count < 6 {
                    joined += 1
                    join(thread, number: joined, &random, &waiting)
                }
                if waiting.count > 2, random.next(below: 8) == 0 {
                    // An answer may be on its way to it.
                    queue.leave(waiting.remove(at: 1).ticket)
                    left.add(1, ordering: .relaxed)
                }
                if !hear(thread, &waiting) { sched_yield() }
            }
            finished.add(1, ordering: .relaxed)
            // What comes for who has left goes on to others.
            while finished.load(ordering: .relaxed) < inboxes.count {
                if !hear(thread, &waiting) { sched_yield() }
            }
        }

        /// When all are finished.
        func end() {
            var waiting: [Place] = []
            for thread in inboxes.indices { _ = hear(thread, &waiting) }
        }

        private func join(
            _ thread: Int, number: Int, _ random: inout SmallRandom, _ waiting: inout [Place]
        ) {
            let priority = Int(random.next(below: 3))
            var others: [QueueAnswer] = []
            let waiter = Waiter(
                loop: thread, exchange: UInt64(number), priority: priority,
                server: random.next(below: 4) == 0 ? 0 : nil)
            let joining = queue.join(waiter, answers: &others)
            for answer in others { deliver(answer) }
            switch joining {
            case .waits(let ticket): waiting.append(Place(ticket: ticket, priority: priority))
            case .answered(let answer): serve(answer, priority)
            case .full: Issue.record("there is room for all of them")
            }
        }

        /// False: there was nothing.
        private func hear(_ thread: Int, _ waiting: inout [Place]) -> Bool {
            let answers = inboxes[thread].withLock { inbox in
                defer { inbox = [] }
                return inbox
            }
            for answer in answers {
                if let place = waiting.firstIndex(where: {
                    $0.ticket.sequence == answer.sequence
                }) {
                    serve(answer, waiting.remove(at: place).priority)
                } else {
                    passOn(answer)
                }
            }
            return !answers.isEmpty
        }

        private func serve(_ answer: QueueAnswer, _ priority: Int) {
            most.max(present.add(1, ordering: .relaxed).newValue, ordering: .relaxed)
            services.withLock {
                $0.append(Service(priority: priority, sequence: answer.sequence))
            }
            present.subtract(1, ordering: .relaxed)
            passOn(answer)
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
        let rounds = EngineLoad.scaled(3_000)
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
