// A server that does to a connection whatever a request asks for, and clients that look for bytes
// of each other in all that they get.

import Glibc
import Synchronization
import Syscalls

@testable import DataPlane

/// What is wrong with an answer.
enum Poison: String, CaseIterable {
    /// A second answer in the same write; after some milliseconds; after some hundred.
    case twice, twiceSoon, twiceLate
    /// Bytes that are no answer, after some milliseconds.
    case noise
    /// Before the body has come. Then the body is read, or taken for a request.
    case early, earlyTwice
    /// Some interim responses and the final one, or nothing but interim responses.
    case interim, flood
    /// A length that is smaller or larger than the body.
    case tooShort, tooLong

    var isEarly: Bool { self == .early || self == .earlyTwice }
}

/// How often a request came over a connection behind one of another client.
final class HandoverBoard: Sendable {
    private let shared = Atomic<Int>(0)
    let requests = Atomic<Int>(0)

    var count: Int { shared.load(ordering: .relaxed) }
    var isShared: Bool { count > 0 }
    func noteShared() { shared.add(1, ordering: .relaxed) }
}

enum PoisonousOrigin {
    static func make(_ board: HandoverBoard) throws -> EngineOrigin {
        try EngineOrigin { connection in
            var random = SmallRandom(seed: UInt64(connection.fd) &* 7_919)
            var last: String?
            while let request = connection.takeHead(within: 60) {
                let canary = request.field("x-canary") ?? ""
                if let last, last != canary { board.noteShared() }
                last = canary
                let answer = Self.answer(canary, random.next(below: 200))
                guard let poison = request.field("x-poison").flatMap(Poison.init) else {
                    takeBody(of: request, connection)
                    connection.send(answer)
                    continue
                }
                if !poison.isEarly { takeBody(of: request, connection) }
                act(poison, request, answer, canary, connection, &random)
                if poison == .tooLong { return connection.close() }
            }
        }
    }

    private static func act(
        _ poison: Poison, _ request: EngineMessage, _ answer: String, _ canary: String,
        _ connection: EngineSocket, _ random: inout SmallRandom
    ) {
        switch poison {
        case .twice: connection.send(answer + answer)
        case .twiceSoon, .twiceLate, .noise:
            connection.send(answer)
            let most = poison == .twiceLate ? 500_000 : 50_000
            usleep(UInt32(1_000 + random.next(below: Int64(most))))
            connection.send(poison == .noise ? canary : answer)
        case .early:
            connection.send(answer)
            takeBody(of: request, connection)
        case .earlyTwice: connection.send(answer)
        case .interim, .flood:
            let hint = "HTTP/1.1 103 Early Hints\r\nLink: \(canary)\r\n\r\n"
            let count = poison == .flood ? 200 : 3
            connection.send(String(repeating: hint, count: count) + answer)
        case .tooShort: connection.send(answer + canary + canary)
        case .tooLong:
            connection.send(
                "HTTP/1.1 200 OK\r\nX-Canary: \(canary)\r\nContent-Length: 500\r\n\r\n\(canary)")
        }
    }

    private static func takeBody(of request: EngineMessage, _ connection: EngineSocket) {
        let length = Int(request.field("content-length") ?? "") ?? 0
        if length > 0 { _ = connection.take(length) }
    }

    private static func answer(_ canary: String, _ repeats: Int64) -> String {
        let body = String(repeating: canary, count: Int(repeats))
        return "HTTP/1.1 200 OK\r\nX-Canary: \(canary)\r\nContent-Length: \(body.utf8.count)"
            + "\r\n\r\n\(body)"
    }
}

/// Comes, asks a few times, has its last answer poisoned now and then, and goes.
struct PoisonedClient {
    let number: Int
    let verdict: CanaryVerdict
    private(set) var asked = 0
    private var random: SmallRandom
    private let canary: String

    init(number: Int, verdict: CanaryVerdict) {
        self.number = number
        self.verdict = verdict
        canary = "<c\(number).>"
        random = SmallRandom(seed: UInt64(number) &+ 1)
    }

    mutating func visit(_ harness: EngineHarness) {
        guard let client = try? harness.connect() else { return }
        for _ in 0..<(1 + random.next(below: 5)) {
            asked += 1
            let isPost = random.next(below: 4) == 0
            client.send(
                isPost ? head("POST", nil, length: 4) + "body" : head("GET", nil, length: 0))
            let answer = client.takeMessage()
            verdict.noteGood(answer)
            guard let answer, isOwn(answer) else { return }
        }
        guard random.next(below: 2) == 0 else { return }
        asked += 1
        let poison = Poison.allCases[Int(random.next(below: Int64(Poison.allCases.count)))]
        if poison.isEarly {
            // What would be the next request, if the server is that wrong.
            let body = head("GET", nil, length: 0)
            client.send(head("POST", poison, length: body.utf8.count))
            let answer = client.takeMessage()
            if let answer { _ = isOwn(answer) }
            client.send(body)
        } else {
            client.send(head("GET", poison, length: 0))
            while let answer = client.takeMessage(within: 2) {
                guard isOwn(answer), answer.status < 200 else { break }
            }
        }
        // Whatever else comes while the client is still there.
        if random.next(below: 4) == 0 {
            check(String(decoding: client.takeAll(within: 0.1), as: UTF8.self))
        }
    }

    private func head(_ method: String, _ poison: Poison?, length: Int) -> String {
        "\(method) /\(asked) HTTP/1.1\r\nHost: a\r\nX-Canary: \(canary)\r\n"
            + (poison.map { "X-Poison: \($0.rawValue)\r\n" } ?? "")
            + (length > 0 ? "Content-Length: \(length)\r\n" : "") + "\r\n"
    }

    private func isOwn(_ answer: EngineMessage) -> Bool {
        check(answer.text + (answer.field("x-canary") ?? "") + (answer.field("link") ?? ""))
    }

    /// Every canary, also one that was cut, is this client's.
    @discardableResult
    private func check(_ text: String) -> Bool {
        let own = String(canary.dropFirst())
        let isOwn = text.split(separator: "<").dropFirst(text.hasPrefix("<") ? 0 : 1).allSatisfy {
            $0.hasPrefix(own) || own.hasPrefix($0)
        }
        if !isOwn { verdict.foreign.add(1, ordering: .relaxed) }
        return isOwn
    }
}

extension CanaryVerdict {
    /// An answer to a request that asked for nothing wrong.
    func noteGood(_ answer: EngineMessage?) {
        guard answer?.status == 200 else {
            failed.add(1, ordering: .relaxed)
            firstFailure.withLock {
                if $0.isEmpty { $0 = answer.map { "\($0)" } ?? "no answer" }
            }
            return
        }
        good.add(1, ordering: .relaxed)
    }
}
