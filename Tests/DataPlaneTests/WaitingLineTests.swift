// Who is next: a model as simple as possible beside the linked lists.

import Testing

@testable import DataPlane

extension WaitingLine {
    /// Nil: the line, or the lane, is full.
    fileprivate mutating func ticket(_ waiter: Waiter) -> QueueTicket? {
        if case .stands(let ticket) = add(waiter) { ticket } else { nil }
    }
}

@Suite struct WaitingLineTests {
    private func waiter(_ name: UInt64, priority: Int = 5, server: Int? = nil) -> Waiter {
        Waiter(loop: 0, exchange: name, priority: priority, server: server)
    }

    @Test func firstComeFirstServedWithinAPriority() {
        var line = WaitingLine(limit: 10, serverLimits: [10])
        for (name, priority) in [(1, 5), (2, 5), (3, 0), (4, 9), (5, 0)] as [(UInt64, Int)] {
            #expect(line.ticket(waiter(name, priority: priority)) != nil)
        }
        var order: [UInt64] = []
        while let next = line.takeNext(forServer: 0, takesNew: true, takesPersistent: true) {
            order.append(next.waiter.exchange)
        }
        #expect(order == [3, 5, 1, 2, 4])
        #expect(line.count == 0)
    }

    /// The better head of both lanes, and each lane only for whom it is.
    @Test func lanes() {
        var line = WaitingLine(limit: 10, serverLimits: [10, 10])
        _ = line.ticket(waiter(1, server: 0))
        _ = line.ticket(waiter(2))
        _ = line.ticket(waiter(3, server: 0))
        _ = line.ticket(waiter(4, priority: 1))
        #expect(!line.hasWaiter(forServer: 1, takesNew: false, takesPersistent: true))
        func next(_ place: Int, takesNew: Bool = true, takesPersistent: Bool = true) -> UInt64? {
            line.takeNext(
                forServer: place, takesNew: takesNew, takesPersistent: takesPersistent)?.waiter
                .exchange
        }
        #expect(next(1, takesNew: false) == nil)
        #expect(next(0) == 4)
        #expect(next(0) == 1)
        #expect(next(0, takesNew: false) == 3)
        #expect(next(1) == 2)
        #expect(next(1) == nil)
    }

    @Test func fullIsFull() throws {
        var line = WaitingLine(limit: 2, serverLimits: [2])
        let joined = line.ticket(waiter(1))
        let first = try #require(joined)
        #expect(line.ticket(waiter(2, server: 0)) != nil)
        #expect(line.ticket(waiter(3)) == nil)
        #expect(line.remove(first)?.exchange == 1)
        #expect(line.remove(first) == nil)
        #expect(line.ticket(waiter(4)) != nil)
        // The entry is another's now.
        #expect(line.remove(first) == nil && line.count == 2)
    }

    /// A server's own lane may be full while the line is not.
    @Test func fullLaneOfAServer() {
        var line = WaitingLine(limit: 3, serverLimits: [1, 0])
        #expect(line.ticket(waiter(1, server: 0)) != nil)
        guard case .laneIsFull = line.add(waiter(2, server: 0)),
            case .laneIsFull = line.add(waiter(3, server: 1))
        else {
            Issue.record("there is room in no such lane")
            return
        }
        #expect(line.count == 1 && line.ticket(waiter(2)) != nil)
        #expect(
            line.takeNext(forServer: 0, takesNew: false, takesPersistent: true)?.waiter.exchange
                == 1)
        #expect(line.ticket(waiter(4, server: 0)) != nil && line.ticket(waiter(5)) != nil)
        guard case .isFull = line.add(waiter(6, server: 0)) else {
            Issue.record("the line is full")
            return
        }
    }

    @Test func whoMovesStandsWhereItWould() {
        var line = WaitingLine(limit: 10, serverLimits: [10, 10])
        for (name, server) in [(1, 0), (2, nil), (3, 0), (4, 1), (5, nil), (6, 0)]
            as [(UInt64, Int?)]
        {
            _ = line.ticket(waiter(name, server: server))
        }
        line.moveToBackend(fromServer: 0)
        #expect(line.backendCount == 5 && line.count(ofServer: 0) == 0)
        var order: [UInt64] = []
        while let next = line.takeAny() { order.append(next.waiter.exchange) }
        #expect(order == [1, 2, 3, 5, 6])
        #expect(line.count == 1)
    }

    /// Random steps beside a plain array.
    @Test(arguments: 0..<50) func likeTheModel(seed: Int) {
        struct Model {
            var waiter: Waiter
            var ticket: QueueTicket
        }
        var random = SmallRandom(seed: UInt64(seed))
        var line = WaitingLine(limit: 20, serverLimits: [20, 20, 20])
        var model: [Model] = []
        func best(_ place: Int, _ takesNew: Bool, _ takesPersistent: Bool) -> Int? {
            model.indices.filter {
                let server = model[$0].waiter.server
                return server == nil ? takesNew : server == place && takesPersistent
            }.min {
                (model[$0].waiter.priority, model[$0].ticket.sequence)
                    < (model[$1].waiter.priority, model[$1].ticket.sequence)
            }
        }
        for name in 0..<400 {
            let place = Int(random.next(below: 3))
            switch random.next(below: 8) {
            case 0...3:
                let new = waiter(
                    UInt64(name), priority: Int(random.next(below: 10)),
                    server: random.next(below: 2) == 0 ? nil : place)
                if let ticket = line.ticket(new) {
                    model.append(Model(waiter: new, ticket: ticket))
                } else {
                    #expect(model.count == 20)
                }
            case 4 where !model.isEmpty:
                let gone = model.remove(at: Int(random.next(below: Int64(model.count))))
                #expect(line.remove(gone.ticket)?.exchange == gone.waiter.exchange)
                #expect(line.remove(gone.ticket) == nil)
            case 5 where random.next(below: 4) == 0:
                line.moveToBackend(fromServer: place)
                for index in model.indices where model[index].waiter.server == place {
                    model[index].waiter.server = nil
                }
            default:
                let (new, own) = (random.next(below: 4) > 0, random.next(below: 4) > 0)
                let expected = best(place, new, own).map { model.remove(at: $0) }
                let next = line.takeNext(forServer: place, takesNew: new, takesPersistent: own)
                #expect(next?.waiter.exchange == expected?.waiter.exchange)
                #expect(next?.sequence == expected?.ticket.sequence)
            }
            #expect(line.count == model.count)
            #expect(line.backendCount == model.count { $0.waiter.server == nil })
        }
    }
}
