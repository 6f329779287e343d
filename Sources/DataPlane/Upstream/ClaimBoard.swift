// How loops take parked connections from each other. A loop *shows* some of its parked connections
// of a server in a line of words, one line for each server and loop. Whoever wants one, its own
// loop included, changes its word with one compare-exchange, and only who succeeded may touch the
// socket:
//
//            show                 claim (another loop)       leave (the same)
//   empty ─────────▶ the descriptor ─────────▶ claimed ─────────▶ left
//     ▲                    │                                        │
//     └──── takeBack ──────┘◀───────────── reap (the owner) ────────┘
//
// Between `claim` and `leave` the claimer deletes the registration from the owner's poll set
// (epoll_ctl(2) may run beside epoll_wait(2)). The owner recycles its entry when it reads `left`:
// after that no event can name it but those of the present batch. So no handler ever runs beside a
// takeover, and nobody waits for anybody.
//
// A word needs no sequence: one that still holds a descriptor's number says that this descriptor
// is parked *now*, whatever happened in between. Decision 0010. Any thread.

internal import Glibc
internal import Synchronization

/// What a word of a line says. Pure, so that a model can play every interleaving of it.
struct ClaimWord: Equatable {
    var rawValue: Int32

    static var empty: ClaimWord { ClaimWord(rawValue: 0) }
    /// A loop is about to take it over.
    static var claimed: ClaimWord { ClaimWord(rawValue: -1) }
    /// It was taken over, and is not registered here any more.
    static var left: ClaimWord { ClaimWord(rawValue: -2) }

    /// A parked connection: standard input is none, so 0 is free for `empty`.
    static func shown(_ fd: Int32) -> ClaimWord { ClaimWord(rawValue: fd) }

    var isShown: Bool { rawValue > 0 }
}

/// The words of one server and one loop: one cache line.
@safe
struct ClaimLine: BitwiseCopyable {
    static var placeCount: Int { 16 }
    private let words: UnsafeMutablePointer<Atomic<Int32>>

    @unsafe
    fileprivate init(_ words: UnsafeMutablePointer<Atomic<Int32>>) {
        unsafe self.words = words
    }

    /// A parked connection that another loop claimed.
    struct Claim {
        var fd: Int32
        var place: Int
    }

    /// The owner shows a connection in a place that is empty.
    func show(_ fd: Int32, at place: Int) {
        precondition(place >= 0 && place < Self.placeCount && fd > 0, "no place, or no connection")
        // SAFETY: the place was checked; the board outlives the loops.
        unsafe words[place].store(ClaimWord.shown(fd).rawValue, ordering: .releasing)
    }

    /// The owner wants its connection back. False: somebody else has claimed it.
    func takeBack(_ fd: Int32, at place: Int) -> Bool {
        exchange(.shown(fd), .empty, at: place)
    }

    /// Any of the connections that are shown; its caller must `leave`.
    func claim() -> Claim? {
        for place in 0..<Self.placeCount {
            let word = self[place]
            if word.isShown, exchange(word, .claimed, at: place) {
                return Claim(fd: word.rawValue, place: place)
            }
        }
        return nil
    }

    /// What was claimed is not registered with its owner any more.
    func leave(_ place: Int) {
        let done = exchange(.claimed, .left, at: place)
        precondition(done, "only a claimed connection can be left")
    }

    /// The owner learns that its connection was left; the place is empty then.
    func reap(_ place: Int) -> Bool {
        exchange(.left, .empty, at: place)
    }

    subscript(place: Int) -> ClaimWord {
        precondition(place >= 0 && place < Self.placeCount, "no place")
        // SAFETY: as in `show`.
        return unsafe ClaimWord(rawValue: words[place].load(ordering: .acquiring))
    }

    private func exchange(_ old: ClaimWord, _ new: ClaimWord, at place: Int) -> Bool {
        precondition(place >= 0 && place < Self.placeCount, "no place")
        // SAFETY: as in `show`.
        return unsafe words[place].compareExchange(
            expected: old.rawValue, desired: new.rawValue, ordering: .acquiringAndReleasing
        ).exchanged
    }
}

/// The lines of all servers and loops of a worker.
@safe
final class ClaimBoard: @unchecked Sendable {
    // SAFETY: Sendable, because the words are atomic and their memory is as old as this value.
    private let memory: UnsafeMutableRawPointer
    private let words: UnsafeMutablePointer<Atomic<Int32>>
    private let serverCount: Int
    private let loopCount: Int

    init(serverCount: Int, loopCount: Int) {
        self.serverCount = serverCount
        self.loopCount = loopCount
        let count = serverCount * loopCount * ClaimLine.placeCount
        // SAFETY: calloc(3) gives zeros, which are words that are empty; pages of servers that
        // nobody uses are never touched. One line more than needed, so that lines can begin at
        // whole cache lines.
        guard let memory = unsafe calloc(count + ClaimLine.placeCount, 4) else {
            preconditionFailure("no memory for the claims of a configuration's servers")
        }
        unsafe self.memory = memory
        let start = unsafe memory.alignedUp(toMultipleOf: 64)
        unsafe words = start.bindMemory(to: Atomic<Int32>.self, capacity: count)
    }

    deinit {
        // SAFETY: allocated in `init`; the loops have ended.
        unsafe free(memory)
    }

    /// - Parameter server: its number among all servers of the configuration.
    func line(server: Int, loop: Int) -> ClaimLine {
        precondition(
            (0..<serverCount).contains(server) && (0..<loopCount).contains(loop), "no such line")
        // SAFETY: the place was checked just now.
        return unsafe ClaimLine(words + (server * loopCount + loop) * ClaimLine.placeCount)
    }
}
