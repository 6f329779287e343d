// The protocol of permits, bits and bells as small programs that take one atomic step at a time, so
// that every order of steps can be tried: loops of several workers that take, wait and give back,
// the thread that hears the bell, a worker that dies anywhere, the master that cleans up behind it.
// It mirrors PermitSource, QueueState, WorkerQueues and PermitBook, step by step.

/// Rules that are left out on purpose: the model must find what comes of it.
enum BrokenRule: CaseIterable {
    /// Who joins the line does not look at the permits once more.
    case joinsWithoutLooking
    /// Who frees a permit does not look at the bits once more.
    case freesWithoutLooking
    /// The permits are looked at before the bit is set, not after.
    case looksBeforeAnnouncing
    /// Who leaves a permit to another worker does not look whether that one lives.
    case trustsTheLiving
    /// The master rings nobody after it took permits back.
    case cleansSilently
}

struct PermitModel: Hashable {
    static let free: UInt8 = 0
    static let grantedBit: UInt8 = 64

    /// Where a thread is. A payload is a permit or a place to go on at.
    enum Step: Hashable {
        case begin, tryTake(Int), lockToJoin, join, announce, lookFirst(Int), serve(Int), retract
        case waiting, lockToLeave, leave
        case holding(Int), freeing(Int), lookAfterFreeing, lockToPassOn(Int), lockToPassFree
        case choose(Int, after: Int, seen: Int), leaveTo(Int, worker: Int)
        case checkLiving(Int, worker: Int)
        case takeBack(Int, worker: Int), ring(Int), setFree(Int), lookForWaiting, retake(Int)
        case ringOther(Int), unlock, done
        case asleep, lockToHear, hear(Int)
    }

    struct Thread: Hashable {
        var worker: Int
        var isListener = false
        var step: Step
        /// Requests that are to follow.
        var left: Int
        /// A permit that came while it waited.
        var answer: Int?
        /// The listener is to go on here after a permit has gone on.
        var hearing: Int?
    }

    struct Worker: Hashable {
        var lives = true
        /// What the slot says.
        var isRegistered = true
        var lock: Int?
        /// Threads in the order of their coming.
        var line: [Int] = []
        var isAnnounced = false
        var isRung = false
        var lastServed: Int
    }

    enum Master: Hashable {
        case idle, sweep(Int, of: Int), clearBit(Int), ringAll(Int)
    }

    var permits: [UInt8]
    var bits: Set<Int> = []
    var workers: [Worker]
    var threads: [Thread] = []
    var master = Master.idle
    var deathsLeft: Int
    var timeoutsLeft: Int
    let broken: BrokenRule?

    /// - Parameter loops: for each worker, the requests of each of its loops.
    init(
        permits: Int, loops: [[Int]], deaths: Int = 0, timeouts: Int = 0, broken: BrokenRule? = nil
    ) {
        self.permits = Array(repeating: Self.free, count: permits)
        workers = loops.indices.map { Worker(lastServed: $0) }
        deathsLeft = deaths
        timeoutsLeft = timeouts
        self.broken = broken
        for (worker, requests) in loops.enumerated() {
            for count in requests {
                threads.append(Thread(worker: worker, step: .begin, left: count))
            }
            threads.append(Thread(worker: worker, isListener: true, step: .asleep, left: 0))
        }
    }

    private func held(_ worker: Int) -> UInt8 { UInt8(worker + 1) }
    private func granted(_ worker: Int) -> UInt8 { UInt8(worker + 1) | Self.grantedBit }

    // MARK: Steps

    mutating func perform(_ event: Event) {
        switch event {
        case .step(let index): step(index)
        case .timeOut(let index):
            timeoutsLeft -= 1
            threads[index].step = .lockToLeave
        case .die(let worker):
            deathsLeft -= 1
            workers[worker].lives = false
            workers[worker].isRegistered = false
            master = .sweep(0, of: worker)
        case .masterStep: stepMaster()
        }
    }

