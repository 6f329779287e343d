// Every interleaving of an owner and its takers around one word of a claim line: each thread is a
// state machine that does one atomic thing at a time, and every order of them is played. The same
// model with one rule broken must find the fault.

import Testing

@testable import DataPlane

/// A rule of `ClaimBoard` that is not kept.
enum BrokenClaimRule: CaseIterable {
    /// The owner uses a shown connection without taking it back.
    case ownerDoesNotAsk
    /// A taker looks and then writes, in two steps.
    case takerWritesBlindly
    /// `left` is said before the registration is deleted.
    case leavesTooEarly
    /// The owner recycles its entry as soon as it finds the connection claimed.
    case recyclesTooEarly
}

/// One descriptor, two entries of the owner that may stand for it, two takers.
private struct ClaimWorld: Hashable {
    enum Entry: Hashable { case free, unshown, shown, inUse, husk, doomed }
    enum Taker: Hashable {
        case looks
        case saw(Int32)
        case claimed
        case deleted
        case uses
    }
    /// Where the owner is in its round.
    enum Turn: Hashable { case fetches, dispatches, acts, reaps, recycles }

    var word = ClaimWord.empty.rawValue
    var entries = [Entry.free, .free]
    /// How often each entry was recycled: what an event was meant for.
    var lives = [0, 0]
    /// The entry under whose token the descriptor is in the owner's poll set, and its life then.
    var registered: [Int] = []
    /// The descriptor is open; nobody gets its number before it is closed.
    var isOpen = false
    var turn = Turn.fetches
    var event: [Int] = []
    var takers = [Taker.looks, .looks]
    var roundsLeft = 6
    var claimsLeft = 3
    var fault: String?

    private static let fd: Int32 = 7

    /// Everything that may happen next.
    func successors(_ broken: BrokenClaimRule?) -> [ClaimWorld] {
        guard fault == nil else { return [] }
        var result = owner(broken)
        for place in takers.indices { result += taker(place, broken) }
        return result.map { $0.judged() }
    }

    private func judged() -> ClaimWorld {
        var world = self
        var users = entries.filter { $0 == .inUse }.count
        users += takers.filter { $0 == .uses || $0 == .claimed || $0 == .deleted }.count
        if users > 1 { world.fault = "two use one socket" }
        return world
    }

    private func changed(_ change: (inout ClaimWorld) -> Void) -> ClaimWorld {
        var world = self
        change(&world)
        return world
    }

    private func owner(_ broken: BrokenClaimRule?) -> [ClaimWorld] {
        switch turn {
        case .fetches:
            guard roundsLeft > 0 else { return [] }
            let quiet = changed {
                $0.roundsLeft -= 1
                $0.event = []
                $0.turn = .dispatches
            }
            return registered.isEmpty ? [quiet] : [quiet, quiet.changed { $0.event = registered }]
        case .dispatches: return dispatch(broken)
        case .acts: return act(broken).map { world in world.changed { $0.turn = .reaps } }
        case .reaps:
            return [
                changed {
                    $0.turn = .recycles
                    guard word == ClaimWord.left.rawValue else { return }
                    $0.word = ClaimWord.empty.rawValue
                    for place in entries.indices where [.husk, .shown].contains(entries[place]) {
                        $0.entries[place] = .doomed
                    }
                }
            ]
        case .recycles:
            return [
                changed {
                    $0.turn = .fetches
                    for place in entries.indices where entries[place] == .doomed {
                        $0.entries[place] = .free
                        $0.lives[place] += 1
                    }
                }
            ]
        }
    }

    private func dispatch(_ broken: BrokenClaimRule?) -> [ClaimWorld] {
        let next = changed { $0.turn = .acts }
        guard let place = event.first else { return [next] }
        // A recycled entry may be any connection by now.
        if lives[place] != event[1] {
            return [next.changed { $0.fault = "an event of another connection" }]
        }
        switch entries[place] {
        case .free, .husk, .doomed: return [next]
        case .inUse, .unshown, .shown:
            guard entries[place] == .shown else { return [next] }
            // Its end, or nothing.
            let taken = next.takingBack(place, broken)
            guard taken.entries[place] == .unshown else { return [taken] }
            return [taken, taken.closing(place)]
        }
    }

    private func act(_ broken: BrokenClaimRule?) -> [ClaimWorld] {
        var result = [self]
        for place in entries.indices {
            switch entries[place] {
            case .free:
                // A new connection gets the number as soon as it is free.
                guard !isOpen, !entries.contains(.inUse) else { continue }
                result.append(
                    changed {
                        $0.isOpen = true
                        $0.registered = [place, lives[place]]
                        $0.entries[place] = .inUse
                    })
            case .inUse: result.append(changed { $0.entries[place] = .unshown })
            case .unshown:
                result.append(changed { $0.entries[place] = .inUse })
                result.append(closing(place))
                guard word == ClaimWord.empty.rawValue else { continue }
                result.append(
                    changed {
                        $0.word = ClaimWord.shown(Self.fd).rawValue
                        $0.entries[place] = .shown
                    })
            case .shown:
                let taken = takingBack(place, broken)
                result.append(taken)
                if taken.entries[place] == .unshown {
                    result.append(taken.changed { $0.entries[place] = .inUse })
                }
            case .husk, .doomed: break
            }
        }
        return result
    }