    private mutating func stepMaster() {
        switch master {
        case .idle: return
        case .sweep(let place, let dead):
            let holder = Int(permits[place] & ~Self.grantedBit) - 1
            if holder >= 0, !workers[holder].isRegistered { permits[place] = Self.free }
            master = place + 1 < permits.count ? .sweep(place + 1, of: dead) : .clearBit(dead)
        case .clearBit(let dead):
            bits.remove(dead)
            master = broken == .cleansSilently ? .idle : .ringAll(0)
        case .ringAll(let worker):
            workers[worker].isRung = true
            master = worker + 1 < workers.count ? .ringAll(worker + 1) : .idle
        }
    }

    private mutating func step(_ index: Int) {
        let own = threads[index].worker
        switch threads[index].step {
        case .done: return
        case .begin: threads[index].step = bits.isEmpty ? .tryTake(0) : .lockToJoin
        case .tryTake(let place):
            if take(place, own) {
                threads[index].step = .holding(place)
            } else {
                threads[index].step = place + 1 < permits.count ? .tryTake(place + 1) : .lockToJoin
            }
        case .lockToJoin:
            workers[own].lock = index
            threads[index].step = .join
        case .join:
            workers[own].line.append(index)
            threads[index].answer = nil
            threads[index].step = workers[own].isAnnounced ? .unlock : .announce
            if broken == .looksBeforeAnnouncing, !workers[own].isAnnounced {
                threads[index].step = .lookFirst(0)
            }
        case .lookFirst(let place): lookFirst(index, own, place)
        case .announce:
            bits.insert(own)
            workers[own].isAnnounced = true
            let looks = broken != .joinsWithoutLooking && broken != .looksBeforeAnnouncing
            threads[index].step = looks ? .serve(0) : .unlock
        case .serve(let place): serve(index, own, place)
        case .retract:
            bits.remove(own)
            workers[own].isAnnounced = false
            threads[index].step = .unlock
        case .waiting:
            if let permit = threads[index].answer {
                threads[index].answer = nil
                threads[index].step = .holding(permit)
            }
        case .lockToLeave:
            workers[own].lock = index
            threads[index].step = .leave
        case .leave: leave(index, own)
        case .holding(let permit):
            threads[index].step = bits.isEmpty ? .freeing(permit) : .lockToPassOn(permit)
        case .freeing(let permit):
            permits[permit] = Self.free
            threads[index].step = .lookAfterFreeing
            if broken == .freesWithoutLooking { finishRequest(index) }
        case .lookAfterFreeing:
            if bits.isEmpty { finishRequest(index) } else { threads[index].step = .lockToPassFree }
        default: stepOfPassing(index, own)
        }
    }

    private mutating func stepOfPassing(_ index: Int, _ own: Int) {
        switch threads[index].step {
        case .lockToPassOn(let permit):
            workers[own].lock = index
            threads[index].step = .choose(permit, after: workers[own].lastServed, seen: 0)
        case .lockToPassFree:
            workers[own].lock = index
            threads[index].step = .lookForWaiting
        case .choose(let permit, let after, let seen): choose(index, own, permit, after, seen)
        case .leaveTo(let permit, let worker):
            permits[permit] = granted(worker)
            threads[index].step = .checkLiving(permit, worker: worker)
        case .checkLiving(let permit, let worker):
            let isFine = workers[worker].isRegistered || broken == .trustsTheLiving
            threads[index].step = isFine ? .ring(worker) : .takeBack(permit, worker: worker)
        case .takeBack(let permit, let worker):
            guard permits[permit] == granted(worker) else {
                endPassing(index)
                return
            }
            permits[permit] = held(own)
            threads[index].step = .choose(permit, after: worker, seen: workers.count)
        case .ring(let worker):
            workers[worker].isRung = true
            endPassing(index)
        case .setFree(let permit):
            permits[permit] = Self.free
            threads[index].step = .lookForWaiting
        case .lookForWaiting:
            let waits =
                !workers[own].line.isEmpty
                || bits.contains { $0 != own && workers[$0].isRegistered }
            if waits { threads[index].step = .retake(0) } else { endPassing(index) }
        case .retake(let place):
            if take(place, own) {
                threads[index].step = .choose(place, after: workers[own].lastServed, seen: 0)
            } else {
                threads[index].step = place + 1 < permits.count ? .retake(place + 1) : .ringOther(0)
            }
        case .ringOther(let worker):
            if worker != own, bits.contains(worker) { workers[worker].isRung = true }
            if worker + 1 < workers.count {
                threads[index].step = .ringOther(worker + 1)
            } else {
                endPassing(index)
            }
        case .unlock:
            workers[own].lock = nil
            afterUnlock(index)
        case .asleep:
            workers[own].isRung = false
            threads[index].step = .lockToHear
        case .lockToHear:
            workers[own].lock = index
            threads[index].step = .hear(0)
        case .hear(let place): hear(index, own, place)
        default: preconditionFailure("no such step")
        }
    }

    private mutating func take(_ place: Int, _ worker: Int) -> Bool {
        guard permits[place] == Self.free else { return false }
        permits[place] = held(worker)
        return true
    }

    /// The next in line has the permit.
    private mutating func answerNext(_ worker: Int, _ permit: Int) {
        threads[workers[worker].line.removeFirst()].answer = permit
    }

    private mutating func lookFirst(_ index: Int, _ own: Int, _ place: Int) {
        if take(place, own) {
            answerNext(own, place)
            threads[index].step = .unlock
        } else {
            threads[index].step = place + 1 < permits.count ? .lookFirst(place + 1) : .announce
        }
    }

    private mutating func serve(_ index: Int, _ own: Int, _ place: Int) {
        let isEmpty = workers[own].line.isEmpty
        if isEmpty || place == permits.count {
            threads[index].step = isEmpty && workers[own].isAnnounced ? .retract : .unlock
            return
        }
        if take(place, own) { answerNext(own, place) }
        threads[index].step = .serve(place + 1)
    }

    private mutating func leave(_ index: Int, _ own: Int) {
        if let place = workers[own].line.firstIndex(of: index) {
            workers[own].line.remove(at: place)
            let isLast = workers[own].line.isEmpty && workers[own].isAnnounced
            threads[index].step = isLast ? .retract : .unlock
        } else {
            // The answer is on its way; it finds nobody, and the permit goes on.
            threads[index].step = .unlock
        }
    }

    /// To the next worker that waits, in rotation; `seen` of them were looked at.
    private mutating func choose(
        _ index: Int, _ own: Int, _ permit: Int, _ after: Int, _ seen: Int
    ) {
        guard seen < workers.count else {
            threads[index].step = .setFree(permit)
            return
        }
        let candidate = (after + 1) % workers.count
        let goesOn = Step.choose(permit, after: candidate, seen: seen + 1)
        guard bits.contains(candidate) else {
            threads[index].step = goesOn
            return
        }
        if candidate == own {
            guard !workers[own].line.isEmpty else {
                threads[index].step = goesOn
                return
            }
            workers[own].lastServed = own
            answerNext(own, permit)
            endPassing(index)
            return
        }
        guard workers[candidate].isRegistered else {
            threads[index].step = goesOn
            return
        }
        workers[own].lastServed = candidate
        threads[index].step = .leaveTo(permit, worker: candidate)
    }

    private mutating func hear(_ index: Int, _ own: Int, _ place: Int) {
        guard place < permits.count else {
            threads[index].hearing = nil
            threads[index].step = .serve(0)
            return
        }
        guard permits[place] == granted(own) else {
            threads[index].step = .hear(place + 1)
            return
        }
        permits[place] = held(own)
        if workers[own].line.isEmpty {
            threads[index].hearing = place + 1
            threads[index].step = .choose(place, after: workers[own].lastServed, seen: 0)
        } else {
            answerNext(own, place)
            threads[index].step = .hear(place + 1)
        }
    }

    /// The permit has gone wherever it goes. If nobody waits here any more, that is said.
    private mutating func endPassing(_ index: Int) {
        let own = threads[index].worker
        if let place = threads[index].hearing {
            threads[index].hearing = nil
            threads[index].step = .hear(place)
        } else if workers[own].line.isEmpty, workers[own].isAnnounced {
            threads[index].step = .retract
        } else {
            threads[index].step = .unlock
        }
    }

    private mutating func afterUnlock(_ index: Int) {
        if threads[index].isListener {
            threads[index].step = .asleep
        } else if workers[threads[index].worker].line.contains(index)
            || threads[index].answer != nil
        {
            threads[index].step = .waiting
        } else {
            finishRequest(index)
        }
    }

    private mutating func finishRequest(_ index: Int) {
        threads[index].left -= 1
        threads[index].step = threads[index].left > 0 ? .begin : .done
    }
}