    private func takingBack(_ place: Int, _ broken: BrokenClaimRule?) -> ClaimWorld {
        changed {
            if word == ClaimWord.shown(Self.fd).rawValue || broken == .ownerDoesNotAsk {
                $0.word = ClaimWord.empty.rawValue
                $0.entries[place] = .unshown
            } else {
                $0.entries[place] = broken == .recyclesTooEarly ? .doomed : .husk
            }
        }
    }

    private func closing(_ place: Int) -> ClaimWorld {
        changed {
            $0.isOpen = false
            $0.registered = []
            $0.entries[place] = .doomed
        }
    }

    private func taker(_ place: Int, _ broken: BrokenClaimRule?) -> [ClaimWorld] {
        switch takers[place] {
        case .looks:
            guard claimsLeft > 0, word > 0 else { return [] }
            return [
                changed {
                    $0.claimsLeft -= 1
                    $0.takers[place] = .saw(word)
                }
            ]
        case .saw(let seen):
            return [
                changed {
                    let succeeds = word == seen || broken == .takerWritesBlindly
                    $0.takers[place] = succeeds ? .claimed : .looks
                    if succeeds { $0.word = ClaimWord.claimed.rawValue }
                }
            ]
        case .claimed:
            return [
                changed {
                    $0.takers[place] = .deleted
                    if broken == .leavesTooEarly {
                        $0.word = ClaimWord.left.rawValue
                    } else {
                        $0.registered = []
                    }
                }
            ]
        case .deleted:
            return [
                changed {
                    $0.takers[place] = .uses
                    if broken == .leavesTooEarly {
                        $0.registered = []
                    } else {
                        $0.word = ClaimWord.left.rawValue
                    }
                }
            ]
        case .uses:
            return [
                changed {
                    $0.takers[place] = .looks
                    $0.isOpen = false
                }
            ]
        }
    }
}

@Suite struct ClaimModelTests {
    /// Plays everything; the first fault, if there is one, and how many states there are.
    private func explore(_ broken: BrokenClaimRule?) -> (fault: String?, states: Int) {
        var seen: Set<ClaimWorld> = [ClaimWorld()]
        var open = [ClaimWorld()]
        while let world = open.popLast() {
            for next in world.successors(broken) where seen.insert(next).inserted {
                if let fault = next.fault { return (fault, seen.count) }
                open.append(next)
            }
        }
        return (nil, seen.count)
    }

    @Test func everyInterleavingIsSafe() {
        let (fault, states) = explore(nil)
        #expect(fault == nil)
        #expect(states > 1_000)
    }

    @Test(arguments: BrokenClaimRule.allCases)
    func aBrokenRuleIsFound(_ rule: BrokenClaimRule) {
        #expect(explore(rule).fault != nil)
    }

    @Test func lineAndBoard() throws {
        let board = ClaimBoard(serverCount: 2, loopCount: 2)
        let line = board.line(server: 1, loop: 0)
        #expect(line.claim() == nil)
        line.show(9, at: 3)
        #expect(line[3].isShown)
        #expect(board.line(server: 1, loop: 1).claim() == nil)
        #expect(!line.takeBack(8, at: 3))
        #expect(line.takeBack(9, at: 3))
        line.show(9, at: 15)
        let claim = try #require(line.claim())
        #expect(claim.fd == 9)
        #expect(claim.place == 15)
        #expect(!line.takeBack(9, at: 15))
        #expect(!line.reap(15))
        line.leave(15)
        #expect(line.claim() == nil)
        #expect(line.reap(15))
        #expect(line[15] == .empty)
    }
}

@Suite struct RetryWindowTests {
    /// A share of the window's requests, and six in any case.
    @Test func share() {
        var window = RetryWindow()
        var given = 0
        func take(_ count: Int, _ now: Int64) {
            for _ in 0..<count where window.take(percent: 20, now: now) { given += 1 }
        }
        take(100, 10_000)
        #expect(given == 6)
        window.note(requests: 100, now: 10_050)
        take(100, 10_100)
        #expect(given == 26)
        // Everything of it is forgotten two seconds later, what was given, too.
        take(100, 11_900)
        #expect(given == 26)
        take(100, 12_200)
        #expect(given == 32)
        let isRefused = !window.take(percent: 0, now: 20_000)
        #expect(isRefused)
        // A clock that stands does not undo anything.
        take(1, 12_000)
        #expect(given == 33)
    }

    @Test func idleAllowance() {
        let allowance = IdleAllowance(limit: 2)
        #expect(allowance.take() && allowance.take())
        #expect(!allowance.take())
        allowance.give(1)
        #expect(allowance.take())
        #expect(!IdleAllowance(limit: 0).take())
    }
}
